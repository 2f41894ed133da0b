// Compares with values that numpy and scipy computed (order_statistics_reference.py).
#include "results/order_statistics.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <random>
#include <vector>

#include "tests/results/binomial_limits.h"

namespace kvs::order_statistics {
namespace {

struct BinomialTail {
  size_t n, k;
  double probability;
};
struct RankTail {
  size_t m, n, u;
  double probability;
};
struct IntervalCase {
  std::vector<double> first, second;
  double estimate, alpha;
  bool exists;
  double low, high;
};
struct PValueCase {
  std::vector<double> first, second;
  double of_signs, of_ranks;
};

#include "tests/results/order_statistics_reference.inc"

TEST(OrderStatisticsTest, BinomialTailsAreThoseOfScipy) {
  for (const BinomialTail& expected : kBinomialTails) {
    const double found = FairCoinTails(expected.n).at(expected.k);
    EXPECT_NEAR(found / expected.probability, 1, 1e-9) << expected.n << ", " << expected.k;
  }
}

TEST(OrderStatisticsTest, RankTailsAreThoseOfScipy) {
  for (const RankTail& expected : kRankTails) {
    const double found = MannWhitneyTails(expected.m, expected.n).at(expected.u);
    EXPECT_NEAR(found / expected.probability, 1, 1e-9)
        << expected.m << ", " << expected.n << ", " << expected.u;
  }
}

// The recurrence of Mann and Whitney (1947), whose terms are all positive: by which sample holds
// the largest value.
TEST(OrderStatisticsTest, RankTailsOfLargeSamplesAreThoseOfTheRecurrence) {
  constexpr size_t kMost = 60;
  std::vector<std::vector<double>> row(kMost + 1, {1.0});  // of m = 0; each by u = 0 .. m*n
  for (size_t m = 1; m <= kMost; ++m) {
    std::vector<std::vector<double>> next(kMost + 1);
    next[0] = {1.0};
    for (size_t n = 1; n <= kMost; ++n) {
      const double share = static_cast<double>(m) / static_cast<double>(m + n);
      next[n].assign(m * n + 1, 0);
      for (size_t u = 0; u < row[n].size(); ++u) next[n][u + n] += share * row[n][u];
      for (size_t u = 0; u < next[n - 1].size(); ++u) {
        next[n][u] += (1 - share) * next[n - 1][u];
      }
    }
    row = std::move(next);
  }
  const std::vector<double> tails = MannWhitneyTails(kMost, kMost);
  double sum = 0;
  for (size_t u = 0; u < tails.size(); ++u) {
    sum += row[kMost][u];
    ASSERT_NEAR(tails[u] / sum, 1, 1e-9) << u;
  }
}

TEST(OrderStatisticsTest, AThousandTrialsDoNotOverflow) {
  const std::vector<double> tails = MannWhitneyTails(1000, 300);
  EXPECT_NEAR(tails.back(), 0.5, 0.001);
  EXPECT_GT(tails[100'000], 0);
  EXPECT_LT(tails[100'000], 1e-15);
}

void ExpectInterval(const NestedIntervals& intervals, const IntervalCase& expected) {
  EXPECT_NEAR(intervals.estimate(), expected.estimate, 1e-15);
  const std::optional<Interval> found = intervals.At(expected.alpha);
  ASSERT_EQ(found.has_value(), expected.exists);
  if (found) {
    EXPECT_EQ(*found, (Interval{.low = expected.low, .high = expected.high}));
  }
}

TEST(OrderStatisticsTest, IntervalsOfAMedianAreThoseOfScipy) {
  for (const IntervalCase& expected : kMedianCases) {
    ExpectInterval(NestedIntervals::OfMedian(expected.first), expected);
  }
}

TEST(OrderStatisticsTest, IntervalsOfAShiftAreThoseOfScipy) {
  for (const IntervalCase& expected : kShiftCases) {
    ExpectInterval(NestedIntervals::OfShift(expected.first, expected.second), expected);
  }
}

TEST(OrderStatisticsTest, AlphaToExcludeNoChangeIsThePValueOfScipy) {
  for (const PValueCase& expected : kPValueCases) {
    EXPECT_NEAR(NestedIntervals::OfMedian(expected.second).AlphaToExclude(0), expected.of_signs,
                1e-12);
    EXPECT_NEAR(NestedIntervals::OfShift(expected.first, expected.second).AlphaToExclude(0),
                expected.of_ranks, 1e-12);
  }
}

// What AlphaToExclude and AlphaToLieWithin promise about At, at and just below that alpha.
TEST(OrderStatisticsTest, AlphasAreWhereTheIntervalChanges) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0.01, 0.03);
  int excluded = 0, within = 0;
  for (int round = 0; round < 300; ++round) {
    std::vector<double> values(6 + random() % 20);
    for (double& value : values) value = noise(random);
    const NestedIntervals intervals = NestedIntervals::OfMedian(values);
    const auto excludes = [&](double alpha) {
      const auto interval = intervals.At(alpha);
      return interval && (interval->low > 0 || interval->high < 0);
    };
    const auto lies_within = [&](double alpha) {
      const auto interval = intervals.At(alpha);
      return interval && interval->low > -0.03 && interval->high < 0.03;
    };
    if (const double alpha = intervals.AlphaToExclude(0); alpha < 1) {
      EXPECT_TRUE(excludes(alpha));
      EXPECT_FALSE(excludes(alpha * (1 - 1e-9)));
      ++excluded;
    }
    if (const double alpha = intervals.AlphaToLieWithin(0.03); alpha < 1) {
      EXPECT_TRUE(lies_within(alpha));
      EXPECT_FALSE(lies_within(alpha * (1 - 1e-9)));
      ++within;
    }
  }
  EXPECT_GT(excluded, 100);
  EXPECT_GT(within, 100);
}

TEST(OrderStatisticsTest, ValueOnTheEdgeIsNotExcluded) {
  const NestedIntervals same = NestedIntervals::OfMedian(std::vector<double>(20, 0.5));
  EXPECT_EQ(same.AlphaToExclude(0.5), 1);
  EXPECT_EQ(same.AlphaToLieWithin(0.5), 1);
  EXPECT_EQ(same.AlphaToExclude(0), 2 * FairCoinTails(20)[0]);
  EXPECT_EQ(same.At(0.05), (Interval{.low = 0.5, .high = 0.5}));
}

TEST(OrderStatisticsTest, FewestValuesAreThoseFromWhichThereIsAnInterval) {
  for (const double alpha : {0.5, 0.05, 0.03125, 0.0123, 0.001, 1e-5}) {
    const size_t of_median = FewestForMedian(alpha);
    const std::vector<double> values(of_median, 1);
    EXPECT_TRUE(NestedIntervals::OfMedian(values).At(alpha));
    EXPECT_FALSE(NestedIntervals::OfMedian({values.begin() + 1, values.end()}).At(alpha));
    const std::vector<double> sample(FewestForShift(alpha), 1);
    const std::vector<double> fewer(sample.begin() + 1, sample.end());
    EXPECT_TRUE(NestedIntervals::OfShift(sample, sample).At(alpha));
    EXPECT_FALSE(NestedIntervals::OfShift(fewer, fewer).At(alpha));
  }
  EXPECT_EQ(FewestForMedian(0.05), 6u);
  EXPECT_EQ(FewestForShift(0.05), 4u);
}

// Of a distribution far from normal: skewed, with a heavy tail.
TEST(OrderStatisticsTest, IntervalsHoldTheTruthAsOftenAsTheyPromise) {
  constexpr int kRounds = 3000;
  constexpr double kAlpha = 0.05;
  std::mt19937_64 random(11);
  std::lognormal_distribution<double> noise(0, 1);  // its median is 1
  int median_missed = 0, shift_missed = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<double> first(9), second(9);
    for (double& value : first) value = noise(random);
    for (double& value : second) value = 0.7 + noise(random);
    const auto of_median = NestedIntervals::OfMedian(first).At(kAlpha);
    const auto of_shift = NestedIntervals::OfShift(first, second).At(kAlpha);
    median_missed += of_median->low > 1 || of_median->high < 1;
    shift_missed += of_shift->low > 0.7 || of_shift->high < 0.7;
  }
  EXPECT_LE(median_missed, MostWith(kRounds, kAlpha));
  EXPECT_LE(shift_missed, MostWith(kRounds, kAlpha));
  EXPECT_GT(median_missed, 0);  // nor are they wider than they need be
  EXPECT_GT(shift_missed, kRounds * kAlpha / 2);
}

}  // namespace
}  // namespace kvs::order_statistics
