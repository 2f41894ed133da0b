// YCSB's own formulae, bit for bit: what an unmodified YCSB file gets.
//
// Source: YCSB's core (site.ycsb.generator and site.ycsb.Utils), as facts; the code is ours.
#ifndef KVS_WORKLOADS_YCSB_FORMULAE_H_
#define KVS_WORKLOADS_YCSB_FORMULAE_H_

#include <cstdint>
#include <span>

#include "workloads/portable_math.h"

namespace kvs {

// Utils.fnvhash64: FNV-1a over the eight bytes of `value`, lowest first, made non-negative.
inline uint64_t FnvHash64(uint64_t value) {
  uint64_t hash = 0xCBF29CE484222325ull;
  for (int i = 0; i < 8; ++i) {
    hash = (hash ^ (value & 0xFF)) * 1099511628211ull;
    value >>= 8;
  }
  const auto negative = static_cast<uint64_t>(static_cast<int64_t>(hash) >> 63);
  return (hash ^ negative) - negative;
}

// ZipfianGenerator: J. Gray et al., "Quickly Generating Billion-Record Synthetic Databases", SIGMOD
// 1994, section 3.2. Approximates a zipfian law for any theta in (0, 1); exact for ranks 0 and 1.
//
// Thread safety: const methods may be called from several threads.
class YcsbZipfian {
 public:
  static constexpr double kTheta = 0.99;

  // Over `items` ranks. Sums zeta(items) up: time linear in `items` up to 2^20, constant beyond.
  explicit YcsbZipfian(uint64_t items);
  // The same with zeta(items, theta) given.
  YcsbZipfian(uint64_t items, double theta, double zeta);

  // The rank that YCSB draws when its generator returns `unit`, in [0, 1). Now and then (1 in 10^10
  // or so) equals the number of items, as YCSB's does.
  uint64_t Rank(double unit) const {
    const double scaled = unit * zeta_;
    if (scaled < 1) return 0;
    if (scaled < second_) return 1;
    return static_cast<uint64_t>(static_cast<double>(item_count_) *
                                 Pow(eta_ * unit - eta_ + 1, alpha_));
  }

  // Grows to `items`, as nextLong(itemcount) does: eta still uses the first number of items.
  void Grow(uint64_t items);

 private:
  void SetEta();

  uint64_t first_items_;
  uint64_t item_count_;
  double theta_;
  double alpha_;
  double zeta_;
  double second_;  // 1 + 0.5^theta, below which rank 1 is drawn; equals zeta(2)
  double eta_ = 0;
};

// zeta(items, theta) = 1 + 2^-theta + ... + items^-theta, added in this order, as YCSB adds it;
// beyond 2^20 items by the Euler-Maclaurin formula (relative error below 10^-12).
double YcsbZeta(uint64_t items, double theta);

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
  uint64_t Key(double unit) const { return Modulo(FnvHash64(zipfian_.Rank(unit))); }

 private:
  // value % keys_ for value < 2^63 without a division: T. Granlund, P. Montgomery, "Division by
  // Invariant Integers using Multiplication", PLDI 1994, theorem 4.2 with N = 63.
  uint64_t Modulo(uint64_t value) const;

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

// DiscreteGenerator: the index of the weight that `unit` falls on; weights sum to `sum`.
inline size_t YcsbDiscrete(std::span<const double> weights, double sum, double unit) {
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    const double share = weights[i] / sum;
    if (unit < share) return i;
    unit -= share;
  }
  return weights.size() - 1;
}

}  // namespace kvs

#endif  // KVS_WORKLOADS_YCSB_FORMULAE_H_
