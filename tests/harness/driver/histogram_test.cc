#include "harness/driver/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

namespace kvs {
namespace {

constexpr double kPercents[] = {0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

// The definition that Percentile promises to approximate from above.
uint64_t SortedPercentile(const std::vector<uint64_t>& sorted, double percent) {
  const long double rank =
      std::ceil(static_cast<long double>(percent) * sorted.size() / 100 - 1e-9L);
  const size_t index = rank < 1 ? 0 : static_cast<size_t>(rank) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

// Durations whose order of magnitude is as random as their digits, from 0 to the end of the range.
rc::Gen<uint64_t> Durations() {
  return rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 47), rc::gen::arbitrary<uint64_t>()),
                      [](const std::pair<int, uint64_t>& drawn) {
                        const uint64_t below = uint64_t{1} << drawn.first;
                        return std::min(drawn.second % below, Histogram::kOverflowNs - 1);
                      });
}

TEST(HistogramTest, EmptyAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.Percentile(50), 0u);
  EXPECT_EQ(histogram.CountAbove(0), 0u);
}

TEST(HistogramTest, IsExactBelow256Ns) {
  Histogram histogram;
  for (uint64_t value_ns = 0; value_ns < 256; ++value_ns) histogram.Record(value_ns);
  for (uint64_t value_ns = 0; value_ns < 256; ++value_ns) {
    EXPECT_EQ(histogram.Percentile(100 * static_cast<double>(value_ns + 1) / 256), value_ns);
    EXPECT_EQ(histogram.CountAbove(value_ns), 255 - value_ns);
  }
}

TEST(HistogramTest, EveryBucketBoundaryIsWithinOnePercent) {
  for (int bits = 1; bits < 46; ++bits) {
    const uint64_t power = uint64_t{1} << bits;
    for (const uint64_t value_ns : {power - 1, power, power + 1, power + power / 2}) {
      Histogram histogram;
      histogram.Record(value_ns);
      histogram.Record(Histogram::kOverflowNs - 1);  // so that max() does not hide the edge
      const uint64_t edge_ns = histogram.Percentile(50);
      EXPECT_GE(edge_ns, value_ns);
      EXPECT_LE(static_cast<double>(edge_ns - value_ns), 0.01 * static_cast<double>(value_ns))
          << value_ns;
    }
  }
}

TEST(HistogramTest, CoversTwelveHours) {
  const auto twelve_hours_ns = static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::hours(12)).count());
  EXPECT_GT(Histogram::kOverflowNs, twelve_hours_ns);
}

TEST(HistogramTest, ValuesBeyondTheRangeShareTheLastBucketAndMaxStaysExact) {
  Histogram histogram;
  histogram.Record(5);
  histogram.Record(Histogram::kOverflowNs - 1);
  histogram.Record(Histogram::kOverflowNs);
  histogram.Record(UINT64_MAX);
  EXPECT_EQ(histogram.count(), 4u);
  EXPECT_EQ(histogram.max(), UINT64_MAX);
  EXPECT_EQ(histogram.Percentile(100), UINT64_MAX);
  EXPECT_EQ(histogram.Percentile(50), Histogram::kOverflowNs - 1);
  EXPECT_EQ(histogram.CountAbove(Histogram::kOverflowNs - 1), 2u);
  EXPECT_EQ(histogram.CountAbove(Histogram::kOverflowNs), 0u);
}

TEST(HistogramTest, SumsBeyond64BitsStayExact) {
  Histogram histogram;
  histogram.Record(UINT64_MAX, 4);
  EXPECT_DOUBLE_EQ(histogram.mean(), static_cast<double>(UINT64_MAX));
}

TEST(HistogramTest, ZeroTimesRecordsNothing) {
  Histogram histogram;
  histogram.Record(7, 0);
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
}

TEST(HistogramTest, PercentileOfARoundShareIsNotPushedToTheNextSample) {
  Histogram histogram;
  histogram.Record(10, 999);
  histogram.Record(200, 1);
  EXPECT_EQ(histogram.Percentile(99.9), 10u);
  EXPECT_EQ(histogram.Percentile(99.91), 200u);
}

RC_GTEST_PROP(HistogramTest, AgreesWithSortedSamples, ()) {
  auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<uint64_t>>(Durations()));
  Histogram histogram;
  long double sum_ns = 0;
  for (const uint64_t sample_ns : samples) {
    histogram.Record(sample_ns);
    sum_ns += sample_ns;
  }
  std::sort(samples.begin(), samples.end());
  RC_ASSERT(histogram.count() == samples.size());
  RC_ASSERT(histogram.min() == samples.front());
  RC_ASSERT(histogram.max() == samples.back());
  const auto mean_ns = static_cast<double>(sum_ns / samples.size());
  RC_ASSERT(std::abs(histogram.mean() - mean_ns) <= 1e-12 * mean_ns);
  for (const double percent : kPercents) {
    const uint64_t exact_ns = SortedPercentile(samples, percent);
    const uint64_t seen_ns = histogram.Percentile(percent);
    RC_ASSERT(seen_ns >= exact_ns);
    RC_ASSERT(static_cast<double>(seen_ns - exact_ns) <= 0.01 * static_cast<double>(exact_ns));
    // Every sample above the reported percentile is counted as beyond it, and none below it.
    const auto above = samples.end() - std::upper_bound(samples.begin(), samples.end(), seen_ns);
    if (seen_ns != histogram.max()) {
      RC_ASSERT(histogram.CountAbove(seen_ns) == static_cast<uint64_t>(above));
    }
  }
}

RC_GTEST_PROP(HistogramTest, MergeEqualsRecordingAll, ()) {
  const auto first = *rc::gen::container<std::vector<uint64_t>>(Durations());
  const auto second = *rc::gen::container<std::vector<uint64_t>>(Durations());
  Histogram left;
  Histogram right;
  Histogram all;
  for (const uint64_t sample_ns : first) {
    left.Record(sample_ns);
    all.Record(sample_ns);
  }
  for (const uint64_t sample_ns : second) {
    right.Record(sample_ns, 3);
    all.Record(sample_ns, 3);
  }
  left.Merge(right);
  RC_ASSERT(left.count() == all.count());
  RC_ASSERT(left.min() == all.min());
  RC_ASSERT(left.max() == all.max());
  RC_ASSERT(left.mean() == all.mean());
  for (const double percent : kPercents) {
    RC_ASSERT(left.Percentile(percent) == all.Percentile(percent));
  }
}

}  // namespace
}  // namespace kvs
