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

// The lower halves of eight words, for 32-bit lanes, and the upper ones. Unpacking 32-bit lanes
// puts them into their words' places again.
KVS_LANES __m256i LowerHalves(const uint64_t* words) {
  return _mm256_castps_si256(_mm256_shuffle_ps(
      _mm256_castsi256_ps(Load(words)), _mm256_castsi256_ps(Load(words + kWidth)), 0b10'00'10'00));
}
KVS_LANES __m256i UpperHalves(const uint64_t* words) {
  return _mm256_castps_si256(_mm256_shuffle_ps(
      _mm256_castsi256_ps(Load(words)), _mm256_castsi256_ps(Load(words + kWidth)), 0b11'01'11'01));
}

KVS_LANES __m256i Word(uint64_t word) { return _mm256_set1_epi64x(static_cast<int64_t>(word)); }
KVS_LANES __m256d Double(double value) { return _mm256_set1_pd(value); }

// Whether all words are below 2^bits.
KVS_LANES bool Below(int bits, __m256i words) {
  return _mm256_testz_si256(words, Word(~uint64_t{0} << bits)) != 0;
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

// values * factor in 16-bit lanes. Left to know the factor, GCC shifts and adds five times instead.
KVS_LANES __m256i MultiplyShorts(__m256i values, int16_t factor) {
  __m256i factors = _mm256_set1_epi16(factor);
  asm("" : "+x"(factors));
  return _mm256_mullo_epi16(values, factors);
}

// What xor with a byte does to a hash is a sum: it adds `byte - 2 * (byte & hash)`, which needs no
// more of the hash than its low byte, and later factors multiply that sum's terms one by one. So
// the chain of FNV-1a is one of low bytes, and with p the prime, the hash of n bytes that change d
// is
//     start * p^8 + d_1 * p^8 + d_2 * p^7 + ... + d_n * p^(9 - n)   modulo 2^64,
// where each power goes as four signed digits of 16 bits into pmaddwd, which adds two products.
//
// The digit of 2^(16 place) in p^(8 - byte), from the first byte's, 0, on.
constexpr int16_t FnvDigit(int byte, int place) {
  uint64_t rest = FnvPrimeToThe(8 - byte);
  for (; place > 0; --place)
    rest = (rest - static_cast<uint64_t>(static_cast<int16_t>(rest))) >> 16;
  return static_cast<int16_t>(rest);
}

// Makes sums that are below 0 positive, for the digits of place 0 and 1, which others stand above:
// a change that is always the same, and no sum is below -kBias * kBiasFactor.
inline constexpr int kBias = 1 << 14;
inline constexpr int kBiasFactor = 1 << 13;
inline constexpr int kBiasByte = 8;
inline constexpr uint64_t kFnvConstant =
    kFnvStart * FnvPrimeToThe(8) - uint64_t{kBias} * kBiasFactor * (1 + (uint64_t{1} << 16));

constexpr int FnvFactor(int byte, int place) {
  return byte == kBiasByte ? (place < 2 ? kBiasFactor : 0) : FnvDigit(byte, place);
}

// changes * digits, in 32-bit lanes: of kLow's byte in the lower half, kHigh's in the upper one.
template <int kLow, int kHigh, int kPlace>
KVS_LANES __m256i FnvTerms(__m256i changes) {
  constexpr int kLowFactor = FnvFactor(kLow, kPlace);
  constexpr int kHighFactor = FnvFactor(kHigh, kPlace);
  return _mm256_madd_epi16(changes,
                           _mm256_set1_epi32(kHighFactor * (1 << 16) + (kLowFactor & 0xFFFF)));
}

// All that bytes change, in one place. `second` has the bias in its upper half if there are three.
template <int kBytes, int kPlace>
KVS_LANES __m256i FnvSum(__m256i first_third, __m256i second, __m256i fifth) {
  const __m256i two = FnvTerms<0, 2, kPlace>(first_third);
  if constexpr (kBytes == 3) {
    return _mm256_add_epi32(two, FnvTerms<1, kBiasByte, kPlace>(second));
  } else {
    return _mm256_add_epi32(two, _mm256_add_epi32(FnvTerms<1, 3, kPlace>(second),
                                                  FnvTerms<4, kBiasByte, kPlace>(fifth)));
  }
}

KVS_LANES __m256i FnvChanges(__m256i bytes, __m256i hash) {
  return _mm256_sub_epi16(_mm256_andnot_si256(hash, bytes), _mm256_and_si256(hash, bytes));
}

// FnvHash64 of four numbers from the sums of places 0 and 2, and of 1 and 3.
KVS_LANES __m256i FnvFromSums(__m256i even, __m256i odd) {
  const __m256i hash =
      _mm256_add_epi64(_mm256_add_epi64(even, Word(kFnvConstant)), _mm256_slli_epi64(odd, 16));
  const __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), hash);
  return _mm256_sub_epi64(_mm256_xor_si256(hash, negative), negative);
}

// FnvHash64 of eight numbers below 2^(8 kBytes).
template <int kBytes>
KVS_LANES void FnvHashEight(uint64_t* values) {
  static_assert(kBytes == 3 || kBytes == 5);
  constexpr int16_t kLowPrime = kFnvPrime & 0xFF;
  constexpr int kLowStart = kFnvStart & 0xFF;
  const __m256i bias = _mm256_set1_epi32(kBias << 16);
  const __m256i low_bytes = _mm256_set1_epi16(0xFF);
  // The numbers' lower halves in 32-bit lanes, and what the hash's low byte is before each byte, in
  // the half where that byte is; all else in them is of no meaning.
  const __m256i lower = LowerHalves(values);
  const __m256i shifted = _mm256_srli_epi32(lower, 8);
  const __m256i start = _mm256_set1_epi32(kLowStart);
  const __m256i before_2 = MultiplyShorts(_mm256_xor_si256(lower, start), kLowPrime);
  const __m256i before_3 = MultiplyShorts(
      _mm256_xor_si256(_mm256_slli_epi32(lower, 8), _mm256_slli_epi32(before_2, 16)), kLowPrime);
  const __m256i first_third =
      FnvChanges(_mm256_and_si256(lower, low_bytes), _mm256_or_si256(before_3, start));
  __m256i second;
  __m256i fifth = bias;
  if constexpr (kBytes == 3) {
    second = _mm256_or_si256(FnvChanges(_mm256_and_si256(shifted, low_bytes), before_2), bias);
  } else {
    const __m256i before_4 = MultiplyShorts(_mm256_xor_si256(lower, before_3), kLowPrime);
    const __m256i before_5 =
        MultiplyShorts(_mm256_srli_epi32(_mm256_xor_si256(shifted, before_4), 16), kLowPrime);
    const __m256i upper = UpperHalves(values);
    second = FnvChanges(_mm256_and_si256(shifted, low_bytes),
                        _mm256_blend_epi16(before_2, before_4, 0b10101010));
    fifth = _mm256_or_si256(FnvChanges(upper, before_5), bias);
  }
  const __m256i sum_0 = FnvSum<kBytes, 0>(first_third, second, fifth);
  const __m256i sum_1 = FnvSum<kBytes, 1>(first_third, second, fifth);
  const __m256i sum_2 = FnvSum<kBytes, 2>(first_third, second, fifth);
  const __m256i sum_3 = FnvSum<kBytes, 3>(first_third, second, fifth);
  Store(values,
        FnvFromSums(_mm256_unpacklo_epi32(sum_0, sum_2), _mm256_unpacklo_epi32(sum_1, sum_3)));
  Store(values + kWidth,
        FnvFromSums(_mm256_unpackhi_epi32(sum_0, sum_2), _mm256_unpackhi_epi32(sum_1, sum_3)));
}

// FnvHashAll without that instruction.
template <int kBytes>
KVS_LANES void FnvHashAllByBytes(Words& values, size_t count) {
  constexpr size_t kTogether = 2 * kWidth;
  for (size_t i = count; i % kTogether != 0; ++i) values.words[i] = 0;
  for (size_t i = 0; i < count; i += kTogether) FnvHashEight<kBytes>(&values.words[i]);
}

// Replaces the first `count` of `values`, a multiple of kWidth, by FnvHash64 of them, if they are
// below 2^(8 kBytes); the others up to a multiple of 2 kWidth by anything.
template <int kBytes>
KVS_LANES void FnvHashAll(Words& values, size_t count) {
  if (MultipliesWords()) return FnvHashAllByWords(values, count, kBytes);
  FnvHashAllByBytes<kBytes>(values, count);
}

struct Quotient {
  __m256i quotient;
  __m256i remainder;
};

// Both divisions: a product of upper bits that is too small by less than 1, and a step back.

// values / 10^16, for values < 2^63.
KVS_LANES Quotient DivideByTenTo16(__m256i values) {
  constexpr uint64_t kDivisor = 10'000'000'000'000'000;
  constexpr uint64_t kReciprocal = 3'868'562'622;  // 2^(32 + 53) / 10^16
  const __m256i near =
      _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(values, 32), Word(kReciprocal)), 53);
  const __m256i product =
      _mm256_add_epi64(_mm256_mul_epu32(near, Word(kDivisor & 0xFFFFFFFF)),
                       _mm256_slli_epi64(_mm256_mul_epu32(near, Word(kDivisor >> 32)), 32));
  const __m256i rest = _mm256_sub_epi64(values, product);
  const __m256i one_more = _mm256_cmpgt_epi64(rest, Word(kDivisor - 1));
  return {_mm256_sub_epi64(near, one_more),
          _mm256_sub_epi64(rest, _mm256_and_si256(one_more, Word(kDivisor)))};
}

// values / 10^8, for values < 10^16.
KVS_LANES Quotient DivideByTenTo8(__m256i values) {
  constexpr uint64_t kDivisor = 100'000'000;
  constexpr uint64_t kReciprocal = 2'882'303'761;  // 2^(22 + 36) / 10^8
  const __m256i near =
      _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(values, 22), Word(kReciprocal)), 36);
  const __m256i rest = _mm256_sub_epi64(values, _mm256_mul_epu32(near, Word(kDivisor)));
  const __m256i one_more = _mm256_cmpgt_epi32(rest, Word(kDivisor - 1));  // in the lower half
  return {_mm256_sub_epi32(near, one_more),
          _mm256_sub_epi32(rest, _mm256_and_si256(one_more, Word(kDivisor)))};
}

