#include "harness/doctor/build_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/doctor/finding_matcher.h"

namespace kvs::doctor {
namespace {

using test::Found;

TEST(BuildChecksTest, BuildType) {
  MachineFacts facts;
  EXPECT_THAT(CheckBuildType(facts), Found(FindingStatus::kUnknown, "does not name"));
  facts.build_type = "Release";
  EXPECT_THAT(CheckBuildType(facts), Found(FindingStatus::kOk, "Release"));
  facts.build_type = "MinSizeRel";
  EXPECT_THAT(CheckBuildType(facts), Found(FindingStatus::kWarn, "MinSizeRel"));
  facts.has_assertions = true;
  EXPECT_THAT(CheckBuildType(facts), Found(FindingStatus::kFail, "nothing about speed"));
}

TEST(BuildChecksTest, Sanitizers) {
  MachineFacts facts;
  EXPECT_THAT(CheckSanitizers(facts), Found(FindingStatus::kOk, "none"));
  facts.sanitizer = "thread";
  EXPECT_THAT(CheckSanitizers(facts), Found(FindingStatus::kFail, "(thread)"));
}

}  // namespace
}  // namespace kvs::doctor
