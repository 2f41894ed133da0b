#include "workloads/size_chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace kvs::size_chooser {
namespace {

// Sizes are fixed by salt and number, so a test at this level passes always or never.
constexpr double kLevel = 0.001;
constexpr int kNumbers = 200'000;

// Compares how often each of `upper_bytes` (ascending; the sizes above the one before, up to this)
// occurs with what the distribution function says.
void ExpectFollows(const SizeSpec& spec, const std::vector<uint32_t>& upper_bytes,
                   const std::function<double(uint32_t size)>& distribution) {
  const SizeChooser sizes(spec, 3);
  std::vector<double> counts(upper_bytes.size());
  for (uint64_t number = 0; number < kNumbers; ++number) {
    const uint32_t size = sizes.SizeOf(number);
    if (number < 100) {
      ASSERT_EQ(sizes.SizeOf(number), size);
    }
    const auto cell = std::lower_bound(upper_bytes.begin(), upper_bytes.end(), size);
    ASSERT_NE(cell, upper_bytes.end()) << size;
    ++counts[static_cast<size_t>(cell - upper_bytes.begin())];
  }
  double statistic = 0;
  double below = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = kNumbers * (distribution(upper_bytes[i]) - below);
    below = distribution(upper_bytes[i]);
    ASSERT_GE(expected, 5) << "the approximation needs larger cells: " << upper_bytes[i];
    statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  const boost::math::chi_squared law(static_cast<double>(counts.size() - 1));
  EXPECT_LT(statistic, quantile(complement(law, kLevel)));
  EXPECT_GT(statistic, quantile(law, kLevel)) << "fits too well to be random";
}

SizeSpec Pareto(double theta, double k, double sigma) {
  SizeSpec spec;
  spec.kind = SizeSpec::Kind::kPareto;
  spec.min_bytes = 10;
  spec.max_bytes = 1024;
  spec.pareto = {.theta = theta, .k = k, .sigma = sigma};
  return spec;
}

TEST(SizeChooserTest, ParetoSizesFollowTheGeneralisedParetoLaw) {
  // 1 - (1 + k (x - theta) / sigma)^(-1/k); what would be smaller or larger has the bounds.
  for (const auto& [theta, k, sigma] :
       {std::tuple(0.0, 0.2615, 25.45), std::tuple(20.0, 0.5, 40.0), std::tuple(0.0, 1.2, 9.0)}) {
    ExpectFollows(Pareto(theta, k, sigma), {24, 30, 40, 50, 70, 100, 150, 220, 350, 1023, 1024},
                  [&, theta = theta, k = k, sigma = sigma](uint32_t size) {
                    if (size == 1024) return 1.0;
                    return size <= theta ? 0 : 1 - std::pow(1 + k * (size - theta) / sigma, -1 / k);
                  });
  }
}

TEST(SizeChooserTest, ParetoSizesOfShapeZeroAreExponential) {
  ExpectFollows(Pareto(0, 0, 60), {10, 20, 40, 60, 90, 130, 200, 300, 1024},
                [](uint32_t size) { return size == 1024 ? 1.0 : 1 - std::exp(size / -60.0); });
}

SizeSpec Histogram(uint32_t block_bytes, std::vector<uint64_t> weights, uint32_t parts = 1) {
  SizeSpec spec;
  spec.kind = SizeSpec::Kind::kHistogram;
  spec.histogram = {.block_bytes = block_bytes, .weights = std::move(weights)};
  const auto& of = spec.histogram.weights;
  const auto first = std::find_if(of.begin(), of.end(), [](uint64_t weight) { return weight > 0; });
  spec.min_bytes = parts * block_bytes * static_cast<uint32_t>(first - of.begin() + 1);
  spec.max_bytes = parts * block_bytes * static_cast<uint32_t>(of.size());
  spec.parts = parts;
  return spec;
}

TEST(SizeChooserTest, HistogramSizesAreTheUpperEdgesOfBucketsByTheirWeights) {
  const std::vector<uint64_t> weights = {0, 5, 0, 1, 14};
  std::vector<double> below = {0, 5, 5, 6, 20};
  ExpectFollows(Histogram(16, weights), {32, 64, 80},
                [&](uint32_t size) { return below[size / 16 - 1] / 20; });
}

TEST(SizeChooserTest, AHistogramOfOneBucketIsConstant) {
  const SizeChooser sizes(Histogram(100, {0, 0, 7}), 1);
  for (uint64_t number = 0; number < 100; ++number) EXPECT_EQ(sizes.SizeOf(number), 300u);
}

TEST(SizeChooserTest, FieldsOfAHistogramAddUp) {
  // Ten times 10 or 30: mean 200, deviation 10 sqrt(10) = 31.6.
  const SizeChooser sizes(Histogram(10, {1, 0, 1}, 10), 1);
  constexpr int kKeys = kNumbers / 10;
  double sum = 0;
  double squares = 0;
  for (uint64_t number = 0; number < kKeys; ++number) {
    const double size = sizes.SizeOf(number);
    EXPECT_GE(size, 100);
    EXPECT_LE(size, 300);
    sum += size;
    squares += size * size;
  }
  const double mean = sum / kKeys;
  EXPECT_NEAR(mean, 200, 1);
  EXPECT_NEAR(std::sqrt(squares / kKeys - mean * mean), 31.62, 0.8);
}

}  // namespace
}  // namespace kvs::size_chooser
