#include "harness/driver/arrival_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <thread>

#include "harness/system/clock.h"

namespace kvs {
namespace {

// One arrival each 2 ms, from the start on.
ArrivalSchedule EveryTwoMs() {
  return ArrivalSchedule({.rate_per_s = 500, .arrivals = Arrivals::kConstant}, 1, 0, 1);
}

TEST(ArrivalClockTest, GivesEachArrivalAtItsTimeAndNotBefore) {
  RunControl control({}, {}, nullptr);
  control.BeginWarmup();
  ArrivalClock clock(EveryTwoMs(), control);
  for (uint64_t i = 0; i < 10; ++i) {
    const std::optional<uint64_t> intended_ns = clock.Next();
    ASSERT_EQ(intended_ns, control.StartedAtNs() + i * 2'000'000);
    EXPECT_GE(NowNs(), *intended_ns);
  }
}

TEST(ArrivalClockTest, WhoIsLateGetsWhatIsDueWithItsOwnTimes) {
  RunControl control({}, {}, nullptr);
  control.OpenWindow();
  ArrivalClock clock(EveryTwoMs(), control);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  for (uint64_t i = 0; i < 10; ++i) {
    EXPECT_EQ(clock.Next(), control.StartedAtNs() + i * 2'000'000);
  }
}

TEST(ArrivalClockTest, ThereAreNoMoreWhenTheRunHasStopped) {
  RunControl control({}, {}, nullptr);
  control.OpenWindow();
  ArrivalClock clock(EveryTwoMs(), control);
  control.Stop();
  EXPECT_EQ(clock.Next(), std::nullopt);
}

}  // namespace
}  // namespace kvs
