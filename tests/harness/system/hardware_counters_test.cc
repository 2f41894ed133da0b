#include "harness/system/hardware_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "tests/harness/system/scripted_counters.h"

namespace kvs::hardware_counters {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

constexpr HardwareEvent kAllEvents[] = {
    HardwareEvent::kInstructions, HardwareEvent::kCycles, HardwareEvent::kCacheReferences,
    HardwareEvent::kCacheMisses, HardwareEvent::kDtlbLoadMisses};

size_t IndexOf(HardwareEvent event) { return static_cast<size_t>(event); }

// The costs when cycles alone are counted, from one reading to the other.
HardwareCosts CyclesBetween(std::optional<CounterReading> begin,
                            std::optional<CounterReading> end) {
  HardwareReadings first;
  HardwareReadings last;
  first[IndexOf(HardwareEvent::kCycles)] = begin;
  last[IndexOf(HardwareEvent::kCycles)] = end;
  return CountedBetween(first, last);
}

std::optional<uint64_t> CyclesOf(const HardwareCosts& costs) {
  return costs.counts[IndexOf(HardwareEvent::kCycles)];
}

TEST(HardwareCountersTest, CountsWhatHappenedBetweenTwoReadings) {
  auto source = std::make_unique<ScriptedCounters>();
  for (const HardwareEvent event : kAllEvents) {
    const uint64_t tenfold = 10 * (IndexOf(event) + 1);
    source->readings[event] = {{tenfold, 100, 100}, {3 * tenfold, 300, 300}};
  }
  const HardwareCounters counters(std::move(source));
  EXPECT_THAT(counters.refusals(), IsEmpty());
  const HardwareReadings begin = counters.Read();
  const HardwareCosts costs = CountedBetween(begin, counters.Read());
  EXPECT_THAT(costs.counts, ElementsAre(20u, 40u, 60u, 80u, 100u));
  EXPECT_THAT(costs.running_share, Optional(1.0));
}

TEST(HardwareCountersTest, EventsThatTookTurnsAreScaledByTheTimeOfTheInterval) {
  // Before the interval it ran all the time; in it, a quarter of it.
  const HardwareCosts costs =
      CyclesBetween(CounterReading{1000, 500, 500}, CounterReading{1300, 900, 600});
  EXPECT_EQ(CyclesOf(costs), 1200u);
  EXPECT_THAT(costs.running_share, Optional(0.25));
}

TEST(HardwareCountersTest, TheRunningShareIsThatOfTheEventThatRanLeast) {
  HardwareReadings begin;
  HardwareReadings end;
  begin.fill(CounterReading{});
  end.fill(CounterReading{100, 80, 80});
  end[IndexOf(HardwareEvent::kCacheMisses)] = CounterReading{100, 80, 20};
  end[IndexOf(HardwareEvent::kCycles)] = CounterReading{100, 80, 40};
  const HardwareCosts costs = CountedBetween(begin, end);
  EXPECT_THAT(costs.counts, ElementsAre(100u, 200u, 100u, 400u, 100u));
  EXPECT_THAT(costs.running_share, Optional(0.25));
}

TEST(HardwareCountersTest, ALargeCountIsExactWhenNothingIsScaled) {
  const uint64_t large = (uint64_t{1} << 60) + 1;
  EXPECT_EQ(CyclesOf(CyclesBetween(CounterReading{0, 0, 0}, CounterReading{large, 9, 9})), large);
}

TEST(HardwareCountersTest, AnEventThatNeverHadItsTurnIsNotAvailable) {
  const HardwareCosts costs = CyclesBetween(CounterReading{5, 10, 10}, CounterReading{5, 90, 10});
  EXPECT_EQ(CyclesOf(costs), std::nullopt);
  EXPECT_EQ(costs.running_share, std::nullopt);
}

TEST(HardwareCountersTest, AnEventThatRanAndCountedNothingIsZero) {
  EXPECT_EQ(CyclesOf(CyclesBetween(CounterReading{5, 10, 10}, CounterReading{5, 90, 90})), 0u);
}

TEST(HardwareCountersTest, AnEventThatCannotBeReadAtOneEndIsNotAvailable) {
  EXPECT_EQ(CyclesOf(CyclesBetween(std::nullopt, CounterReading{5, 90, 90})), std::nullopt);
  EXPECT_EQ(CyclesOf(CyclesBetween(CounterReading{5, 90, 90}, std::nullopt)), std::nullopt);
}

TEST(HardwareCountersTest, ARefusalOfAllIsOneSentence) {
  for (const auto& [error, why] :
       {std::pair(EACCES, "not permitted"), std::pair(EPERM, "not permitted"),
        std::pair(ENOENT, "no such counter"), std::pair(EOPNOTSUPP, "no such counter"),
        std::pair(ENODEV, "no such counter"), std::pair(ENOSYS, "no perf_event_open"),
        std::pair(EMFILE, "Too many open files")}) {
    auto source = std::make_unique<ScriptedCounters>();
    for (const HardwareEvent event : kAllEvents) source->errors[event] = error;
    const HardwareCounters counters(std::move(source));
    EXPECT_THAT(counters.refusals(), ElementsAre(::testing::StartsWith("hardware counters: ")));
    EXPECT_THAT(counters.refusals(), ElementsAre(HasSubstr(why))) << error;
    EXPECT_THAT(counters.Read(), ::testing::Each(std::nullopt));
  }
}

TEST(HardwareCountersTest, ARefusalOfSomeNamesThemByReasonAndTheOthersCount) {
  auto source = std::make_unique<ScriptedCounters>();
  source->errors[HardwareEvent::kCacheReferences] = ENOENT;
  source->errors[HardwareEvent::kCacheMisses] = EACCES;
  source->errors[HardwareEvent::kDtlbLoadMisses] = ENOENT;
  source->readings[HardwareEvent::kInstructions] = {{1, 1, 1}, {8, 2, 2}};
  source->readings[HardwareEvent::kCycles] = {{1, 1, 1}, {9, 2, 2}};
  const HardwareCounters counters(std::move(source));
  EXPECT_THAT(counters.refusals(),
              ElementsAre(HasSubstr("cache references, dTLB load misses: this machine has no"),
                          HasSubstr("cache misses: not permitted")));
  const HardwareReadings begin = counters.Read();
  EXPECT_THAT(CountedBetween(begin, counters.Read()).counts,
              ElementsAre(7u, 8u, std::nullopt, std::nullopt, std::nullopt));
}

// Whatever this machine grants: every event is counted, or refused with a reason.
TEST(HardwareCountersTest, TheKernelCountsOrSaysWhyNot) {
  const HardwareCounters counters(KernelCounters());
  const HardwareReadings readings = counters.Read();
  for (const HardwareEvent event : kAllEvents) {
    if (readings[IndexOf(event)]) continue;
    EXPECT_FALSE(counters.refusals().empty()) << ToString(event);
  }
}

}  // namespace
}  // namespace kvs::hardware_counters
