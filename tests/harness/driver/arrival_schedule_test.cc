#include "harness/driver/arrival_schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

namespace kvs {
namespace {

std::vector<uint64_t> Starts(ArrivalSchedule schedule, size_t count) {
  std::vector<uint64_t> starts;
  for (size_t i = 0; i < count; ++i) starts.push_back(schedule.Next());
  return starts;
}

std::vector<double> Gaps(const std::vector<uint64_t>& starts) {
  std::vector<double> gaps;
  uint64_t before = 0;
  for (const uint64_t start : starts) {
    gaps.push_back(static_cast<double>(start - before));
    before = start;
  }
  return gaps;
}

double Mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The statistic of Kolmogorov and Smirnov against the exponential distribution of this mean, times
// the square root of the sample size: above 1.95 once in a thousand samples of that distribution.
double DistanceFromExponential(std::vector<double> values, double mean) {
  std::sort(values.begin(), values.end());
  const auto count = static_cast<double>(values.size());
  double distance = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const double expected = 1 - std::exp(-values[i] / mean);
    distance = std::max({distance, expected - static_cast<double>(i) / count,
                         static_cast<double>(i + 1) / count - expected});
  }
  return distance * std::sqrt(count);
}

constexpr uint64_t kSeed = 20061127;
constexpr size_t kDraws = 100'000;

TEST(ArrivalScheduleTest, PoissonGapsAreExponentialWithTheMeanOfTheThreadsShare) {
  // 4 threads of 1000/s together: 250/s, so 4 ms.
  const OpenLoop load{.rate_per_s = 1000, .arrivals = Arrivals::kPoisson};
  for (unsigned thread = 0; thread < 4; ++thread) {
    const std::vector<double> gaps_ns =
        Gaps(Starts(ArrivalSchedule(load, kSeed, thread, 4), kDraws));
    // The standard deviation of one gap is its mean.
    EXPECT_NEAR(Mean(gaps_ns), 4e6, 5 * 4e6 / std::sqrt(kDraws)) << "thread " << thread;
    EXPECT_LT(DistanceFromExponential(gaps_ns, 4e6), 1.95) << "thread " << thread;
  }
}

TEST(ArrivalScheduleTest, TheTestOfTheDistributionSeesAnother) {
  std::vector<double> uniform;
  for (int i = 1; i <= 1000; ++i) uniform.push_back(i * 2 / 1000.0);
  EXPECT_GT(DistanceFromExponential(uniform, 1), 1.95);
}

TEST(ArrivalScheduleTest, AllThreadsTogetherAreAPoissonProcessOfTheRate) {
  const OpenLoop load{.rate_per_s = 1000, .arrivals = Arrivals::kPoisson};
  std::vector<uint64_t> all;
  for (unsigned thread = 0; thread < 8; ++thread) {
    const std::vector<uint64_t> starts = Starts(ArrivalSchedule(load, kSeed, thread, 8), kDraws);
    all.insert(all.end(), starts.begin(), starts.end());
  }
  std::sort(all.begin(), all.end());
  all.resize(4 * kDraws);  // before the first thread has no more
  const std::vector<double> gaps_ns = Gaps(all);
  EXPECT_NEAR(Mean(gaps_ns), 1e6, 5 * 1e6 / std::sqrt(4 * kDraws));
  EXPECT_LT(DistanceFromExponential(gaps_ns, 1e6), 1.95);
}

TEST(ArrivalScheduleTest, ThreadsAreIndependent) {
  const OpenLoop load{.rate_per_s = 2000, .arrivals = Arrivals::kPoisson};
  const std::vector<double> first = Gaps(Starts(ArrivalSchedule(load, kSeed, 0, 2), kDraws));
  const std::vector<double> second = Gaps(Starts(ArrivalSchedule(load, kSeed, 1, 2), kDraws));
  for (const size_t shift : {0, 1}) {
    std::vector<double> products;
    for (size_t i = shift; i < kDraws; ++i) {
      products.push_back((first[i] / 1e6 - 1) * (second[i - shift] / 1e6 - 1));
    }
    // Of independent gaps, the products have mean 0 and standard deviation 1.
    EXPECT_NEAR(Mean(products), 0, 5 / std::sqrt(kDraws)) << "shift " << shift;
  }
}

TEST(ArrivalScheduleTest, ConstantGapsAreExactAndThreadsTakeTurns) {
  const OpenLoop load{.rate_per_s = 200'000, .arrivals = Arrivals::kConstant};
  for (unsigned thread = 0; thread < 3; ++thread) {
    ArrivalSchedule schedule(load, kSeed, thread, 3);
    for (uint64_t i = 0; i < 100'000; ++i) {
      ASSERT_EQ(schedule.Next(), 5000 * (3 * i + thread)) << "thread " << thread << ", start " << i;
    }
  }
}

TEST(ArrivalScheduleTest, ConstantGapsThatAreNoWholeNanosecondsDoNotDrift) {
  ArrivalSchedule schedule({.rate_per_s = 3e6, .arrivals = Arrivals::kConstant}, kSeed, 0, 1);
  uint64_t last = 0;
  for (uint64_t i = 0; i <= 3'000'000; ++i) last = schedule.Next();
  EXPECT_EQ(last, 1'000'000'000u);
}

TEST(ArrivalScheduleTest, TheSeedDecides) {
  const OpenLoop load{.rate_per_s = 1e6, .arrivals = Arrivals::kPoisson};
  const auto starts = [&load](uint64_t seed, unsigned thread) {
    return Starts(ArrivalSchedule(load, seed, thread, 2), 1000);
  };
  EXPECT_EQ(starts(1, 0), starts(1, 0));
  EXPECT_NE(starts(1, 0), starts(2, 0));
  EXPECT_NE(starts(1, 0), starts(1, 1));
  EXPECT_NE(starts(2, 0), starts(1, 1));
  const std::vector<uint64_t> ascending = starts(1, 0);
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
}

TEST(ArrivalScheduleTest, CountsWhatLiesBeforeAMomentWhateverWasDrawn) {
  for (const Arrivals arrivals : {Arrivals::kPoisson, Arrivals::kConstant}) {
    const OpenLoop load{.rate_per_s = 1e5, .arrivals = arrivals};
    const std::vector<uint64_t> starts = Starts(ArrivalSchedule(load, kSeed, 1, 2), 1000);
    ArrivalSchedule schedule(load, kSeed, 1, 2);
    for (size_t i = 0; i < 500; ++i) schedule.Next();
    for (const size_t i : {0, 1, 499, 500, 999}) {
      EXPECT_EQ(schedule.CountBefore(starts[i]), i) << ToString(arrivals);
      EXPECT_EQ(schedule.CountBefore(starts[i] + 1), i + 1) << ToString(arrivals);
    }
    EXPECT_EQ(schedule.CountBefore(0), 0u);
    EXPECT_EQ(schedule.Next(), starts[500]) << "counting moved it";
  }
}

TEST(ArrivalScheduleTest, NamesAreReadBack) {
  for (const Arrivals arrivals : {Arrivals::kPoisson, Arrivals::kConstant}) {
    EXPECT_EQ(ParseArrivals(ToString(arrivals)), arrivals);
  }
  EXPECT_EQ(ParseArrivals("Poisson"), std::nullopt);
  EXPECT_EQ(ParseArrivals(""), std::nullopt);
}

}  // namespace
}  // namespace kvs
