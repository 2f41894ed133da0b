#include "workloads/zipfian.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "workloads/random.h"

namespace kvs::zipfian {
namespace {

// Draws are fixed by their seed, so a test at this level passes always or never.
constexpr double kLevel = 0.001;

// The statistic and its critical value for counts against expected ones.
void ExpectChiSquaredFits(const std::vector<double>& counts, const std::vector<double>& expected) {
  ASSERT_EQ(counts.size(), expected.size());
  double statistic = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    ASSERT_GE(expected[i], 5) << "the approximation needs larger cells";
    statistic += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  }
  const boost::math::chi_squared law(static_cast<double>(counts.size() - 1));
  EXPECT_LT(statistic, quantile(complement(law, kLevel)));
  EXPECT_GT(statistic, quantile(law, kLevel)) << "fits too well to be random";
}

class ZipfianLawTest : public testing::TestWithParam<double> {};

TEST_P(ZipfianLawTest, FewItemsFollowTheLaw) {
  constexpr uint64_t kItems = 50;
  constexpr int kDraws = 400'000;
  const double theta = GetParam();
  const Zipfian zipfian(kItems, theta);
  Random random(11);
  std::vector<double> counts(kItems);
  for (int i = 0; i < kDraws; ++i) {
    const uint64_t rank = zipfian.Draw(random);
    ASSERT_LT(rank, kItems);
    ++counts[rank];
  }
  std::vector<double> expected(kItems);
  double sum = 0;
  for (uint64_t k = 0; k < kItems; ++k) sum += expected[k] = std::pow(k + 1.0, -theta);
  for (double& count : expected) count *= kDraws / sum;
  ExpectChiSquaredFits(counts, expected);
}

// Cells of doubling width, with the law summed up exactly.
TEST_P(ZipfianLawTest, ManyItemsFollowTheLaw) {
  constexpr uint64_t kItems = 1'000'000;
  constexpr int kDraws = 400'000;
  const double theta = GetParam();
  const Zipfian zipfian(kItems, theta);
  Random random(12);
  const auto cell = [](uint64_t rank) { return static_cast<size_t>(std::bit_width(rank + 1)) - 1; };
  std::vector<double> counts(cell(kItems - 1) + 1);
  for (int i = 0; i < kDraws; ++i) ++counts[cell(zipfian.Draw(random))];
  std::vector<double> expected(counts.size());
  double sum = 0;
  for (uint64_t k = 0; k < kItems; ++k) {
    const double weight = std::pow(k + 1.0, -theta);
    expected[cell(k)] += weight;
    sum += weight;
  }
  for (double& count : expected) count *= kDraws / sum;
  // With little skew the first cells are nearly empty: merge them upwards.
  while (expected.front() < 5) {
    expected[1] += expected[0];
    counts[1] += counts[0];
    expected.erase(expected.begin());
    counts.erase(counts.begin());
  }
  // With much skew the last ones are.
  while (expected.back() < 5) {
    expected[expected.size() - 2] += expected.back();
    counts[counts.size() - 2] += counts.back();
    expected.pop_back();
    counts.pop_back();
  }
  ExpectChiSquaredFits(counts, expected);
}

// Kolmogorov-Smirnov over a number of items that nothing could be summed over; the law's
// distribution function is its integral there.
TEST_P(ZipfianLawTest, HugeNumbersOfItemsFollowTheIntegral) {
  constexpr uint64_t kItems = uint64_t{1} << 50;
  constexpr int kDraws = 100'000;
  const double theta = GetParam();
  const Zipfian zipfian(kItems, theta);
  Random random(13);
  // Ranks above a million, where sum and integral agree to 10^-6.
  constexpr double kFrom = 1e6;
  const auto area = [theta](double x) {
    return theta == 1 ? std::log(x) : std::pow(x, 1 - theta) / (1 - theta);
  };
  std::vector<double> positions;
  for (int i = 0; i < kDraws; ++i) {
    const auto rank = static_cast<double>(zipfian.Draw(random));
    if (rank < kFrom) continue;
    positions.push_back((area(rank + 1) - area(kFrom)) /
                        (area(static_cast<double>(kItems)) - area(kFrom)));
  }
  std::ranges::sort(positions);
  const auto n = static_cast<double>(positions.size());
  ASSERT_GT(n, 50);
  double distance = 0;
  for (size_t i = 0; i < positions.size(); ++i) {
    distance = std::max({distance, std::abs(positions[i] - static_cast<double>(i) / n),
                         std::abs(positions[i] - static_cast<double>(i + 1) / n)});
  }
  // Critical value of Kolmogorov's distribution: 2 exp(-2 n d^2) = kLevel.
  EXPECT_LT(distance, std::sqrt(-std::log(kLevel / 2) / (2 * n)));
}

INSTANTIATE_TEST_SUITE_P(Thetas, ZipfianLawTest, testing::Values(0.2, 0.5, 0.99, 1.0, 1.5),
                         [](const testing::TestParamInfo<double>& parameter) {
                           return "theta" + std::to_string(std::lround(parameter.param * 100));
                         });

TEST(ZipfianTest, RankZeroIsMostFrequent) {
  const Zipfian zipfian(1000, 1.2);
  Random random(14);
  std::vector<int> counts(1000);
  for (int i = 0; i < 100'000; ++i) ++counts[zipfian.Draw(random)];
  EXPECT_EQ(std::ranges::max_element(counts), counts.begin());
}

TEST(ZipfianTest, ExtremesStayInRange) {
  Random random(15);
  for (const double theta : {1e-9, 0.5, 1 - 1e-12, 1.0, 1 + 1e-12, 1.999999}) {
    for (const uint64_t items : {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1} << 62}) {
      const Zipfian zipfian(items, theta);
      for (int i = 0; i < 2000; ++i) ASSERT_LT(zipfian.Draw(random), items) << theta;
    }
  }
}

TEST(ScatterTest, IsABijection) {
  std::vector<uint64_t> sizes = {4095, 4096, 4097, 65536, 100'000};
  for (uint64_t size = 1; size <= 300; ++size) sizes.push_back(size);
  for (const uint64_t size : sizes) {
    const Scatter scatter(size);
    std::vector<bool> seen(size);
    for (uint64_t rank = 0; rank < size; ++rank) {
      const uint64_t key = scatter(rank);
      ASSERT_LT(key, size);
      ASSERT_FALSE(seen[key]) << "size " << size << ", rank " << rank;
      seen[key] = true;
    }
  }
}

TEST(ScatterTest, SpreadsTheFirstRanks) {
  constexpr uint64_t kSize = 1'000'000;
  constexpr int kCells = 20;
  const Scatter scatter(kSize);
  std::vector<double> counts(kCells);
  for (uint64_t rank = 0; rank < 2000; ++rank) ++counts[scatter(rank) * kCells / kSize];
  ExpectChiSquaredFits(counts, std::vector<double>(kCells, 2000.0 / kCells));
}

}  // namespace
}  // namespace kvs::zipfian
