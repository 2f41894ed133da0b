#include "harness/system/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/sanitizer.h"

namespace kvs {
namespace {

using ::testing::AnyOf;
using ::testing::StartsWith;

uint64_t SteadyNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

TEST(ClockTest, NeverGoesBack) {
  uint64_t last_ns = NowNs();
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t now_ns = NowNs();
    ASSERT_GE(now_ns, last_ns);
    last_ns = now_ns;
  }
}

// Each thread looks at the clock after it has seen what another read, so it may read no earlier.
TEST(ClockTest, NeverGoesBackFromThreadToThread) {
  constexpr int kReadings = kHasSanitizer ? 20'000 : 200'000;
  std::atomic<uint64_t> last_ns = 0;
  std::atomic<uint64_t> goes_back = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kReadings; ++i) {
        const uint64_t seen_ns = last_ns.load();
        const uint64_t now_ns = NowNs();
        if (now_ns < seen_ns) ++goes_back;
        last_ns.store(now_ns);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(goes_back, 0u);
}

// Between two readings of the steady clock, give or take what they have gone apart since the first
// reading of the process, and what that is slewed in the meantime.
TEST(ClockTest, IsTheSteadyClock) {
  NowNs();
  const auto apart_ns = static_cast<int64_t>(SteadyNs()) - static_cast<int64_t>(NowNs());
  EXPECT_LT(std::abs(apart_ns), 100'000'000);
  for (int i = 0; i < 5; ++i) {
    constexpr int64_t kSlackNs = 1'000'000;
    const auto before_ns = static_cast<int64_t>(SteadyNs());
    const int64_t now_ns = static_cast<int64_t>(NowNs()) + apart_ns;
    EXPECT_LE(before_ns, now_ns + kSlackNs);
    EXPECT_LE(now_ns, static_cast<int64_t>(SteadyNs()) + kSlackNs);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST(ClockTest, CountsNanoseconds) {
  // A sleep takes at least what it was asked for, however loaded the machine is; a thousandth is
  // what the clock may be off.
  const uint64_t before_ns = NowNs();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_GE(NowNs() - before_ns, 4'995'000u);
}

TEST(ClockTest, CostAndResolutionArePositive) {
  EXPECT_GT(ClockCostNs(), 0);
  EXPECT_GT(ClockResolutionNs(), 0u);
}

TEST(ClockTest, TheReportSaysWhatIsReadAndWhyNotTheTsc) {
  const ClockReport report = CheckClock();
  EXPECT_THAT(report.source, AnyOf("tsc", StartsWith("clock_gettime: ")));
  EXPECT_EQ(report.deviation_ppm.has_value(), report.source == "tsc");
  EXPECT_GT(report.cost_ns, 0);
  EXPECT_GT(report.resolution_ns, 0u);
}

}  // namespace
}  // namespace kvs
