// Compares with values that an independent implementation (ycsb_reference.py) computed.
#include "workloads/ycsb_formulae.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/key_chooser.h"
#include "workloads/key_renderer.h"
#include "workloads/portable_math.h"
#include "workloads/random.h"
#include "workloads/ycsb_lanes.h"

namespace kvs::ycsb_formulae {
namespace {

#include "tests/workloads/ycsb_reference.inc"

constexpr size_t kDrawCount = std::size(kDraws);

TEST(YcsbFormulaeTest, FnvHashIsYcsbs) {
  for (size_t i = 0; i < std::size(kNumbers); ++i) {
    EXPECT_EQ(FnvHash64(kNumbers[i]), kHashes[i]) << kNumbers[i];
  }
}

TEST(YcsbFormulaeTest, ZipfianRanksAreYcsbs) {
  const YcsbZipfian zipfian(1000);
  const YcsbZipfian huge(YcsbScrambledZipfian::kItems, YcsbScrambledZipfian::kZeta);
  for (size_t i = 0; i < kDrawCount; ++i) {
    EXPECT_EQ(zipfian.Rank(kDraws[i]), kZipfianRanks[i]) << kDraws[i];
    EXPECT_EQ(huge.Rank(kDraws[i]), kHugeRanks[i]) << kDraws[i];
  }
}

TEST(YcsbFormulaeTest, ScrambledKeysAreYcsbs) {
  const YcsbScrambledZipfian zipfian(100'001);
  for (size_t i = 0; i < kDrawCount; ++i) {
    EXPECT_EQ(zipfian.Key(kDraws[i]), kScrambledKeys[i]) << kDraws[i];
  }
}

TEST(YcsbFormulaeTest, LatestKeysAreYcsbsWhileTheCounterGrows) {
  YcsbZipfian zipfian(999);
  for (size_t i = 0; i < kDrawCount; ++i) {
    const uint64_t newest = 999 + i / 4;
    zipfian.Grow(newest);
    EXPECT_EQ(newest - zipfian.Rank(kDraws[i]), kLatestKeys[i]) << kDraws[i];
  }
}

TEST(YcsbFormulaeTest, ExponentialIsYcsbs) {
  const double gamma = YcsbExponentialGamma(95, 1000 * 0.8571428571);
  for (size_t i = 0; i < kDrawCount; ++i) {
    if (kDraws[i] == 0) continue;  // infinite; the chooser draws again
    EXPECT_EQ(static_cast<uint64_t>(YcsbExponential(kDraws[i], gamma)), kExponential[i]);
  }
}

TEST(YcsbFormulaeTest, DiscreteChoiceIsYcsbs) {
  const double shares[] = {0.5, 0.3, 0.15, 0.05};
  for (size_t i = 0; i < kDrawCount; ++i) {
    EXPECT_EQ(YcsbDiscrete(shares, kDraws[i]), kDiscrete[i]) << kDraws[i];
  }
}

TEST(YcsbFormulaeTest, KeysAreYcsbs) {
  struct Case {
    std::span<const std::string_view> want;
    bool hashed;
    uint32_t zero_padding;
  };
  for (const Case& c : {Case{kHashedKeys, true, 1}, Case{kOrderedKeys, false, 1},
                        Case{kPaddedKeys, false, 12}, Case{kHashedPaddedKeys, true, 24}}) {
    KeySpec spec;
    spec.hashed_order = c.hashed;
    spec.zero_padding = c.zero_padding;
    const KeyRenderer renderer(spec);
    std::string buffer(renderer.max_size(), '\0');
    for (size_t i = 0; i < std::size(kNumbers); ++i) {
      EXPECT_EQ(renderer.Render(kNumbers[i], buffer.data()), c.want[i]) << kNumbers[i];
    }
  }
}

// The short cut through the 100th power must never change a rank.
TEST(YcsbFormulaeTest, ShortCutGivesTheRanksOfTheFormula) {
  Random random(7);
  for (const uint64_t items : {uint64_t{3}, uint64_t{1000}, YcsbScrambledZipfian::kItems}) {
    const double zeta =
        items == YcsbScrambledZipfian::kItems ? YcsbScrambledZipfian::kZeta : YcsbZeta(items);
    const YcsbZipfian zipfian(items, zeta);
    const double eta =
        (1 - Pow(2.0 / static_cast<double>(items), 1 - 0.99)) / (1 - (1 + 1 / Pow(2, 0.99)) / zeta);
    for (int i = 0; i < 300'000; ++i) {
      const double u = random.NextUnit();
      uint64_t want = 0;
      if (u * zeta >= 1) want = 1;
      if (u * zeta >= 1 + Pow(0.5, 0.99)) {
        want = static_cast<uint64_t>(static_cast<double>(items) *
                                     Pow(eta * u - eta + 1, 1 / (1 - 0.99)));
      }
      ASSERT_EQ(zipfian.Rank(u), want) << "u " << u << ", items " << items;
    }
  }
}

TEST(YcsbFormulaeTest, ManyKeysAreThoseOfOneByOne) {
  Random random(3);
  for (const uint64_t keys : {uint64_t{1}, uint64_t{2}, uint64_t{1'000'001}, uint64_t{1} << 40}) {
    const YcsbScrambledZipfian zipfian(keys);
    std::vector<uint64_t> words = {0, 1, ~uint64_t{0}, uint64_t{1} << 63, (uint64_t{1} << 63) - 1};
    // Where one rank ends and the next begins: the units 1 / zeta and zeta(2) / zeta, and around.
    for (const double below : {1.0, 1 + Pow(0.5, 0.99)}) {
      const double bound = below / YcsbScrambledZipfian::kZeta;
      for (int step = -20; step < 20; ++step) {
        words.push_back(static_cast<uint64_t>((bound + step * 0x1p-53) * 0x1p64));
      }
    }
    while (words.size() < 200'003) words.push_back(random.Next());
    std::vector<uint64_t> together = words;
    constexpr uint64_t kFirst = 1000;
    const uint64_t greatest = zipfian.KeysOf(together, kFirst);
    uint64_t greatest_seen = 0;
    for (size_t i = 0; i < words.size(); ++i) {
      const uint64_t key = zipfian.Key(ToUnit(words[i]));
      ASSERT_EQ(together[i], kFirst + key) << words[i] << " of " << keys;
      greatest_seen = std::max(greatest_seen, key);
    }
    EXPECT_EQ(greatest, greatest_seen);
  }
}

#ifdef KVS_HAS_LANES

template <int kBytes>
[[gnu::target("avx2")]] void HashByBytes(lanes::Words& values, size_t count) {
  lanes::FnvHashAllByBytes<kBytes>(values, count);
}

// Both ways, where the CPU has both.
template <int kBytes>
void HashAndCompare(const lanes::Words& values, size_t count) {
  lanes::Words by_bytes = values;
  HashByBytes<kBytes>(by_bytes, count);
  lanes::Words by_words = values;
  if (lanes::MultipliesWords()) lanes::FnvHashAllByWords(by_words, count, kBytes);
  for (size_t lane = 0; lane < count; ++lane) {
    const uint64_t want = FnvHash64(values.words[lane]);
    ASSERT_EQ(by_bytes.words[lane], want) << values.words[lane];
    if (lanes::MultipliesWords()) {
      ASSERT_EQ(by_words.words[lane], want) << values.words[lane];
    }
  }
}

template <int kBytes>
void HashManyAndCompare() {
  Random random(9);
  for (int i = 0; i < 3000; ++i) {
    lanes::Words values;
    for (uint64_t& value : values.words) {
      value = random.Next() >> (64 - 8 * kBytes);
      // Bytes with no bit and with all of them.
      for (int byte = 0; i % 3 == 0 && byte < kBytes; ++byte) {
        const uint64_t all = uint64_t{0xFF} << (8 * byte);
        value = random.Below(2) == 0 ? value & ~all : value | all;
      }
    }
    ASSERT_NO_FATAL_FAILURE(
        HashAndCompare<kBytes>(values, 4 * (1 + random.Below(lanes::kMost / 4))));
  }
}

TEST(YcsbFormulaeTest, HashesInLanesAreThoseOfOneByOne) {
  if (!lanes::Available()) GTEST_SKIP() << "this CPU has no AVX2";
  HashManyAndCompare<3>();
  HashManyAndCompare<5>();
}

[[gnu::target("avx2")]] void DivideInLanes(std::span<uint64_t> values) {
  const lanes::Quotient by_ten_to_16 = lanes::DivideByTenTo16(lanes::Load(values.data()));
  const lanes::Quotient by_ten_to_8 = lanes::DivideByTenTo8(by_ten_to_16.remainder);
  lanes::Store(values.data(), by_ten_to_16.quotient);
  lanes::Store(values.data() + 4, by_ten_to_8.quotient);
  lanes::Store(values.data() + 8, by_ten_to_8.remainder);
}

TEST(YcsbFormulaeTest, DivisionsInLanesAreExact) {
  if (!lanes::Available()) GTEST_SKIP() << "this CPU has no AVX2";
  constexpr uint64_t kTenTo16 = 10'000'000'000'000'000;
  Random random(5);
  const auto check = [](uint64_t value) {
    uint64_t values[12] = {value, value, value, value};
    DivideInLanes(values);
    ASSERT_EQ(values[3], value / kTenTo16) << value;
    ASSERT_EQ(values[7], value % kTenTo16 / 100'000'000) << value;
    ASSERT_EQ(values[11], value % 100'000'000) << value;
  };
  for (uint64_t top = 0; top < 922; ++top) {
    for (uint64_t high = 0; high < 50; ++high) {
      const uint64_t middle = high < 2 ? high * 99'999'999 : random.Below(100'000'000);
      const uint64_t value = top * kTenTo16 + middle * 100'000'000;
      for (const uint64_t low : {uint64_t{0}, uint64_t{1}, uint64_t{99'999'999}})
        check(value + low);
    }
  }
  check((uint64_t{1} << 63) - 1);
  for (int i = 0; i < 1'000'000; ++i) check(random.Next() >> 1);
}

#endif  // KVS_HAS_LANES

TEST(YcsbFormulaeTest, ModuloIsExact) {
  // Draws for ranks 0 and 1 and many others, against the machine's division.
  Random random(8);
  const YcsbZipfian huge(YcsbScrambledZipfian::kItems, YcsbScrambledZipfian::kZeta);
  std::vector<uint64_t> sizes = {
      1, 2, 3, 7, 1000, 1024, (uint64_t{1} << 62) - 1, uint64_t{1} << 62, (uint64_t{1} << 63) - 1};
  for (int i = 0; i < 300; ++i) sizes.push_back(1 + (random.Next() >> (1 + random.Below(63))));
  for (const uint64_t size : sizes) {
    const YcsbScrambledZipfian zipfian(size);
    for (int i = 0; i < 300; ++i) {
      const double u = random.NextUnit();
      ASSERT_EQ(zipfian.Key(u), FnvHash64(huge.Rank(u)) % size) << size;
    }
  }
}

// What the sum would give for 10^10 items is what YCSB's constant says, though only 2^20 terms are
// added.
TEST(YcsbFormulaeTest, ZetaOfManyItemsAgreesWithYcsbsConstant) {
  EXPECT_NEAR(YcsbZeta(10'000'000'000) / YcsbScrambledZipfian::kZeta, 1, 1e-10);
  double sum = 0;
  constexpr uint64_t kItems = 3'000'000;
  for (uint64_t i = 1; i <= kItems; ++i) sum += 1 / std::pow(static_cast<double>(i), 0.99);
  EXPECT_NEAR(YcsbZeta(kItems) / sum, 1, 1e-12);
}

TEST(YcsbFormulaeTest, GrowingCountsLikeStartingLarge) {
  YcsbZipfian grown(1000);
  grown.Grow(1001);
  grown.Grow(1500);
  // YCSB keeps eta's first number of items, so only ranks 0 and 1 are the same exactly.
  const YcsbZipfian large(1500);
  for (const double u : {0.0, 0.05, 0.1, 0.13}) EXPECT_EQ(grown.Rank(u), large.Rank(u)) << u;
}

}  // namespace
}  // namespace kvs::ycsb_formulae
