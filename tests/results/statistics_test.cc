#include "results/statistics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace kvs {
namespace {

// numpy.median, scipy.stats.scoreatpercentile(x, 50), numpy.min and numpy.max of the same numbers.
TEST(StatisticsTest, AgreesWithNumpyAndScipy) {
  const std::vector<double> odd = {3.25, -1.5, 2.75, 1e9, 0.125};
  EXPECT_EQ(Median(odd), 2.75);
  const std::vector<double> even = {0.1, 0.7, 0.3, 0.9, 12.5, 0.2};
  EXPECT_EQ(Median(even), 0.5);
  const Spread spread = SpreadOf(even);
  EXPECT_EQ(spread, (Spread{.median = 0.5, .min = 0.1, .max = 12.5}));
}

TEST(StatisticsTest, OneValueIsItsOwnSpread) {
  const std::vector<double> one = {42};
  EXPECT_EQ(SpreadOf(one), (Spread{.median = 42, .min = 42, .max = 42}));
}

TEST(StatisticsTest, TwoHugeValuesDoNotOverflow) {
  constexpr double kHuge = std::numeric_limits<double>::max();
  const std::vector<double> huge = {kHuge, kHuge};
  EXPECT_EQ(Median(huge), kHuge);
}

std::vector<double> FromOneTo(int count) {
  std::vector<double> values;
  for (int value = count; value > 0; --value) values.push_back(value);
  return values;
}

// 1 - 2 * scipy.stats.binom.cdf(low - 1, n, 0.5)
TEST(MedianIntervalTest, AgreesWithScipy) {
  struct Row {
    int values;
    double confidence;
    double low;
    double held;
  };
  for (const Row& row :
       {Row{6, 0.95, 1, 0.96875}, Row{9, 0.95, 2, 0.9609375}, Row{11, 0.95, 2, 0.98828125},
        Row{12, 0.95, 3, 0.96142578125}, Row{25, 0.95, 8, 0.9567147493362427},
        Row{25, 0.99, 6, 0.9959226846694946}, Row{100, 0.9, 42, 0.9113739198859323}}) {
    const auto interval = MedianIntervalOf(FromOneTo(row.values), row.confidence);
    ASSERT_TRUE(interval) << row.values;
    EXPECT_EQ(interval->low, row.low) << row.values;
    EXPECT_EQ(interval->high, row.values + 1 - row.low) << row.values;
    EXPECT_NEAR(interval->confidence, row.held, 1e-12) << row.values;
    EXPECT_GE(interval->confidence, row.confidence);
  }
}

TEST(MedianIntervalTest, TooFewValuesHaveNone) {
  for (int count = 0; count < 6; ++count) {
    EXPECT_EQ(MedianIntervalOf(FromOneTo(count), 0.95), std::nullopt) << count;
  }
  EXPECT_TRUE(MedianIntervalOf(FromOneTo(5), 0.9));
}

RC_GTEST_PROP(MedianIntervalTest, HoldsTheMedianOfItsValues, ()) {
  const auto values = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
      rc::gen::map(rc::gen::inRange(-1000, 1000), [](int value) { return value / 7.0; })));
  const auto interval = MedianIntervalOf(values, 0.95);
  RC_ASSERT(interval.has_value() == (values.size() >= 6));
  if (interval) {
    RC_ASSERT(interval->low <= Median(values));
    RC_ASSERT(Median(values) <= interval->high);
  }
}

RC_GTEST_PROP(StatisticsTest, HalfOfTheValuesLieOnEachSideOfTheMedian, ()) {
  const auto numbers =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<int>>(rc::gen::inRange(-1000, 1000)));
  const std::vector<double> values(numbers.begin(), numbers.end());
  const double median = Median(values);
  const auto below =
      std::count_if(values.begin(), values.end(), [&](double v) { return v <= median; });
  const auto above =
      std::count_if(values.begin(), values.end(), [&](double v) { return v >= median; });
  RC_ASSERT(static_cast<size_t>(2 * below) >= values.size());
  RC_ASSERT(static_cast<size_t>(2 * above) >= values.size());
}

}  // namespace
}  // namespace kvs
