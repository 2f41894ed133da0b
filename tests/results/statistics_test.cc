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
