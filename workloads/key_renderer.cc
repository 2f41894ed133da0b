#include "workloads/key_renderer.h"

#include <algorithm>
#include <cstring>

#include "workloads/decimal.h"
#include "workloads/random.h"
#include "workloads/vector2.h"
#include "workloads/ycsb_formulae.h"
#include "workloads/ycsb_lanes.h"

namespace kvs {
namespace {

constexpr uint64_t kKeySizeSalt = 1;
constexpr size_t kTogether = 64;    // keys rendered at a time
constexpr size_t kPrefixBytes = 4;  // "user"
constexpr size_t kMostDigits = 19;  // of a number below 2^63
// Digits in a ycsb key of `key_bytes`.
size_t Digits(size_t key_bytes) { return std::max(key_bytes, kPrefixBytes) - kPrefixBytes; }

}  // namespace

KeyRenderer::KeyRenderer(const KeySpec& spec)
    : format_(spec.format), hashed_order_(spec.hashed_order), least_digits_(spec.zero_padding) {
  size_t asked = 0;
  if (spec.size.has_value()) {
    size_.emplace(*spec.size, kKeySizeSalt);
    asked = spec.size->max_bytes;
    least_digits_ = std::max<size_t>(least_digits_, Digits(spec.size->min_bytes));
    sizes_vary_ = spec.size->min_bytes != spec.size->max_bytes;
  }
  const size_t formatted = format_ == KeyFormat::kBinary
                               ? sizeof(uint64_t)
                               : kPrefixBytes + std::max(kMostDigits, least_digits_);
  max_size_ = std::max(asked, formatted) + 1;
#ifdef KVS_HAS_LANES
  lanes_fit_ = format_ == KeyFormat::kYcsb && hashed_order_ && !sizes_vary_ &&
               least_digits_ <= kMostDigits && lanes::Available();
#endif
}

std::string_view KeyRenderer::Render(uint64_t number, char* buffer) const {
  const bool missing = (number & kMissingKeyBit) != 0;
  number &= ~kMissingKeyBit;
  size_t size =
      format_ == KeyFormat::kBinary ? RenderBinary(number, buffer) : RenderYcsb(number, buffer);
  if (missing) buffer[size++] = '.';
  return {buffer, size};
}

void KeyRenderer::RenderAll(std::span<const Operation> operations, KeyBatch& batch) const {
  if (batch.keys.size() < operations.size()) batch.keys.resize(operations.size());
  const size_t room = operations.size() * max_size_;
  if (batch.bytes.size() < room) batch.bytes.resize(room);
  for (size_t done = 0; done < operations.size();) {
    const std::span<const Operation> next =
        operations.subspan(done, std::min(kTogether, operations.size() - done));
    char* const buffer = batch.bytes.data() + done * max_size_;
    size_t i = lanes_fit_ ? RenderInLanes(next, buffer, &batch.keys[done]) : 0;
    for (; i < next.size(); ++i) {
      batch.keys[done + i] = Render(next[i].key_number, buffer + i * max_size_);
    }
    done += next.size();
  }
}

#ifdef KVS_HAS_LANES

// Most hashes have 19 digits, few less than 17: the sixteen last ones of four keys are made
// together, and up to three go before them.
[[gnu::target("avx2")]] size_t KeyRenderer::RenderInLanes(std::span<const Operation> operations,
                                                          char* buffer,
                                                          std::string_view* keys) const {
  constexpr uint64_t kUser = 0x72657375;  // "user", the first letter in the lowest byte
  using lanes::kWidth;
  using lanes::Word;
  const size_t count = operations.size() - operations.size() % kWidth;
  lanes::Words numbers;
  __m256i all_bits = Word(0);
  for (size_t i = 0; i < count; i += kWidth) {
    // The numbers of four operations of two words each.
    const auto* const words = reinterpret_cast<const uint64_t*>(&operations[i]);
    const __m256i four = _mm256_permute4x64_epi64(
        _mm256_unpacklo_epi64(lanes::Load(words), lanes::Load(words + kWidth)), 0b11011000);
    lanes::Store(&numbers.words[i], four);
    all_bits = _mm256_or_si256(all_bits, four);
  }
  if (!lanes::Below(40, all_bits)) return 0;
  if (lanes::Below(24, all_bits)) {
    lanes::FnvHashAll<3>(numbers, count);
  } else {
    lanes::FnvHashAll<5>(numbers, count);
  }
  lanes::Words tops;
  lanes::Words rests;
  for (size_t i = 0; i < count; i += kWidth) {
    const lanes::Quotient top = lanes::DivideByTenTo16(lanes::Load(&numbers.words[i]));
    lanes::Store(&tops.words[i], top.quotient);
    lanes::Store(&rests.words[i], top.remainder);
  }
  lanes::Words fours;
  for (size_t i = 0; i < count; i += kWidth) {
    const lanes::Quotient high = lanes::DivideByTenTo8(lanes::Load(&rests.words[i]));
    lanes::Store(&fours.words[i],
                 _mm256_or_si256(lanes::TwoTimesFourDigits(high.quotient),
                                 _mm256_slli_epi64(lanes::TwoTimesFourDigits(high.remainder), 32)));
  }
  alignas(64) uint64_t tails[kTogether][2];
  for (size_t i = 0; i < count; i += kWidth) {
    lanes::StoreSixteenDigits(lanes::Load(&fours.words[i]), tails[i]);
  }

  // "user", the digits of the top that are shown, and how many bytes these are: in the last byte,
  // over which the tail is written.
  lanes::Words heads;
  const __m256i user = _mm256_set1_epi32(kUser);
  const __m256i least_shown =
      _mm256_set1_epi32(least_digits_ > 16 ? static_cast<int>(least_digits_) - 16 : 0);
  __m256i any_short = Word(0);
  for (size_t i = count; i % (2 * kWidth) != 0; ++i) tops.words[i] = 1;
  for (size_t i = 0; i < count; i += 2 * kWidth) {
    const __m256i top = lanes::LowerHalves(&tops.words[i]);
    const __m256i shown = _mm256_max_epi32(lanes::CountDigits(top), least_shown);
    any_short = _mm256_or_si256(any_short, _mm256_cmpeq_epi32(shown, Word(0)));
    const __m256i three = _mm256_srlv_epi32(
        _mm256_or_si256(lanes::ThreeDigits(top), _mm256_set1_epi32(kAsciiZeros & 0xFFFFFF)),
        _mm256_sub_epi32(_mm256_set1_epi32(24), _mm256_slli_epi32(shown, 3)));
    const __m256i size = _mm256_add_epi32(shown, _mm256_set1_epi32(kPrefixBytes));
    const __m256i rest = _mm256_or_si256(three, _mm256_slli_epi32(size, 24));
    lanes::Store(&heads.words[i], _mm256_unpacklo_epi32(user, rest));
    lanes::Store(&heads.words[i + kWidth], _mm256_unpackhi_epi32(user, rest));
  }
  const size_t stride = max_size_;
#pragma GCC unroll 4
  for (size_t i = 0; i < count; ++i) {
    char* const key = buffer + i * stride;
    const uint64_t head = heads.words[i];
    const size_t head_size = head >> 56;
    std::memcpy(key, &head, sizeof head);
    std::memcpy(key + head_size, tails[i], sizeof tails[i]);
    keys[i] = {key, head_size + sizeof tails[i]};
  }
  if (_mm256_testz_si256(any_short, any_short) == 0) [[unlikely]] {
    for (size_t i = 0; i < count; ++i) {
      if (heads.words[i] >> 56 != kPrefixBytes) continue;
      keys[i] = Render(operations[i].key_number, buffer + i * stride);
    }
  }
  return count;
}

#else

size_t KeyRenderer::RenderInLanes(std::span<const Operation>, char*, std::string_view*) const {
  return 0;
}

#endif  // KVS_HAS_LANES

// CoreWorkload.buildKeyName: "user", zeros up to zeropadding digits, the number or its hash.
size_t KeyRenderer::RenderYcsb(uint64_t number, char* buffer) const {
  const uint64_t shown = hashed_order_ ? FnvHash64(number) : number;
  std::memcpy(buffer, "user", kPrefixBytes);
  char* const digits = buffer + kPrefixBytes;
  const size_t count = StoreDecimal(shown, digits);
  size_t wanted = least_digits_;
  if (sizes_vary_) wanted = std::max<size_t>(wanted, Digits(size_->SizeOf(number)));
  if (wanted <= count) [[likely]] {
    return kPrefixBytes + count;
  }
  std::memmove(digits + wanted - count, digits, count);
  std::memset(digits, '0', wanted - count);
  return kPrefixBytes + wanted;
}

// db_bench's GenerateKeyFromInt. Sizes below 8 bytes are refused by the parser.
size_t KeyRenderer::RenderBinary(uint64_t number, char* buffer) const {
  const uint64_t shown = hashed_order_ ? Mix64(number) : number;
  const uint64_t big_endian = __builtin_bswap64(shown);
  const size_t size = size_.has_value() ? size_->SizeOf(number) : sizeof big_endian;
  if (size == sizeof(Vector2)) {
    // One store: an engine that reads the key in one load would wait for two.
    const Vector2 key = {big_endian, kAsciiZeros};
    std::memcpy(buffer, &key, sizeof key);
    return size;
  }
  std::memcpy(buffer, &big_endian, sizeof big_endian);
  std::memset(buffer + sizeof big_endian, '0', size - sizeof big_endian);
  return size;
}

}  // namespace kvs
