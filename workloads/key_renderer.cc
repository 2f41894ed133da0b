#include "workloads/key_renderer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "workloads/operation.h"
#include "workloads/random.h"
#include "workloads/ycsb_formulae.h"

namespace kvs {
namespace {

static_assert(std::endian::native == std::endian::little, "the word tricks below assume it");

constexpr uint64_t kKeySizeSalt = 1;
constexpr size_t kPrefixBytes = 4;  // "user"
constexpr size_t kMostDigits = 19;  // of a number below 2^63
constexpr uint64_t kTenTo8 = 100'000'000;
constexpr uint64_t kAsciiZeros = 0x3030303030303030;

using Vector2 = uint64_t __attribute__((vector_size(16)));

// The eight decimal digits of `value` < 10^8, the first in the lowest byte: halves, quarters and
// single digits are split off in all lanes of one word at once, each by multiplication with a
// rounded-up reciprocal that is exact in its range.
uint64_t EightDigits(uint64_t value) {
  const uint64_t fours = value / 10'000 + ((value % 10'000) << 32);
  const uint64_t hundreds = ((fours * 10'486) >> 20) & 0x0000'007F'0000'007F;
  const uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16);
  const uint64_t tens = ((twos * 103) >> 10) & 0x000F'000F'000F'000F;
  return tens + ((twos - 10 * tens) << 8);
}

size_t CountDigits(uint64_t eight_digits) {
  // Leading zeros are the low bytes; a single zero keeps one digit.
  return 8 - static_cast<size_t>(std::countr_zero(eight_digits | uint64_t{1} << 56)) / 8;
}

void StoreEight(uint64_t word, char* out) { std::memcpy(out, &word, sizeof word); }

// Stores the digits of `value` without leading zeros. Writes 8 bytes even for a shorter number, and
// never beyond the 8th or the last digit.
size_t StoreLeading(uint64_t value, char* out) {
  const uint64_t digits = EightDigits(value);
  const size_t count = CountDigits(digits);
  StoreEight((digits | kAsciiZeros) >> (8 * (8 - count)), out);
  return count;
}

void StoreGroup(uint64_t value, char* out) { StoreEight(EightDigits(value) | kAsciiZeros, out); }

// Stores the decimal digits of `value` at `out`, which has room for at least 8 bytes and for all
// digits, and returns their number.
size_t StoreDecimal(uint64_t value, char* out) {
  if (value < kTenTo8) return StoreLeading(value, out);
  const uint64_t low = value % kTenTo8;
  const uint64_t rest = value / kTenTo8;
  size_t count = 0;
  if (rest < kTenTo8) {
    count = StoreLeading(rest, out);
  } else {
    count = StoreLeading(rest / kTenTo8, out);
    StoreGroup(rest % kTenTo8, out + count);
    count += 8;
  }
  StoreGroup(low, out + count);
  return count + 8;
}

}  // namespace

KeyRenderer::KeyRenderer(const KeySpec& spec)
    : format_(spec.format), hashed_order_(spec.hashed_order), zero_padding_(spec.zero_padding) {
  if (spec.size.has_value()) size_.emplace(*spec.size, kKeySizeSalt);
  const size_t asked = spec.size.has_value() ? spec.size->max_bytes : 0;
  const size_t formatted = format_ == KeyFormat::kBinary
                               ? sizeof(uint64_t)
                               : kPrefixBytes + std::max<size_t>(kMostDigits, zero_padding_);
  max_size_ = std::max(asked, formatted) + 1;
}

std::string_view KeyRenderer::Render(uint64_t number, char* buffer) const {
  const bool missing = (number & kMissingKeyBit) != 0;
  number &= ~kMissingKeyBit;
  size_t size =
      format_ == KeyFormat::kBinary ? RenderBinary(number, buffer) : RenderYcsb(number, buffer);
  if (missing) buffer[size++] = '.';
  return {buffer, size};
}

// CoreWorkload.buildKeyName: "user", zeros up to zeropadding digits, the number or its hash.
size_t KeyRenderer::RenderYcsb(uint64_t number, char* buffer) const {
  const uint64_t shown = hashed_order_ ? FnvHash64(number) : number;
  std::memcpy(buffer, "user", kPrefixBytes);
  char* const digits = buffer + kPrefixBytes;
  const size_t count = StoreDecimal(shown, digits);
  size_t wanted = zero_padding_;
  if (size_.has_value()) {
    wanted = std::max<size_t>(wanted,
                              std::max<size_t>(size_->SizeOf(number), kPrefixBytes) - kPrefixBytes);
  }
  if (wanted <= count) return kPrefixBytes + count;
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
