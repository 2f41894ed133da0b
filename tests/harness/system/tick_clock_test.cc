#include "harness/system/tick_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace kvs::tick_clock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

__extension__ using Wide = unsigned __int128;

// Where `ticks` later than the first reading lies on the line, rounded down.
uint64_t OnLine(const TickReading& first, const TickReading& second, uint64_t ticks) {
  const Wide run = second.ticks - first.ticks;
  const Wide rise = second.system_ns - first.system_ns;
  return first.system_ns + static_cast<uint64_t>(Wide{ticks} * rise / run);
}

TEST(TickConversionTest, AtEqualRatesItIsTheTicksThemselves) {
  const TickConversion conversion({1'000, 5'000'000'000}, {1'001'000, 5'001'000'000});
  EXPECT_EQ(conversion.ToNs(1'000), 5'000'000'000u);
  EXPECT_EQ(conversion.ToNs(1'001), 5'000'000'001u);
  const uint64_t days_ns = uint64_t{1} << 50;
  EXPECT_EQ(conversion.ToNs(1'000 + days_ns), 5'000'000'000u + days_ns);
  EXPECT_DOUBLE_EQ(conversion.TicksPerS(), 1e9);
}

TEST(TickConversionTest, IsExactForYearsAtAnyRate) {
  std::mt19937_64 random(20260101);
  for (const uint64_t ticks_per_ms : {uint64_t{10'001}, uint64_t{24'000}, uint64_t{999'999},
                                      uint64_t{2'299'999}, uint64_t{5'700'001}}) {
    const TickReading first{.ticks = random(), .system_ns = random() >> 2};
    const TickReading second{.ticks = first.ticks + 5 * ticks_per_ms,
                             .system_ns = first.system_ns + 5'000'000};
    const TickConversion conversion(first, second);
    for (unsigned bits = 1; bits <= 57; ++bits) {
      const uint64_t ticks = random() >> (64 - bits);
      const uint64_t exact_ns = OnLine(first, second, ticks);
      const uint64_t ns = conversion.ToNs(first.ticks + ticks);
      EXPECT_LE(ns - exact_ns + 2, 4u) << ticks << " ticks at " << ticks_per_ms << "/ms";
    }
  }
}

TEST(TickConversionTest, NeverGoesBack) {
  const TickConversion conversion({0, 0}, {11'499'999, 5'000'000});
  for (const uint64_t from : {uint64_t{0}, (uint64_t{1} << 32) - 5'000, uint64_t{1} << 60}) {
    for (uint64_t ticks = from; ticks < from + 10'000; ++ticks) {
      ASSERT_LE(conversion.ToNs(ticks), conversion.ToNs(ticks + 1)) << ticks;
    }
  }
}

TEST(TickConversionTest, TheCounterMayOverflow) {
  const uint64_t last = UINT64_MAX - 1'000;
  const TickConversion conversion({last - 1'000, 7'000}, {last, 8'000});
  EXPECT_EQ(conversion.ToNs(last + 2'001), 10'001u);
}

// A machine in which time passes only by what is done with it.
class ModelMachine final : public TickSource {
 public:
  std::string why_not;
  uint64_t tick_cost_ns = 20;
  uint64_t system_cost_ns = 25;
  uint64_t move_cost_ns = 15'000;
  std::vector<int> cpus = {0, 1, 2, 3};
  std::map<int, int64_t> ahead_ticks;  // of CPUs that disagree
  std::vector<int> forbidden;          // CPUs that it may not move to
  std::function<uint64_t(uint64_t at_ns)> ticks_at = [](uint64_t at_ns) {
    return 77'000'000 + at_ns * 23 / 10;
  };
  // By how much later than asked for the system's clock is read, in ns.
  std::function<uint64_t()> reads_late = [] { return 0; };
  uint64_t now_ns = 3'000'000'000'000;
  std::vector<int> moves;
  bool is_anywhere = true;

  std::string WhyNot() override { return why_not; }
  uint64_t ReadTicks() override {
    now_ns += tick_cost_ns;
    return ticks_at(now_ns) + static_cast<uint64_t>(ahead_ticks[cpu_]);
  }
  uint64_t ReadSystemNs() override { return now_ns += system_cost_ns + reads_late(); }
  std::vector<int> Cpus() override { return cpus; }
  bool MoveTo(int cpu) override {
    is_anywhere = false;
    now_ns += move_cost_ns;
    if (std::find(forbidden.begin(), forbidden.end(), cpu) != forbidden.end()) return false;
    moves.push_back(cpu);
    cpu_ = cpu;
    return true;
  }
  void MoveAnywhere() override { is_anywhere = true; }
  void Sleep(uint64_t ns) override { now_ns += ns + 60'000; }

 private:
  int cpu_ = 0;
};

TEST(ChooseTicksTest, CalibratesASoundCounter) {
  ModelMachine machine;
  const uint64_t start_ns = machine.now_ns;
  const TickChoice choice = ChooseTicks(machine);
  ASSERT_TRUE(choice.conversion) << choice.why_not;
  EXPECT_EQ(choice.why_not, "");
  EXPECT_NEAR(choice.conversion->TicksPerS(), 2.3e9, 2.3e9 * 1e-6);
  EXPECT_LT(machine.now_ns - start_ns, 8'000'000u);
  // An hour later it is still right, by the millionth that its rate is known to.
  machine.now_ns += 3'600'000'000'000;
  const uint64_t ticks = machine.ReadTicks();
  const uint64_t ns = choice.conversion->ToNs(ticks);
  EXPECT_NEAR(static_cast<double>(ns), static_cast<double>(machine.now_ns), 3.6e12 * 1e-6);
  EXPECT_LT(DeviationPpm(*choice.conversion, machine), 1);
}

TEST(ChooseTicksTest, VisitsAllCpusUpAndDownAndThenMayRunAnywhere) {
  ModelMachine machine;
  ASSERT_TRUE(ChooseTicks(machine).conversion);
  EXPECT_THAT(machine.moves, ElementsAre(0, 1, 2, 3, 3, 2, 1, 0));
  EXPECT_TRUE(machine.is_anywhere);
}

TEST(ChooseTicksTest, ManyCpusAreNotVisitedForever) {
  ModelMachine machine;
  machine.move_cost_ns = 1'000'000;
  for (int cpu = 4; cpu < 1000; ++cpu) machine.cpus.push_back(cpu);
  const uint64_t start_ns = machine.now_ns;
  EXPECT_TRUE(ChooseTicks(machine).conversion);
  EXPECT_LT(machine.now_ns - start_ns, 30'000'000u);
  EXPECT_TRUE(machine.is_anywhere);
}

TEST(ChooseTicksTest, CpusThatItMayNotVisitAreBelieved) {
  ModelMachine machine;
  machine.forbidden = {1, 2};
  EXPECT_TRUE(ChooseTicks(machine).conversion);
  EXPECT_THAT(machine.moves, ElementsAre(0, 3, 3, 0));
}

TEST(ChooseTicksTest, ToldThatItMayNotItDoesNotTry) {
  ModelMachine machine;
  machine.why_not = "the kernel's own clock is hpet";
  const uint64_t start_ns = machine.now_ns;
  const TickChoice choice = ChooseTicks(machine);
  EXPECT_FALSE(choice.conversion);
  EXPECT_EQ(choice.why_not, "the kernel's own clock is hpet");
  EXPECT_EQ(machine.now_ns, start_ns);
}

TEST(ChooseTicksTest, RefusesAnEmulatedCounter) {
  ModelMachine machine;
  machine.tick_cost_ns = 1'200;
  const TickChoice choice = ChooseTicks(machine);
  EXPECT_FALSE(choice.conversion);
  EXPECT_THAT(choice.why_not, HasSubstr("emulated"));
  EXPECT_THAT(choice.why_not, HasSubstr("1.20us"));
}

// A move takes 15 us, or 34,500 ticks: what is beyond that shows, whichever CPU is ahead.
TEST(ChooseTicksTest, RefusesCpusThatDisagree) {
  for (const int64_t ahead : {-50'000, 50'000}) {
    ModelMachine machine;
    machine.ahead_ticks[2] = ahead;
    const TickChoice choice = ChooseTicks(machine);
    EXPECT_FALSE(choice.conversion) << ahead;
    EXPECT_THAT(choice.why_not, HasSubstr("behind another CPU's")) << ahead;
    EXPECT_THAT(choice.why_not, HasSubstr(ahead < 0 ? "on CPU 2 " : "on CPU 3 ")) << ahead;
    EXPECT_TRUE(machine.is_anywhere);
  }
}

TEST(ChooseTicksTest, RefusesARateThatChanges) {
  ModelMachine machine;
  const uint64_t start_ns = machine.now_ns;
  machine.ticks_at = [start_ns](uint64_t now_ns) {  // half as fast after 3 ms
    const uint64_t since_ns = now_ns - start_ns;
    return since_ns < 3'000'000 ? 2 * since_ns : 3'000'000 + since_ns;
  };
  const TickChoice choice = ChooseTicks(machine);
  EXPECT_FALSE(choice.conversion);
  EXPECT_THAT(choice.why_not, HasSubstr("rate is not constant"));
}

TEST(ChooseTicksTest, RefusesACounterThatStandsStillOrCrawls) {
  for (const uint64_t ns_per_tick : {uint64_t{200}, uint64_t{1} << 60}) {
    ModelMachine machine;
    machine.ticks_at = [ns_per_tick](uint64_t now_ns) { return now_ns / ns_per_tick; };
    const TickChoice choice = ChooseTicks(machine);
    EXPECT_FALSE(choice.conversion) << ns_per_tick;
    EXPECT_THAT(choice.why_not, HasSubstr("it made ")) << ns_per_tick;
  }
}

TEST(ChooseTicksTest, RefusesWhatItCannotReadCloselyEnough) {
  ModelMachine machine;
  machine.system_cost_ns = 40'000;
  const TickChoice choice = ChooseTicks(machine);
  EXPECT_FALSE(choice.conversion);
  EXPECT_THAT(choice.why_not, HasSubstr("no closer than"));
}

TEST(ChooseTicksTest, ReadsAgainUntilNobodyIsInTheWay) {
  ModelMachine machine;
  // After the readings' cost was taken, and for more than the usual attempts.
  const uint64_t from_ns = machine.now_ns + 50'000;
  machine.reads_late = [&machine, from_ns] {
    return machine.now_ns > from_ns && machine.now_ns < from_ns + 1'000'000 ? 5'000 : 0;
  };
  const TickChoice choice = ChooseTicks(machine);
  ASSERT_TRUE(choice.conversion) << choice.why_not;
  EXPECT_NEAR(choice.conversion->TicksPerS(), 2.3e9, 2.3e9 * 1e-6);
}

TEST(DeviationPpmTest, SaysHowFarTheClocksAreApart) {
  ModelMachine machine;
  const TickChoice choice = ChooseTicks(machine);
  ASSERT_TRUE(choice.conversion) << choice.why_not;
  const auto sound = machine.ticks_at;
  const uint64_t from_ns = machine.now_ns;
  machine.ticks_at = [&](uint64_t now_ns) {  // the system's clock is slewed by 400 ppm
    return sound(now_ns) + (now_ns - from_ns) * 23 / 10 * 4 / 10'000;
  };
  machine.now_ns += 1'000'000'000'000;
  EXPECT_NEAR(DeviationPpm(*choice.conversion, machine), 400, 1);
  machine.ticks_at = [](uint64_t now_ns) { return now_ns; };  // after a suspension, from 0 on
  EXPECT_GT(DeviationPpm(*choice.conversion, machine), 1e5);
}

}  // namespace
}  // namespace kvs::tick_clock
