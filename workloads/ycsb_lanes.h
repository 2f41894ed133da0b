// YCSB's formulae on four numbers at a time, with AVX2: the same results as ycsb_formulae.h and
// decimal.h, bit for bit. Callers ask Available() first; without it they go one by one.
//
// Every step waits for the one before. So callers, and the functions on many numbers here, do a few
// steps for up to kMost numbers, which wait in memory, before the next steps: short chains of many
// groups overlap, while few groups of long chains fill a processor's queue.
#ifndef KVS_WORKLOADS_YCSB_LANES_H_
#define KVS_WORKLOADS_YCSB_LANES_H_

#ifdef __x86_64__
#define KVS_HAS_LANES 1

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace kvs::lanes {

#define KVS_LANES [[gnu::target("avx2"), gnu::always_inline]] inline

inline constexpr size_t kWidth = 4;
inline constexpr size_t kMost = 64;  // numbers that go through the steps together

// Where they wait.
struct Words {
  alignas(64) uint64_t words[kMost];
};

// Whether this CPU can run the functions below.
inline bool Available() { return __builtin_cpu_supports("avx2") != 0; }

KVS_LANES __m256i Load(const uint64_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

KVS_LANES void Store(uint64_t* words, __m256i lanes) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(words), lanes);
}

KVS_LANES __m256i Word(uint64_t word) { return _mm256_set1_epi64x(static_cast<int64_t>(word)); }
KVS_LANES __m256d Double(double value) { return _mm256_set1_pd(value); }

// Whether all words are below 2^bits.
KVS_LANES bool Below(int bits, __m256i words) {
  return _mm256_testz_si256(words, Word(~uint64_t{0} << bits)) != 0;
}

// a * factor modulo 2^64.
KVS_LANES __m256i MultiplyLow(__m256i a, uint64_t factor) {
  const __m256i low = Word(factor & 0xFFFFFFFF);
  const __m256i high = Word(factor >> 32);
  const __m256i crossed =
      _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(a, 32), low), _mm256_mul_epu32(a, high));
  return _mm256_add_epi64(_mm256_mul_epu32(a, low), _mm256_slli_epi64(crossed, 32));
}

