// The distributions of keys against their laws. Draws are fixed by their seed, so a test passes
// always or never.
#include "workloads/key_chooser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <cmath>
#include <string>
#include <variant>
#include <vector>

#include "workloads/random.h"

namespace kvs {
namespace {

constexpr double kLevel = 0.001;
constexpr uint64_t kRecords = 1000;
constexpr int kDraws = 200'000;

std::vector<double> CountKeys(const std::string& properties) {
  const Spec spec =
      ParseSpec("recordcount=" + std::to_string(kRecords) + "\n" + properties, "test", "test", {});
  KeyChooser chooser = MakeKeyChooser(spec, 0, 1);
  const KnownKeys known{0, kRecords, kRecords, 1, 0};
  Random random(21);
  std::vector<double> counts(kRecords);
  std::visit(
      [&](auto& keys) {
        keys.Prepare(known);
        for (int i = 0; i < kDraws; ++i) ++counts.at(keys.Next(random, known));
      },
      chooser);
  return counts;
}

// P(chi-squared at least as large), for counts against probabilities; cells that expect fewer than
// 5 are merged with the next.
double ChiSquaredTail(const std::vector<double>& counts, const std::vector<double>& chances) {
  double statistic = 0;
  int cells = 0;
  double count = 0;
  double expected = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    count += counts[i];
    expected += chances[i] * kDraws;
    if (expected < 5 && i + 1 < counts.size()) continue;
    if (expected == 0) continue;
    statistic += (count - expected) * (count - expected) / expected;
    ++cells;
    count = expected = 0;
  }
  return cdf(complement(boost::math::chi_squared(cells - 1), statistic));
}

void ExpectFits(const std::vector<double>& counts, const std::vector<double>& chances) {
  const double tail = ChiSquaredTail(counts, chances);
  EXPECT_GT(tail, kLevel);
  EXPECT_LT(tail, 1 - kLevel) << "fits too well to be random";
}

TEST(KeyChooserTest, UniformIsUniform) {
  ExpectFits(CountKeys("requestdistribution=uniform"),
             std::vector<double>(kRecords, 1.0 / kRecords));
}

TEST(KeyChooserTest, HotKeysGetTheirShare) {
  const std::vector<double> counts =
      CountKeys("requestdistribution=hotspot\nhotspotdatafraction=0.1\nhotspotopnfraction=0.7");
  std::vector<double> chances(kRecords, 0.3 / 900);
  std::fill_n(chances.begin(), 100, 0.7 / 100);
  ExpectFits(counts, chances);
}

TEST(KeyChooserTest, HotspotExtremesAreWhole) {
  const std::vector<double> no_hot =
      CountKeys("requestdistribution=hotspot\nhotspotdatafraction=0");
  ExpectFits(no_hot, std::vector<double>(kRecords, 1.0 / kRecords));
  const std::vector<double> all_hot =
      CountKeys("requestdistribution=hotspot\nhotspotdatafraction=1");
  ExpectFits(all_hot, std::vector<double>(kRecords, 1.0 / kRecords));
}

// Age a with probability exp(-gamma a) - exp(-gamma (a + 1)), cut off at the oldest key.
TEST(KeyChooserTest, ExponentialFavoursNewKeys) {
  const std::vector<double> counts =
      CountKeys("requestdistribution=exponential\nexponential.percentile=90\nexponential.frac=0.2");
  const double gamma = -std::log(1 - 0.9) / (0.2 * kRecords);
  const double whole = 1 - std::exp(-gamma * kRecords);
  std::vector<double> chances(kRecords);
  for (uint64_t age = 0; age < kRecords; ++age) {
    const auto a = static_cast<double>(age);
    chances[kRecords - 1 - age] = (std::exp(-gamma * a) - std::exp(-gamma * (a + 1))) / whole;
  }
  ExpectFits(counts, chances);
}

// YCSB's formula is exact for the two most popular ranks and an approximation for the others: these
// are held to its own inverse, (((rank / n)^(1/alpha) + eta - 1) / eta).
std::vector<double> YcsbZipfianChances(uint64_t items) {
  const double zeta = YcsbZeta(items);
  const double eta = (1 - std::pow(2.0 / static_cast<double>(items), 0.01)) /
                     (1 - (1 + std::pow(0.5, 0.99)) / zeta);
  const double second = (1 + std::pow(0.5, 0.99)) / zeta;
  const auto inverse = [&](uint64_t rank) {
    const double share = static_cast<double>(rank) / static_cast<double>(items);
    return std::max(second, (std::pow(share, 0.01) + eta - 1) / eta);
  };
  std::vector<double> chances(items);
  chances[0] = 1 / zeta;
  chances[1] = second - 1 / zeta;
  for (uint64_t rank = 0; rank < items; ++rank) {
    chances[rank] +=
        (rank + 1 == items ? 1 : inverse(rank + 1)) - (rank == 0 ? second : inverse(rank));
  }
  return chances;
}

TEST(KeyChooserTest, LatestFavoursNewKeysAsYcsb) {
  const std::vector<double> counts = CountKeys("requestdistribution=latest");
  const std::vector<double> by_rank = YcsbZipfianChances(kRecords - 1);
  std::vector<double> chances(kRecords);
  for (uint64_t rank = 0; rank + 1 < kRecords; ++rank) chances[kRecords - 1 - rank] = by_rank[rank];
  EXPECT_LE(counts[0], 1) << "YCSB leaves the oldest key out";
  ExpectFits(counts, chances);
}

TEST(KeyChooserTest, ZipfianIsScatteredButExact) {
  const std::vector<double> counts = CountKeys("requestdistribution=zipfian\nzipfian.theta=0.99");
  const Scatter scatter(kRecords);
  std::vector<double> chances(kRecords);
  double sum = 0;
  for (uint64_t rank = 0; rank < kRecords; ++rank) sum += std::pow(rank + 1.0, -0.99);
  for (uint64_t rank = 0; rank < kRecords; ++rank) {
    chances[scatter(rank)] = std::pow(rank + 1.0, -0.99) / sum;
  }
  ExpectFits(counts, chances);
}

// What YCSB's scrambling is known for: the most popular key gets 1/zeta(10^10) = 3.8% of the draws,
// however few keys there are.
TEST(KeyChooserTest, YcsbZipfianHasYcsbsMostPopularKey) {
  const std::vector<double> counts = CountKeys("requestdistribution=zipfian\noperationcount=0");
  const uint64_t hottest = FnvHash64(0) % (kRecords + 1);
  EXPECT_EQ(static_cast<uint64_t>(std::ranges::max_element(counts) - counts.begin()), hottest);
  // The rest of the ranks adds an even background of about 1/kRecords.
  EXPECT_NEAR(counts[hottest] / kDraws, 1 / YcsbScrambledZipfian::kZeta + 0.0005, 0.002);
}

TEST(KeyChooserTest, YcsbZipfianCountsExpectedInsertsIn) {
  const Spec spec = ParseSpec(
      "recordcount=1000\noperationcount=2000\ninsertproportion=0.05\nreadproportion=0.95\n"
      "updateproportion=0\nrequestdistribution=zipfian",
      "test", "test", {});
  YcsbZipfianChooser chooser(spec);
  const YcsbScrambledZipfian reference(1000 + 200 + 1);
  const KnownKeys known{0, 1000, 1000, 1, 50};
  Random random(3);
  Random same(3);
  for (int i = 0; i < 5000; ++i) {
    uint64_t want = reference.Key(same.NextUnit());
    while (want >= 1050) want = reference.Key(same.NextUnit());  // not there yet: drawn again
    ASSERT_EQ(chooser.Next(random, known), want);
  }
}

}  // namespace
}  // namespace kvs
