#include "harness/system/own_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(OwnProcessTest, AKillForLackOfMemoryIsToldFromOthers) {
  constexpr uint64_t kPeakBytes = uint64_t{3} << 30;
  EXPECT_EQ(WhyKilled(1, kPeakBytes),
            "most likely by the kernel for lack of memory (its peak was 3.00 GiB): meanwhile it "
            "killed 1 process for that");
  EXPECT_THAT(WhyKilled(2, kPeakBytes), HasSubstr("2 processes"));
  EXPECT_THAT(WhyKilled(0, kPeakBytes), StartsWith("not by kvs-bench, nor by the kernel"));
  EXPECT_THAT(WhyKilled(std::nullopt, kPeakBytes), HasSubstr("perhaps by the kernel"));
}

}  // namespace
}  // namespace kvs
