#include "workloads/value_codec.h"

#include <gtest/gtest.h>

#include <cmath>

#include <optional>
#include <set>
#include <string>

#include "workloads/random.h"

namespace kvs {
namespace {

SizeSpec Constant(uint32_t bytes) { return {SizeSpec::Kind::kConstant, bytes, bytes, 1}; }

std::string EncodeValue(const ValueCodec& codec, uint64_t key, uint32_t writer, uint32_t version) {
  std::string buffer(codec.buffer_size() + 1, '\x7F');
  const std::string value(codec.Encode(key, writer, version, buffer.data()));
  EXPECT_EQ(buffer.back(), '\x7F') << "wrote beyond buffer_size()";
  return value;
}

TEST(ValueCodecTest, WhatWasEncodedIsGood) {
  for (const uint32_t bytes : {0u, 1u, 7u, 23u, 24u, 25u, 39u, 40u, 41u, 100u, 1000u, 100'000u}) {
    const ValueCodec codec(Constant(bytes), 1);
    for (const uint64_t key : {uint64_t{0}, uint64_t{1}, (uint64_t{1} << 62) - 1}) {
      const std::string value = EncodeValue(codec, key, 3, 4'000'000'000);
      EXPECT_EQ(value.size(), bytes);
      EXPECT_EQ(codec.Check(key, value, true), ValueVerdict::kGood) << bytes;
      EXPECT_EQ(codec.Check(key, value, false), ValueVerdict::kGood) << bytes;
    }
  }
}

TEST(ValueCodecTest, AValueTellsWhoWroteIt) {
  for (const uint32_t bytes : {24u, 100u}) {
    const ValueCodec codec(Constant(bytes), 1);
    std::string value = EncodeValue(codec, (uint64_t{1} << 62) - 1, 3, 4'000'000'000);
    const std::optional<ValueOrigin> origin = codec.OriginOf(value);
    ASSERT_TRUE(origin);
    EXPECT_EQ(origin->key_number, (uint64_t{1} << 62) - 1);
    EXPECT_EQ(origin->writer, 3u);
    EXPECT_EQ(origin->version, 4'000'000'000u);
    value[20] ^= 1;
    EXPECT_FALSE(codec.OriginOf(value));
  }
}

TEST(ValueCodecTest, AnotherKeysValueIsForeign) {
  const ValueCodec codec(Constant(100), 1);
  const std::string value = EncodeValue(codec, 5, 1, 1);
  EXPECT_EQ(codec.Check(6, value, false), ValueVerdict::kForeign);
  EXPECT_EQ(codec.Check(6, value, true), ValueVerdict::kForeign);
}

TEST(ValueCodecTest, AnotherKeysShortValueIsDamaged) {
  const ValueCodec codec(Constant(8), 1);
  EXPECT_EQ(codec.Check(6, EncodeValue(codec, 5, 1, 1), true), ValueVerdict::kDamaged);
}

TEST(ValueCodecTest, AnyFlippedBitIsFound) {
  for (const uint32_t bytes : {5u, 24u, 70u}) {
    const ValueCodec codec(Constant(bytes), 1);
    const std::string good = EncodeValue(codec, 5, 1, 1);
    for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
      EXPECT_EQ(codec.Check(5, bad, true), ValueVerdict::kDamaged) << bit;
      // The header is checked always, the content only fully.
      if (bit < 8 * std::min<size_t>(24, bytes)) {
        EXPECT_EQ(codec.Check(5, bad, false), ValueVerdict::kDamaged) << bit;
      }
    }
  }
}

TEST(ValueCodecTest, AnyMixtureOfTwoVersionsIsFound) {
  const ValueCodec codec(Constant(200), 1);
  const std::string old_value = EncodeValue(codec, 5, 1, 1);
  const std::string new_value = EncodeValue(codec, 5, 2, 9);
  for (size_t cut = 1; cut < old_value.size(); ++cut) {
    for (const std::string& torn : {new_value.substr(0, cut) + old_value.substr(cut),
                                    old_value.substr(0, cut) + new_value.substr(cut)}) {
      if (torn == old_value || torn == new_value) continue;  // equal bytes at the end
      EXPECT_EQ(codec.Check(5, torn, true), ValueVerdict::kDamaged) << cut;
    }
  }
}

TEST(ValueCodecTest, OtherLengthsAreFound) {
  for (const uint32_t bytes : {10u, 24u, 100u}) {
    const ValueCodec codec(Constant(bytes), 1);
    const std::string value = EncodeValue(codec, 5, 1, 1);
    for (size_t length = 0; length < bytes; ++length) {
      EXPECT_EQ(codec.Check(5, value.substr(0, length), true), ValueVerdict::kDamaged) << length;
    }
    EXPECT_EQ(codec.Check(5, value + "x", true), ValueVerdict::kDamaged);
    EXPECT_EQ(codec.Check(5, value + std::string(100'000, 'x'), true), ValueVerdict::kDamaged);
  }
}

TEST(ValueCodecTest, AnotherSeedsValuesAreDamaged) {
  const ValueCodec codec(Constant(100), 1);
  const ValueCodec other(Constant(100), 2);
  EXPECT_EQ(other.Check(5, EncodeValue(codec, 5, 1, 1), false), ValueVerdict::kDamaged);
}

TEST(ValueCodecTest, SizesFollowTheirDistribution) {
  for (const auto kind : {SizeSpec::Kind::kUniform, SizeSpec::Kind::kZipfian}) {
    const ValueCodec codec({kind, 10, 110, 1}, 1);
    std::set<size_t> sizes;
    double sum = 0;
    constexpr int kKeys = 20'000;
    for (uint64_t key = 0; key < kKeys; ++key) {
      const std::string value = EncodeValue(codec, key, 1, 1);
      EXPECT_EQ(codec.Check(key, value, true), ValueVerdict::kGood);
      sizes.insert(value.size());
      sum += static_cast<double>(value.size());
    }
    EXPECT_EQ(*sizes.begin(), 10u);
    EXPECT_EQ(*sizes.rbegin(), 110u);
    EXPECT_GT(sizes.size(), 90u);
    // Uniform: 60 on average, with a standard error of 0.2. Zipfian favours small ones.
    if (kind == SizeSpec::Kind::kUniform) {
      EXPECT_NEAR(sum / kKeys, 60, 1);
    } else {
      EXPECT_LT(sum / kKeys, 40);
    }
  }
}

TEST(ValueCodecTest, FieldsAddUp) {
  // Ten uniform fields of 1 to 100 bytes: mean 505, standard deviation sqrt(10) * 28.9 = 91.
  const ValueCodec codec({SizeSpec::Kind::kUniform, 10, 1000, 10}, 1);
  double sum = 0;
  double squares = 0;
  constexpr int kKeys = 20'000;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const auto size = static_cast<double>(EncodeValue(codec, key, 1, 1).size());
    sum += size;
    squares += size * size;
  }
  const double mean = sum / kKeys;
  EXPECT_NEAR(mean, 505, 4);
  EXPECT_NEAR(std::sqrt(squares / kKeys - mean * mean), 91.3, 3);
}

TEST(ValueCodecTest, CompressibleValuesAreCheckedToo) {
  for (const double ratio : {0.0, 0.1, 0.5, 0.99}) {
    for (const uint32_t bytes : {10u, 24u, 40u, 41u, 100u, 1000u}) {
      const ValueCodec codec(Constant(bytes), 1, ratio);
      const std::string good = EncodeValue(codec, 5, 1, 1);
      const std::string later = EncodeValue(codec, 5, 1, 2);
      EXPECT_EQ(codec.Check(5, good, true), ValueVerdict::kGood);
      for (size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 1);
        EXPECT_EQ(codec.Check(5, bad, true), ValueVerdict::kDamaged) << at;
        const std::string torn = good.substr(0, at) + later.substr(at);
        if (torn == good || torn == later) continue;
        EXPECT_EQ(codec.Check(5, torn, true), ValueVerdict::kDamaged) << at;
      }
    }
  }
}

TEST(ValueCodecTest, TheRepetitionBeginsWhereTheRatioSaysAndIsTheValuesOwn) {
  constexpr size_t kPeriod = 16;
  std::set<std::string> repeated;
  for (const double ratio : {0.25, 0.5, 0.75}) {
    const ValueCodec codec(Constant(1000), 1, ratio);
    for (uint64_t key = 0; key < 10; ++key) {
      const std::string value = EncodeValue(codec, key, 1, 1);
      size_t begin = value.size() - kPeriod;
      while (begin > 0 && value[begin - 1] == value[begin - 1 + kPeriod]) --begin;
      // The first 16 repeated bytes are as good as random, and a byte or two before them may fit by
      // chance.
      EXPECT_NEAR(static_cast<double>(begin + kPeriod), 1000 * ratio, 2);
      repeated.insert(value.substr(value.size() - kPeriod));
    }
  }
  EXPECT_EQ(repeated.size(), 30u);  // where it ends in the period depends on the ratio
}

TEST(ValueCodecTest, AnotherRatiosValuesAreDamaged) {
  const ValueCodec codec(Constant(1000), 1, 0.5);
  const ValueCodec other(Constant(1000), 1, 0.6);
  EXPECT_EQ(other.Check(5, EncodeValue(codec, 5, 1, 1), true), ValueVerdict::kDamaged);
}

// Nothing for a compressor: each byte value is as frequent as another over many values.
TEST(ValueCodecTest, BytesAreSpreadEvenly) {
  const ValueCodec codec(Constant(100), 1);
  std::vector<int> counts(256);
  constexpr int kKeys = 5000;
  for (uint64_t key = 0; key < kKeys; ++key) {
    for (const char c : EncodeValue(codec, key, 1, 1)) ++counts[static_cast<unsigned char>(c)];
  }
  const double expected = kKeys * 100 / 256.0;
  for (const int count : counts) EXPECT_NEAR(count, expected, 6 * std::sqrt(expected));
}

}  // namespace
}  // namespace kvs