// For values < 10^8: their upper four digits in the lowest 16 bits, the lower four in the next.
KVS_LANES __m256i TwoTimesFourDigits(__m256i values) {
  const __m256i upper = _mm256_srli_epi64(_mm256_mul_epu32(values, Word(3'518'437'209)), 45);
  // upper + ((values - 10'000 upper) << 16)
  return _mm256_sub_epi64(_mm256_slli_epi64(values, 16),
                          _mm256_mul_epu32(upper, Word(10'000 * 65'536 - 1)));
}

// The ASCII digits of 16-bit values < 100, the first in the lower byte.
KVS_LANES __m256i TwoAsciiDigits(__m256i values) {
  const __m256i tens = _mm256_mulhi_epu16(values, _mm256_set1_epi16(6554));
  // tens + ((values - 10 tens) << 8)
  const __m256i digits =
      _mm256_sub_epi16(_mm256_slli_epi16(values, 8), MultiplyShorts(tens, 10 * 256 - 1));
  return _mm256_or_si256(digits, _mm256_set1_epi8('0'));
}

// Writes the sixteen ASCII digits of four numbers one after the other, given four of each in every
// 16 bits, the first in the lowest.
KVS_LANES void StoreSixteenDigits(__m256i fours, uint64_t* ascii) {
  const __m256i upper = _mm256_srli_epi16(_mm256_mulhi_epu16(fours, _mm256_set1_epi16(5243)), 3);
  const __m256i lower = _mm256_sub_epi16(fours, MultiplyShorts(upper, 100));
  const __m256i upper_ascii = TwoAsciiDigits(upper);
  const __m256i lower_ascii = TwoAsciiDigits(lower);
  const __m256i even = _mm256_unpacklo_epi16(upper_ascii, lower_ascii);
  const __m256i odd = _mm256_unpackhi_epi16(upper_ascii, lower_ascii);
  Store(ascii, _mm256_permute2x128_si256(even, odd, 0x20));
  Store(ascii + kWidth, _mm256_permute2x128_si256(even, odd, 0x31));
}

// Of 32-bit values < 1000: the three digits, the first in the lowest byte.
KVS_LANES __m256i ThreeDigits(__m256i values) {
  const __m256i hundreds = _mm256_srli_epi16(MultiplyShorts(values, 41), 12);
  const __m256i rest = _mm256_sub_epi16(values, MultiplyShorts(hundreds, 100));
  const __m256i tens = _mm256_srli_epi16(MultiplyShorts(rest, 103), 10);
  const __m256i ones = _mm256_sub_epi16(rest, MultiplyShorts(tens, 10));
  return _mm256_or_si256(hundreds,
                         _mm256_or_si256(_mm256_slli_epi32(tens, 8), _mm256_slli_epi32(ones, 16)));
}

// Of 32-bit values < 1000: how many digits they have, 0 for 0.
KVS_LANES __m256i CountDigits(__m256i values) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i some = _mm256_cmpgt_epi32(values, zero);
  const __m256i two = _mm256_cmpgt_epi32(values, _mm256_set1_epi32(9));
  const __m256i three = _mm256_cmpgt_epi32(values, _mm256_set1_epi32(99));
  return _mm256_sub_epi32(zero, _mm256_add_epi32(some, _mm256_add_epi32(two, three)));
}

#undef KVS_LANES

}  // namespace kvs::lanes

#endif  // __x86_64__
#endif  // KVS_WORKLOADS_YCSB_LANES_H_
