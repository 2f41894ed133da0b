// YCSB's formulae on four numbers at a time, with AVX2: the same results as ycsb_formulae.h and
// decimal.h, bit for bit. Callers ask Available() first; without it they go one by one.
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

// Rounded down, for 0 <= value < 2^52.
KVS_LANES __m256i ToWord(__m256d value) {
  const __m256d shifted = _mm256_add_pd(_mm256_floor_pd(value), Double(0x1.0p52));
  return _mm256_xor_si256(_mm256_castpd_si256(shifted), Word(0x4330'0000'0000'0000));
}

// One step of FNV-1a: the byte at `kShift`, then the prime, 2^40 + 435.
template <int kShift>
KVS_LANES __m256i FnvStep(__m256i hash, __m256i values) {
  const __m256i small = Word(435);
  const __m256i byte = _mm256_and_si256(_mm256_srli_epi64(values, kShift), Word(0xFF));
  hash = _mm256_xor_si256(hash, byte);
  const __m256i upper = _mm256_mul_epu32(_mm256_srli_epi64(hash, 32), small);
  return _mm256_add_epi64(
      _mm256_add_epi64(_mm256_mul_epu32(hash, small), _mm256_slli_epi64(upper, 32)),
      _mm256_slli_epi64(hash, 40));
}

// FnvHash64 for values < 2^40.
KVS_LANES __m256i FnvHash64(__m256i values) {
  constexpr uint64_t kPrime = 1099511628211ull;
  __m256i hash = Word(0xCBF29CE484222325ull);
  hash = FnvStep<0>(hash, values);
  hash = FnvStep<8>(hash, values);
  hash = FnvStep<16>(hash, values);
  hash = FnvStep<24>(hash, values);
  hash = FnvStep<32>(hash, values);
  hash = MultiplyLow(hash, kPrime * kPrime * kPrime);
  const __m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), hash);
  return _mm256_sub_epi64(_mm256_xor_si256(hash, negative), negative);
}

// FnvHash64 of each of `values`, in place; their number is a multiple of kWidth. Callers do a step
// for many numbers before the next step: a processor then works on several groups at once.
KVS_LANES void FnvHashAll(std::span<uint64_t> values) {
  for (size_t i = 0; i < values.size(); i += kWidth) {
    Store(&values[i], FnvHash64(Load(&values[i])));
  }
}

struct Quotient {
  __m256i quotient;
  __m256i remainder;
};

// values / kDivisor, where kDivisor is a multiple of 2^kShift, values >> kShift < 2^52, and the
// quotients are below 2^32. A product of doubles that is too small by less than 1 gives the
// quotient or one less.
template <uint64_t kDivisor, int kShift>
KVS_LANES Quotient Divide(__m256i values) {
  constexpr double kReciprocal = (1 - 0x1.0p-50) / static_cast<double>(kDivisor >> kShift);
  const __m256i magic = Word(0x4330'0000'0000'0000);
  const __m256d shifted =
      _mm256_sub_pd(_mm256_castsi256_pd(_mm256_or_si256(_mm256_srli_epi64(values, kShift), magic)),
                    Double(0x1.0p52));
  const __m256i near = ToWord(_mm256_mul_pd(shifted, Double(kReciprocal)));
  const __m256i product =
      _mm256_add_epi64(_mm256_mul_epu32(near, Word(kDivisor & 0xFFFFFFFF)),
                       _mm256_slli_epi64(_mm256_mul_epu32(near, Word(kDivisor >> 32)), 32));
  const __m256i rest = _mm256_sub_epi64(values, product);
  const __m256i one_more = _mm256_cmpgt_epi64(rest, Word(kDivisor - 1));
  return {_mm256_sub_epi64(near, one_more),
          _mm256_sub_epi64(rest, _mm256_and_si256(one_more, Word(kDivisor)))};
}

// EightDigits.
KVS_LANES __m256i EightDigits(__m256i values) {
  __m256i upper = _mm256_srli_epi64(_mm256_mul_epu32(values, Word(3'518'437'209)), 45);
  __m256i digits = _mm256_sub_epi32(values, _mm256_mul_epu32(upper, Word(10'000)));
  digits = _mm256_or_si256(upper, _mm256_slli_epi64(digits, 32));
  upper = _mm256_srli_epi16(_mm256_mulhi_epu16(digits, _mm256_set1_epi16(5243)), 3);
  digits = _mm256_sub_epi16(digits, _mm256_mullo_epi16(upper, _mm256_set1_epi16(100)));
  digits = _mm256_or_si256(upper, _mm256_slli_epi32(digits, 16));
  upper = _mm256_mulhi_epu16(digits, _mm256_set1_epi16(6554));
  digits = _mm256_sub_epi16(digits, _mm256_mullo_epi16(upper, _mm256_set1_epi16(10)));
  return _mm256_or_si256(upper, _mm256_slli_epi16(digits, 8));
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
