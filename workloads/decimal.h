// Decimal digits of large numbers, fast: a key of YCSB's is 19 of them.
#ifndef KVS_WORKLOADS_DECIMAL_H_
#define KVS_WORKLOADS_DECIMAL_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace kvs {

static_assert(std::endian::native == std::endian::little, "digits are laid out in words");

inline constexpr uint64_t kTenTo8 = 100'000'000;
inline constexpr uint64_t kTenTo16 = kTenTo8 * kTenTo8;
inline constexpr uint64_t kAsciiZeros = 0x3030303030303030;

// The eight digits of `value` < 10^8 as numbers, the first in the lowest byte: halves, quarters and
// single digits are split off in all lanes of one word at once, each by multiplication with a
// rounded-up reciprocal that is exact in its range.
inline uint64_t EightDigits(uint64_t value) {
  const uint64_t fours = value / 10'000 + ((value % 10'000) << 32);
  const uint64_t hundreds = ((fours * 10'486) >> 20) & 0x0000'007F'0000'007F;
  const uint64_t twos = hundreds + ((fours - 100 * hundreds) << 16);
  const uint64_t tens = ((twos * 103) >> 10) & 0x000F'000F'000F'000F;
  return tens + ((twos - 10 * tens) << 8);
}

// Stores the eight digits of `value` < 10^8, leading zeros included.
inline void StoreEightDigits(uint64_t value, char* out) {
  const uint64_t digits = EightDigits(value) | kAsciiZeros;
  std::memcpy(out, &digits, sizeof digits);
}

// Stores the digits of `value` < 10^8 without leading zeros (0 is one digit) and returns their
// number. Writes 8 bytes in any case.
inline size_t StoreUpToEightDigits(uint64_t value, char* out) {
  const uint64_t digits = EightDigits(value);
  // Leading zeros are the low bytes; the bit keeps the last digit of 0.
  const int zeros = std::countr_zero(digits | uint64_t{1} << 56) / 8;
  const uint64_t shown = (digits | kAsciiZeros) >> (8 * zeros);
  std::memcpy(out, &shown, sizeof shown);
  return 8 - static_cast<size_t>(zeros);
}

// The same for `value` < 1000.
inline size_t StoreUpToThreeDigits(uint64_t value, char* out) {
  const uint64_t hundreds = value * 41 >> 12;
  const uint64_t rest = value - 100 * hundreds;
  const uint64_t tens = rest * 103 >> 10;
  const uint64_t digits = (hundreds | tens << 8 | (rest - 10 * tens) << 16) + kAsciiZeros;
  const size_t count = 1 + (value >= 10 ? 1 : 0) + (value >= 100 ? 1 : 0);
  const uint64_t shown = digits >> (8 * (3 - count));
  std::memcpy(out, &shown, sizeof shown);
  return count;
}

// Stores the sixteen digits of high * 10^8 + low, leading zeros included; high and low < 10^8. With
// SSE2, which every x86-64 has, in one store: whoever loads 16 bytes of the key need not wait.
inline void StoreSixteenDigits(uint32_t high, uint32_t low, char* out) {
#ifdef __SSE2__
  // As EightDigits, in the lanes of one register.
  __m128i lanes = _mm_set_epi64x(low, high);
  __m128i upper = _mm_srli_epi64(_mm_mul_epu32(lanes, _mm_set1_epi64x(3'518'437'209)), 45);
  lanes = _mm_sub_epi32(lanes, _mm_mul_epu32(upper, _mm_set1_epi64x(10'000)));
  lanes = _mm_or_si128(upper, _mm_slli_epi64(lanes, 32));
  upper = _mm_srli_epi16(_mm_mulhi_epu16(lanes, _mm_set1_epi16(5243)), 3);
  lanes = _mm_sub_epi16(lanes, _mm_mullo_epi16(upper, _mm_set1_epi16(100)));
  lanes = _mm_or_si128(upper, _mm_slli_epi32(lanes, 16));
  upper = _mm_mulhi_epu16(lanes, _mm_set1_epi16(6554));
  lanes = _mm_sub_epi16(lanes, _mm_mullo_epi16(upper, _mm_set1_epi16(10)));
  lanes = _mm_or_si128(upper, _mm_slli_epi16(lanes, 8));
  lanes = _mm_or_si128(lanes, _mm_set1_epi8('0'));
  std::memcpy(out, &lanes, sizeof lanes);
#else
  StoreEightDigits(high, out);
  StoreEightDigits(low, out + 8);
#endif
}

// Stores the digits of `value` < 10^19 at `out`, which has room for all of them and for 8 bytes at
// least, and returns their number.
inline size_t StoreDecimal(uint64_t value, char* out) {
  if (value >= kTenTo16) {
    const uint64_t top = value / kTenTo16;
    const uint64_t rest = value - top * kTenTo16;
    const size_t count = StoreUpToThreeDigits(top, out);
    StoreSixteenDigits(static_cast<uint32_t>(rest / kTenTo8), static_cast<uint32_t>(rest % kTenTo8),
                       out + count);
    return count + 16;
  }
  if (value < kTenTo8) return StoreUpToEightDigits(value, out);
  const size_t count = StoreUpToEightDigits(value / kTenTo8, out);
  StoreEightDigits(value % kTenTo8, out + count);
  return count + 8;
}

}  // namespace kvs

#endif  // KVS_WORKLOADS_DECIMAL_H_