// ToUnit: the upper 53 bits as a double in [0, 1). Their halves become doubles by being put into
// the mantissas of 2^52 and 2^84; all steps are exact.
KVS_LANES __m256d ToUnit(__m256i words) {
  const __m256i bits = _mm256_srli_epi64(words, 11);
  const __m256i low =
      _mm256_blend_epi32(bits, Word(0x4330'0000'0000'0000), 0b10101010);  // 2^52 + low half
  const __m256i high =
      _mm256_or_si256(_mm256_srli_epi64(bits, 32), Word(0x4530'0000'0000'0000));  // 2^84 + ...
  const __m256d sum =
      _mm256_add_pd(_mm256_sub_pd(_mm256_castsi256_pd(high), Double(0x1.0p84 + 0x1.0p52)),
                    _mm256_castsi256_pd(low));
  return _mm256_mul_pd(sum, Double(0x1.0p-53));
}

// For whole values, 0 <= value < 2^52.
KVS_LANES __m256i WholeToWord(__m256d value) {
  const __m256d shifted = _mm256_add_pd(value, Double(0x1.0p52));
  return _mm256_xor_si256(_mm256_castpd_si256(shifted), Word(0x4330'0000'0000'0000));
}

// Rounded down, for 0 <= value < 2^52.
KVS_LANES __m256i ToWord(__m256d value) { return WholeToWord(_mm256_floor_pd(value)); }

inline constexpr uint64_t kFnvStart = 0xCBF29CE484222325ull;
inline constexpr uint64_t kFnvPrime = 1099511628211ull;  // 2^40 + 435

constexpr uint64_t FnvPrimeToThe(int power) {
  uint64_t product = 1;
  for (int i = 0; i < power; ++i) product *= kFnvPrime;
  return product;
}

// Whether this CPU multiplies 64-bit words in lanes with one instruction, in the widest registers,
// and does not lower its clock rate, and so that of whatever is measured beside, when it uses them:
// since Ice Lake and Zen 4, which came with the last of these.
inline bool MultipliesWords() {
  return __builtin_cpu_supports("avx512dq") != 0 && __builtin_cpu_supports("avx512vbmi2") != 0;
}

// FnvHashAll with that instruction. All words go through it, so those behind `count` get a value.
[[gnu::target("avx512f,avx512dq")]] inline void FnvHashAllByWords(Words& values, size_t count,
                                                                  int bytes) {
  for (size_t i = count; i < kMost; ++i) values.words[i] = 0;
  constexpr size_t kWords = sizeof(__m512i) / sizeof(uint64_t);
  constexpr size_t kGroups = kMost / kWords;
  constexpr __mmask8 kAll = 0xFF;  // without a mask GCC 12 warns of its own header
  const __m512i prime = _mm512_set1_epi64(static_cast<int64_t>(kFnvPrime));
  const __m512i low_byte = _mm512_set1_epi64(0xFF);
  __m512i left[kGroups];
  __m512i hash[kGroups];
#pragma GCC unroll 8
  for (size_t g = 0; g < kGroups; ++g) {
    left[g] = _mm512_load_si512(&values.words[g * kWords]);
    hash[g] = _mm512_set1_epi64(static_cast<int64_t>(kFnvStart));
  }
  for (int byte = 0; byte < bytes; ++byte) {
#pragma GCC unroll 8
    for (size_t g = 0; g < kGroups; ++g) {
      hash[g] =
          _mm512_mullo_epi64(_mm512_xor_si512(hash[g], _mm512_and_si512(left[g], low_byte)), prime);
      left[g] = _mm512_maskz_srli_epi64(kAll, left[g], 8);
    }
  }
  const __m512i rest = _mm512_set1_epi64(static_cast<int64_t>(FnvPrimeToThe(8 - bytes)));
#pragma GCC unroll 8
  for (size_t g = 0; g < kGroups; ++g) {
    _mm512_store_si512(&values.words[g * kWords],
                       _mm512_maskz_abs_epi64(kAll, _mm512_mullo_epi64(hash[g], rest)));
  }
}

// FnvHashAll without it.
KVS_LANES void FnvHashAllByHalves(Words& values, size_t count, int bytes) {
  const __m256i small = Word(kFnvPrime & 0xFFFFFFFF);
  const __m256i low_byte = Word(0xFF);
  Words hashes;
  for (size_t i = 0; i < count; i += kWidth) Store(&hashes.words[i], Word(kFnvStart));
  for (int byte = 0; byte < bytes; ++byte) {
    for (size_t i = 0; i < count; i += kWidth) {
      const __m256i left = Load(&values.words[i]);
      const __m256i hash =
          _mm256_xor_si256(Load(&hashes.words[i]), _mm256_and_si256(left, low_byte));
      const __m256i crossed = _mm256_add_epi64(_mm256_mul_epu32(_mm256_srli_epi64(hash, 32), small),
                                               _mm256_slli_epi64(hash, 8));
      Store(&hashes.words[i],
            _mm256_add_epi64(_mm256_mul_epu32(hash, small), _mm256_slli_epi64(crossed, 32)));
      Store(&values.words[i], _mm256_srli_epi64(left, 8));
    }
  }
  const uint64_t rest = FnvPrimeToThe(8 - bytes);
  for (size_t i = 0; i < count; i += kWidth) {
    const __m256i hash = MultiplyLow(Load(&hashes.words[i]), rest);
    const __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), hash);
    Store(&values.words[i], _mm256_sub_epi64(_mm256_xor_si256(hash, negative), negative));
  }
}

// Replaces the first `count` of `values`, a multiple of kWidth, by FnvHash64 of them, if they are
// below 2^(8 bytes), bytes <= 5; the others by anything.
KVS_LANES void FnvHashAll(Words& values, size_t count, int bytes) {
  if (MultipliesWords()) return FnvHashAllByWords(values, count, bytes);
  FnvHashAllByHalves(values, count, bytes);
}

// values / kDivisor, or one less, where kDivisor is a multiple of 2^kShift, values >> kShift <
// 2^52, and the quotients are below 2^32: a product of doubles that is too small by less than 1.
template <uint64_t kDivisor, int kShift>
KVS_LANES __m256i NearQuotient(__m256i values) {
  constexpr double kReciprocal = (1 - 0x1.0p-50) / static_cast<double>(kDivisor >> kShift);
  const __m256i magic = Word(0x4330'0000'0000'0000);
  const __m256d shifted =
      _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(values, kShift), magic)),
                    Double(0x1.0p52));
  return ToWord(_mm256_mul_pd(shifted, Double(kReciprocal)));
}

struct Quotient {
  __m256i quotient;
  __m256i remainder;
};

// values / kDivisor, given NearQuotient of it.
template <uint64_t kDivisor>
KVS_LANES Quotient Divide(__m256i values, __m256i near) {
  const __m256i product =
      _mm256_add_epi64(_mm256_mul_epu32(near, Word(kDivisor & 0xFFFFFFFF)),
                       _mm256_slli_epi64(_mm256_mul_epu32(near, Word(kDivisor >> 32)), 32));
  const __m256i rest = _mm256_sub_epi64(values, product);
  const __m256i one_more = _mm256_cmpgt_epi64(rest, Word(kDivisor - 1));
  return {_mm256_sub_epi64(near, one_more),
          _mm256_sub_epi64(rest, _mm256_and_si256(one_more, Word(kDivisor)))};
}

// values * factor in 16-bit lanes. Left to know the factor, GCC shifts and adds five times instead.
KVS_LANES __m256i MultiplyShorts(__m256i values, int16_t factor) {
  __m256i factors = _mm256_set1_epi16(factor);
  asm("" : "+x"(factors));
  return _mm256_mullo_epi16(values, factors);
}

// EightDigits in two steps: first the upper and the lower four, each in half a word.
KVS_LANES __m256i TwoTimesFourDigits(__m256i values) {
  const __m256i upper = _mm256_srli_epi64(_mm256_mul_epu32(values, Word(3'518'437'209)), 45);
  const __m256i lower = _mm256_sub_epi32(values, _mm256_mul_epu32(upper, Word(10'000)));
  return _mm256_or_si256(upper, _mm256_slli_epi64(lower, 32));
}
KVS_LANES __m256i EightDigits(__m256i fours) {
  __m256i upper = _mm256_srli_epi16(_mm256_mulhi_epu16(fours, _mm256_set1_epi16(5243)), 3);
  const __m256i lower = _mm256_sub_epi16(fours, MultiplyShorts(upper, 100));
  const __m256i twos = _mm256_or_si256(upper, _mm256_slli_epi32(lower, 16));
  upper = _mm256_mulhi_epu16(twos, _mm256_set1_epi16(6554));
  // upper + ((twos - 10 upper) << 8)
  return _mm256_sub_epi16(_mm256_slli_epi16(twos, 8), MultiplyShorts(upper, 10 * 256 - 1));
}

// The three digits of values < 1000, the first in the lowest byte.
KVS_LANES __m256i ThreeDigits(__m256i values) {
  const __m256i hundreds = _mm256_srli_epi64(_mm256_mul_epu32(values, Word(41)), 12);
  const __m256i rest = _mm256_sub_epi64(values, _mm256_mul_epu32(hundreds, Word(100)));
  const __m256i tens = _mm256_srli_epi64(_mm256_mul_epu32(rest, Word(103)), 10);
  const __m256i ones = _mm256_sub_epi64(rest, _mm256_mul_epu32(tens, Word(10)));
  return _mm256_or_si256(hundreds,
                         _mm256_or_si256(_mm256_slli_epi64(tens, 8), _mm256_slli_epi64(ones, 16)));
}

#undef KVS_LANES

}  // namespace kvs::lanes

#endif  // __x86_64__
#endif  // KVS_WORKLOADS_YCSB_LANES_H_
