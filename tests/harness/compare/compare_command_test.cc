#include "harness/compare/compare_command.h"

#include <gtest/gtest.h>

namespace kvs::compare {
namespace {

TEST(CompareCommandTest, EveryOutcomeHasTheExitCodeOfTheManual) {
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Outcome::kOk)), 0);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Outcome::kRegressed)), 1);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Outcome::kInconclusive)), 3);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Outcome::kUntrusted)), 3);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(Outcome::kFailed)), 5);
}

}  // namespace
}  // namespace kvs::compare
