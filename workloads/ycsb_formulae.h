// YCSB's own formulae, bit for bit: what an unmodified YCSB file gets.
//
// Source: YCSB's core (site.ycsb.generator and site.ycsb.Utils), as facts; the code is ours.
//
// Inlining is forced where a call would keep the caller's generator out of the registers.
#ifndef KVS_WORKLOADS_YCSB_FORMULAE_H_
#define KVS_WORKLOADS_YCSB_FORMULAE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "workloads/portable_math.h"
#include "workloads/random.h"

namespace kvs {

// Utils.fnvhash64: FNV-1a over the eight bytes of `value`, lowest first, made non-negative. A byte
// of zeros only multiplies, so the upper three of a small number take one multiplication.
[[gnu::always_inline]] inline uint64_t FnvHash64(uint64_t value) {
  constexpr uint64_t kPrime = 1099511628211ull;
  uint64_t hash = 0xCBF29CE484222325ull;
  for (int shift = 0; shift < 40; shift += 8) hash = (hash ^ (value >> shift & 0xFF)) * kPrime;
  if (value >> 40 == 0) [[likely]] {
    hash *= kPrime * kPrime * kPrime;
  } else {
    for (int shift = 40; shift < 64; shift += 8) hash = (hash ^ (value >> shift & 0xFF)) * kPrime;
  }
  const auto negative = static_cast<uint64_t>(static_cast<int64_t>(hash) >> 63);
  return (hash ^ negative) - negative;
}

// ZipfianGenerator with its constant, theta = 0.99: J. Gray et al., "Quickly Generating
// Billion-Record Synthetic Databases", SIGMOD 1994, section 3.2. Approximates a zipfian law; exact
// for ranks 0 and 1.
//
// Thread safety: const methods may be called from several threads.
class YcsbZipfian {
 public:
  static constexpr double kTheta = 0.99;

  // Over `items` > 0 ranks. Sums zeta(items) up: time linear in `items` up to 2^20, constant
  // beyond.
  explicit YcsbZipfian(uint64_t items);
  // The same with zeta(items) given.
  YcsbZipfian(uint64_t items, double zeta);

  // The rank that YCSB draws when its generator returns `unit`, in [0, 1). Now and then (1 in 10^10
  // or so) equals the number of items, as YCSB's does.
  [[gnu::always_inline]] uint64_t Rank(double unit) const {
    const double scaled = unit * zeta_;
    // Not branches: half of the draws of a skewed workload would mispredict one.
    const uint64_t above_0 = scaled < 1 ? 0 : 1;
    const uint64_t above_1 = scaled < kZetaOfTwo ? 0 : 1;
    return (Scaled(eta_ * unit - eta_ + 1) & (0 - above_1)) | (above_0 & ~above_1);
  }

  // Grows to `items`, as nextLong(itemcount) does: eta still uses the first number of items.
  void Grow(uint64_t items);

 private:
  friend struct YcsbZipfianLanes;  // Rank of four numbers at a time

  // 1 / (1 - 0.99) in doubles: 100 less nine units in the 14th place.
  static constexpr double kAlpha = 1.0 / (1.0 - kTheta);
  // 1 + pow(0.5, 0.99).
  static constexpr double kZetaOfTwo = 0x1.80e3eb6202786p+0;

  static constexpr double kPowerError = 6e-14;

  // items * pow(base, kAlpha), rounded down.
  //
  // The 100th power by multiplications is within 99 roundings of 2^-53 of the true one, and that
  // kAlpha is 9e-14 less than 100 changes it by 9e-14 |log(base)|, at most 4e-14 for 2^62 items:
  // together less than kPowerError. Only where that could change the whole number is the power
  // computed properly.
  [[gnu::always_inline]] uint64_t Scaled(double base) const {
    const double power_2 = base * base;
    const double power_4 = power_2 * power_2;
    const double power_8 = power_4 * power_4;
    const double power_16 = power_8 * power_8;
    const double power_32 = power_16 * power_16;
    const double power_64 = power_32 * power_32;
    const double near = items_ * ((power_64 * power_32) * power_4);
    const double margin = near * kPowerError;
    const auto rank = static_cast<int64_t>(near - margin);  // signed: one instruction
    if (rank == static_cast<int64_t>(near + margin)) [[likely]] {
      return static_cast<uint64_t>(rank);
    }
    return static_cast<uint64_t>(items_ * Pow(base, kAlpha));
  }

  void SetEta();

  uint64_t first_items_;
  uint64_t item_count_;
  double items_;  // item_count_ as a double
  double zeta_;
  double eta_ = 0;
};

// zeta(items) = 1 + 2^-0.99 + ... + items^-0.99, added in this order, as YCSB adds it; beyond 2^20
// items by the Euler-Maclaurin formula (relative error below 10^-12).
double YcsbZeta(uint64_t items);

// ScrambledZipfianGenerator: zipfian over 10^10 + 1 ranks, hashed, modulo the number of keys. The
// popularity of a key therefore hardly depends on how many keys there are.
//
// Thread safety: immutable after construction.
class YcsbScrambledZipfian {
 public:
  static constexpr uint64_t kItems = 10'000'000'001ull;
  static constexpr double kZeta = 26.46902820178302;

  // Chooses out of `keys` keys, 0 < keys < 2^63.
  explicit YcsbScrambledZipfian(uint64_t keys);

  // The key, in [0, keys), that YCSB chooses when its generator returns `unit`.
  [[gnu::always_inline]] uint64_t Key(double unit) const {
    return Modulo(FnvHash64(zipfian_.Rank(unit)));
  }
  // Turns each of `words` into first + Key(ToUnit(word)), and returns the greatest of these keys; 0
  // if there are none.
  uint64_t KeysOf(std::span<uint64_t> words, uint64_t first) const;

 private:
  // value % keys_ for value < 2^63 without a division: T. Granlund, P. Montgomery, "Division by
  // Invariant Integers using Multiplication", PLDI 1994, theorem 4.2 with N = 63.
  [[gnu::always_inline]] uint64_t Modulo(uint64_t value) const {
    if (shift_ == 0) return 0;  // one key
    uint64_t low = 0;
    const uint64_t quotient = MultiplyHigh(value, reciprocal_, low) >> (shift_ - 1);
    return value - quotient * keys_;
  }

  YcsbZipfian zipfian_;
  uint64_t keys_;
  uint64_t reciprocal_;
  int shift_;
};

// ExponentialGenerator: the distance from the newest key that `unit`, in (0, 1), stands for.
// gamma as YcsbExponentialGamma gives it.
inline double YcsbExponential(double unit, double gamma) { return -Log(unit) / gamma; }

// `percentile` percent of the draws fall within `range` keys.
inline double YcsbExponentialGamma(double percentile, double range) {
  return -Log(1.0 - percentile / 100.0) / range;
}

// DiscreteGenerator: the index of the share that `unit` falls on; the shares sum to 1.
inline size_t YcsbDiscrete(std::span<const double> shares, double unit) {
  size_t index = 0;
  bool found = false;
  for (size_t i = 0; i + 1 < shares.size(); ++i) {  // no early exit: it would be mispredicted
    found |= unit < shares[i];
    index += found ? 0 : 1;
    unit -= shares[i];
  }
  return index;
}

}  // namespace kvs

#endif  // KVS_WORKLOADS_YCSB_FORMULAE_H_
