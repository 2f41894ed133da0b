#include "workloads/key_renderer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "tests/sanitizer.h"
#include "workloads/decimal.h"
#include "workloads/operation.h"
#include "workloads/random.h"

namespace kvs {
namespace {

std::string RenderKey(const KeyRenderer& renderer, uint64_t number) {
  // Filled, so that a byte that is not written shows; one guard byte behind.
  std::string buffer(renderer.max_size() + 1, '\x7F');
  const std::string key(renderer.Render(number, buffer.data()));
  EXPECT_EQ(buffer.back(), '\x7F') << "wrote beyond max_size()";
  return key;
}

KeySpec Binary(uint32_t bytes) {
  KeySpec spec;
  spec.format = KeyFormat::kBinary;
  spec.hashed_order = false;
  spec.size = SizeSpec{SizeSpec::Kind::kConstant, bytes, bytes, 1};
  return spec;
}

TEST(DecimalTest, AgreesWithTheLibrary) {
  std::vector<uint64_t> numbers;
  for (uint64_t power = 1; power < 1'000'000'000'000'000'000; power *= 10) {
    for (const uint64_t n : {power - 1, power, power + 1, 2 * power, 9 * power})
      numbers.push_back(n);
  }
  for (uint64_t n = 0; n < 20'000; ++n) numbers.push_back(n);
  for (uint64_t n = 0; n < 1000; ++n) numbers.push_back(n * kTenTo16 + 99'999'999);
  numbers.push_back(~uint64_t{0} >> 1);
  Random random(1);
  for (int i = 0; i < 200'000; ++i) numbers.push_back(random.Next() >> (1 + random.Below(63)));
  for (const uint64_t number : numbers) {
    char buffer[24];
    const size_t count = StoreDecimal(number, buffer);
    ASSERT_EQ(std::string_view(buffer, count), std::to_string(number));
  }
}

TEST(DecimalTest, EveryEightDigitsAgree) {
  for (uint64_t n = 0; n < kTenTo8; n += n < 100'000 ? 1 : 997) {
    char padded[8];
    StoreEightDigits(n, padded);
    const std::string want = std::to_string(kTenTo8 + n).substr(1);
    ASSERT_EQ(std::string_view(padded, 8), want);
    char sixteen[16];
    StoreSixteenDigits(static_cast<uint32_t>(n), static_cast<uint32_t>(kTenTo8 - 1 - n), sixteen);
    ASSERT_EQ(std::string_view(sixteen, 8), want);
    ASSERT_EQ(std::string_view(sixteen + 8, 8), std::to_string(2 * kTenTo8 - 1 - n).substr(1));
  }
}

TEST(KeyRendererTest, YcsbKeysHaveYcsbsFormat) {
  KeySpec spec;
  EXPECT_EQ(RenderKey(KeyRenderer(spec), 1), "user8517097267634966620");
  spec.hashed_order = false;
  EXPECT_EQ(RenderKey(KeyRenderer(spec), 5), "user5");
  spec.zero_padding = 8;
  EXPECT_EQ(RenderKey(KeyRenderer(spec), 5), "user00000005");
}

TEST(KeyRendererTest, BinaryKeysHaveDbBenchsFormat) {
  using namespace std::string_literals;
  EXPECT_EQ(RenderKey(KeyRenderer(Binary(16)), 0x0102),
            "\0\0\0\0\0\0\1\2"s
            "00000000"s);
  EXPECT_EQ(RenderKey(KeyRenderer(Binary(8)), 0x0102), "\0\0\0\0\0\0\1\2"s);
  EXPECT_EQ(RenderKey(KeyRenderer(Binary(11)), 0x0102),
            "\0\0\0\0\0\0\1\2"s
            "000"s);
}

TEST(KeyRendererTest, BinaryKeysSortAsTheirNumbers) {
  const KeyRenderer renderer(Binary(16));
  EXPECT_LT(RenderKey(renderer, 255), RenderKey(renderer, 256));
  EXPECT_LT(RenderKey(renderer, 256), RenderKey(renderer, uint64_t{1} << 40));
}

TEST(KeyRendererTest, KeySizePadsYcsbKeysWithZeros) {
  KeySpec spec;
  spec.hashed_order = false;
  spec.size = SizeSpec{SizeSpec::Kind::kConstant, 12, 12, 1};
  EXPECT_EQ(RenderKey(KeyRenderer(spec), 123), "user00000123");
  EXPECT_EQ(RenderKey(KeyRenderer(spec), 1234567890), "user1234567890");
}

std::vector<KeySpec> AllKindsOfKeys() {
  std::vector<KeySpec> specs;
  for (const KeyFormat format : {KeyFormat::kYcsb, KeyFormat::kBinary}) {
    for (const bool hashed : {false, true}) {
      for (const auto kind :
           {SizeSpec::Kind::kConstant, SizeSpec::Kind::kUniform, SizeSpec::Kind::kZipfian}) {
        KeySpec spec;
        spec.format = format;
        spec.hashed_order = hashed;
        spec.size = SizeSpec{kind, kind == SizeSpec::Kind::kConstant ? 40u : 8u, 40, 1};
        specs.push_back(spec);
      }
    }
  }
  specs.emplace_back();
  return specs;
}

// Also where the batch is not a multiple of what is rendered together, and where single keys need
// another way: short hashes, large numbers, missing keys.
TEST(KeyRendererTest, ABatchIsRenderedAsOneByOne) {
  Random random(7);
  std::vector<KeySpec> specs(7);
  specs[1].zero_padding = 16;
  specs[2].zero_padding = 17;
  specs[3].zero_padding = 19;
  specs[4].zero_padding = 24;
  specs[5].hashed_order = false;
  specs[6].size = SizeSpec{SizeSpec::Kind::kUniform, 20, 40, 1};
  specs.push_back(Binary(16));
  for (const KeySpec& spec : specs) {
    const KeyRenderer renderer(spec);
    KeyBatch batch;
    uint64_t next = 0;
    for (const size_t count : {200, 1, 3, 64, 0, 67, 20'000}) {
      std::vector<Operation> operations(count);
      for (Operation& operation : operations) {
        operation.key_number = next++;
        if (random.Below(1000) == 0) operation.key_number = random.Next() >> (1 + random.Below(63));
        if (random.Below(1000) == 0) operation.key_number |= kMissingKeyBit;
      }
      renderer.RenderAll(operations, batch);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_EQ(batch.keys[i], RenderKey(renderer, operations[i].key_number))
            << operations[i].key_number << " with zero padding " << spec.zero_padding;
      }
    }
  }
}

TEST(KeyRendererTest, DifferentNumbersGiveDifferentKeys) {
  for (const KeySpec& spec : AllKindsOfKeys()) {
    const KeyRenderer renderer(spec);
    std::unordered_set<std::string> keys;
    for (uint64_t n = 0; n < (kHasSanitizer ? 4'000 : 20'000); ++n) {
      for (const uint64_t number : {n, n | kMissingKeyBit}) {
        const std::string key = RenderKey(renderer, number);
        EXPECT_TRUE(keys.insert(key).second) << key;
        EXPECT_LE(key.size(), renderer.max_size());
        ASSERT_EQ(RenderKey(renderer, number), key);
      }
    }
  }
}

TEST(KeyRendererTest, MissingKeysLieRightBehindStoredOnes) {
  for (const KeySpec& spec : AllKindsOfKeys()) {
    const KeyRenderer renderer(spec);
    const std::string stored = RenderKey(renderer, 77);
    const std::string missing = RenderKey(renderer, 77 | kMissingKeyBit);
    EXPECT_EQ(missing.substr(0, stored.size()), stored);
    EXPECT_EQ(missing.size(), stored.size() + 1);
  }
}

}  // namespace
}  // namespace kvs
