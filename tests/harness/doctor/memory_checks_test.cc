#include "harness/doctor/memory_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/doctor/finding_matcher.h"

namespace kvs::doctor {
namespace {

using test::Found;

constexpr uint64_t kGiB = uint64_t{1} << 30;

TEST(MemoryChecksTest, MemoryLimit) {
  MachineFacts facts;
  facts.memory_bytes = 4 * kGiB;
  EXPECT_THAT(CheckMemoryLimit(facts), Found(FindingStatus::kUnknown, "cannot be seen"));
  facts.cgroup.memory_is_known = true;
  EXPECT_THAT(CheckMemoryLimit(facts), Found(FindingStatus::kOk, "no limit"));
  facts.cgroup.memory_bytes = 4 * kGiB;
  EXPECT_THAT(CheckMemoryLimit(facts), Found(FindingStatus::kOk, "4.00 GiB"));
  facts.cgroup.memory_bytes = kGiB;
  EXPECT_THAT(CheckMemoryLimit(facts), Found(FindingStatus::kWarn, "1.00 GiB of 4.00 GiB"));
  facts.memory_bytes.reset();
  EXPECT_THAT(CheckMemoryLimit(facts), Found(FindingStatus::kWarn, "1.00 GiB of unknown"));
}

TEST(MemoryChecksTest, HugePages) {
  MachineFacts facts;
  EXPECT_THAT(CheckHugePages(facts), Found(FindingStatus::kUnknown, "does not tell"));
  facts.huge_pages = "always madvise never";
  EXPECT_THAT(CheckHugePages(facts), Found(FindingStatus::kUnknown, "does not tell"));
  facts.huge_pages = "always [madvise] never";
  EXPECT_THAT(CheckHugePages(facts), Found(FindingStatus::kOk, "madvise"));
  facts.huge_pages = "always madvise [never]";
  EXPECT_THAT(CheckHugePages(facts), Found(FindingStatus::kOk, "never"));
  facts.huge_pages = "[always] madvise never";
  EXPECT_THAT(CheckHugePages(facts), Found(FindingStatus::kWarn, "always"));
}

TEST(MemoryChecksTest, SwapIsBadWhereItIsInUse) {
  MachineFacts facts;
  facts.swap_bytes = kGiB;
  EXPECT_THAT(CheckSwap(facts), Found(FindingStatus::kUnknown, "does not tell"));
  facts.memory_bytes = 100 * kGiB;
  facts.swap_used_bytes = kGiB;
  EXPECT_THAT(CheckSwap(facts), Found(FindingStatus::kOk, "1.00 GiB of 1.00 GiB"));
  facts.memory_bytes = 99 * kGiB;
  EXPECT_THAT(CheckSwap(facts), Found(FindingStatus::kWarn, "in use"));
  facts.swap_bytes = 0;
  facts.swap_used_bytes = 0;
  EXPECT_THAT(CheckSwap(facts), Found(FindingStatus::kOk, "none"));
}

}  // namespace
}  // namespace kvs::doctor
