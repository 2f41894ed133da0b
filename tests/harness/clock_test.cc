#include "harness/clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace kvs {
namespace {

TEST(ClockTest, NeverGoesBack) {
  uint64_t last_ns = NowNs();
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t now_ns = NowNs();
    ASSERT_GE(now_ns, last_ns);
    last_ns = now_ns;
  }
}

TEST(ClockTest, CountsNanoseconds) {
  // A sleep takes at least what it was asked for, however loaded the machine is.
  const uint64_t before_ns = NowNs();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(NowNs() - before_ns, 5'000'000u);
}

TEST(ClockTest, CostAndResolutionArePositive) {
  EXPECT_GT(ClockCostNs(), 0);
  EXPECT_GT(ClockResolutionNs(), 0u);
}

}  // namespace
}  // namespace kvs
