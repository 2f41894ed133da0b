#include "engines/log_store/crc32c.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

namespace kvs {
namespace {

// 0x1edc6f41 with its bits reversed: the highest bit is that of x^0, here and in all check values.
constexpr uint32_t kPolynomial = 0x82f63b78;

// Modulo the polynomial.
constexpr uint32_t TimesX(uint32_t a) { return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0); }

constexpr std::array<uint32_t, 256> MakeTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    table[byte] = crc;
  }
  return table;
}

constexpr std::array<uint32_t, 256> kTable = MakeTable();

#if defined(__x86_64__)
constexpr size_t kWord = 8;  // bytes that the instruction takes

// What Multiply takes to append [i] words of zeros: x^(64 i - 33).
constexpr size_t kLongestPart = 256;  // words
constexpr std::array<uint32_t, kLongestPart + 1> MakeShifts() {
  std::array<uint32_t, kLongestPart + 1> shifts{};
  uint32_t power = 0x80000000;
  for (int exponent = 0; exponent < 64 - 33; ++exponent) power = TimesX(power);
  for (size_t words = 1; words <= kLongestPart; ++words) {
    shifts[words] = power;
    for (size_t bit = 0; bit < 8 * kWord; ++bit) power = TimesX(power);
  }
  return shifts;
}

constexpr std::array<uint32_t, kLongestPart + 1> kShifts = MakeShifts();

#define KVS_WITH_CRC_INSTRUCTIONS __attribute__((target("sse4.2,pclmul")))

// a * b * x^33 modulo the polynomial. The product of two reversed numbers is reversed but for a
// factor of x, and the check value of 64 bits is their remainder, times x^32.
KVS_WITH_CRC_INSTRUCTIONS inline uint64_t Multiply(uint64_t a, uint32_t b) {
  const __m128i product =
      _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<int64_t>(a)), _mm_cvtsi64_si128(b), 0);
  return _mm_crc32_u64(0, static_cast<uint64_t>(_mm_cvtsi128_si64(product)));
}

inline uint64_t WordAt(const unsigned char* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// The instruction takes three cycles, but one can begin in each. So three parts of the data are
// done at a time, and put together after that: where they are long enough to be worth it.
// (V. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel,
// 2011.)
KVS_WITH_CRC_INSTRUCTIONS uint32_t ExtendByInstructions(uint32_t crc, const void* data,
                                                        size_t size) {
  constexpr size_t kShortestPart = 8;  // words
  const auto* p = static_cast<const unsigned char*>(data);
  uint64_t state = ~crc;
  while (size >= 3 * kShortestPart * kWord) {
    const size_t words = std::min(size / (3 * kWord), kLongestPart);
    const size_t part = words * kWord;
    uint64_t second = 0;
    uint64_t third = 0;
    for (const unsigned char* const end = p + part; p < end; p += kWord) {
      state = _mm_crc32_u64(state, WordAt(p));
      second = _mm_crc32_u64(second, WordAt(p + part));
      third = _mm_crc32_u64(third, WordAt(p + 2 * part));
    }
    state = Multiply(Multiply(state, kShifts[words]) ^ second, kShifts[words]) ^ third;
    p += 2 * part;
    size -= 3 * part;
  }
  for (; size >= kWord; p += kWord, size -= kWord) state = _mm_crc32_u64(state, WordAt(p));
  for (; size > 0; ++p, --size) state = _mm_crc32_u8(static_cast<uint32_t>(state), *p);
  return ~static_cast<uint32_t>(state);
}

const bool kHasInstructions =
    __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("pclmul") != 0;
#endif

}  // namespace

uint32_t ExtendCrc32cByTable(uint32_t crc, const void* data, size_t size) {
  const auto* p = static_cast<const unsigned char*>(data);
  uint32_t state = ~crc;
  for (size_t i = 0; i < size; ++i) state = (state >> 8) ^ kTable[(state ^ p[i]) & 0xff];
  return ~state;
}

uint32_t ExtendCrc32c(uint32_t crc, const void* data, size_t size) {
#if defined(__x86_64__)
  if (kHasInstructions) return ExtendByInstructions(crc, data, size);
#endif
  return ExtendCrc32cByTable(crc, data, size);
}

}  // namespace kvs
