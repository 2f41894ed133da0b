// Zipfian ranks for any skew, without a sum over all keys, and the bijection that scatters them.
#ifndef KVS_WORKLOADS_ZIPFIAN_H_
#define KVS_WORKLOADS_ZIPFIAN_H_

#include <bit>
#include <cstdint>

#include "workloads/portable_math.h"
#include "workloads/random.h"

namespace kvs {

// Draws rank k of `items` with probability proportional to (k + 1)^-theta, exactly up to rounding,
// by rejection-inversion: W. Hörmann, G. Derflinger, "Rejection-Inversion to Generate Variates from
// Monotone Discrete Distributions", ACM TOMACS 6(3), 1996, section 4. Constant set-up time; at
// most 1.02 uniform draws per rank on average.
//
// Thread safety: immutable after construction.
class Zipfian {
 public:
  // items > 0; 0 < theta < 2.
  Zipfian(uint64_t items, double theta);

  uint64_t Draw(Random& random) const {
    if (items_ == 1) return 0;
    for (;;) {
      const double area = high_area_ + random.NextUnit() * (low_area_ - high_area_);
      const double x = AreaInverse(area);
      auto k = static_cast<double>(static_cast<int64_t>(x + 0.5));
      if (k < 1) k = 1;
      if (k > last_) k = last_;
      if (k - x <= squeeze_ || k >= kAlwaysAccepted || area >= Area(k + 0.5) - Density(k)) {
        return static_cast<uint64_t>(k) - 1;
      }
    }
  }

 private:
  // x^-theta, its integral from 1 (H of the paper, up to a constant), and the integral's inverse.
  double Density(double x) const { return Exp(-theta_ * Log(x)); }
  double Area(double x) const;
  double AreaInverse(double area) const;

  // The share of draws to be rejected at k is theta (theta + 1) / (24 k^2), which from here on is
  // below 3e-13, while the rounding of the areas would reject ever more of them.
  static constexpr double kAlwaysAccepted = 0x1.0p20;

  uint64_t items_;
  double last_;
  double theta_;
  double high_area_;  // H(items + 1/2)
  double low_area_;   // H(3/2) - h(1)
  double squeeze_;    // accepts at once: 2 - H^-1(H(5/2) - h(2))
};

// A fixed bijection of [0, size) that looks random: neighbours in rank become strangers.
// Multiplications by odd numbers and xor-shifts, both bijections of the words of `bits_` bits,
// followed along their cycle until the result is below `size` (J. Black, P. Rogaway, "Ciphers with
// Arbitrary Finite Domains", CT-RSA 2002, "cycle-walking"); two rounds at most on average.
//
// Thread safety: immutable after construction.
class Scatter {
 public:
  // 0 < size <= 2^62.
  explicit Scatter(uint64_t size)
      : size_(size), mask_(size == 1 ? 0 : ~uint64_t{0} >> std::countl_zero(size - 1)) {
    const int bits = std::popcount(mask_);
    shift_ = (bits + 1) / 2;
  }

  // `rank` < size.
  uint64_t operator()(uint64_t rank) const {
    do rank = Step(rank);
    while (rank >= size_);
    return rank;
  }

 private:
  uint64_t Step(uint64_t word) const {
    word = (word + 0x9E3779B97F4A7C15ull) * 0xBF58476D1CE4E5B9ull & mask_;
    word ^= word >> shift_;
    word = word * 0x94D049BB133111EBull & mask_;
    word ^= word >> shift_;
    word = word * 0xD6E8FEB86659FD93ull & mask_;
    return word ^ word >> shift_;
  }

  uint64_t size_;
  uint64_t mask_;
  int shift_;
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_ZIPFIAN_H_
