// The random numbers of the workloads: our own generator, so that a stream is the same everywhere.
#ifndef KVS_WORKLOADS_RANDOM_H_
#define KVS_WORKLOADS_RANDOM_H_

#include <array>
#include <bit>
#include <cstdint>

namespace kvs {

// The high half of a 64 x 64 bit product. `low` receives the low half.
inline uint64_t MultiplyHigh(uint64_t a, uint64_t b, uint64_t& low) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  low = static_cast<uint64_t>(product);
  return static_cast<uint64_t>(product >> 64);
}

// A bijection of 64-bit words that leaves no visible pattern: the output function of SplitMix64
// (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014, figure 16).
constexpr uint64_t Mix64(uint64_t word) {
  word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9ull;
  word = (word ^ (word >> 27)) * 0x94D049BB133111EBull;
  return word ^ (word >> 31);
}

// 53 random bits as a double in [0, 1), as Java's nextDouble() makes them.
constexpr double ToUnit(uint64_t word) {
  return static_cast<double>(static_cast<int64_t>(word >> 11)) *
         0x1.0p-53;  // signed is one instruction
}

// xoshiro256** (Blackman, Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021),
// seeded through SplitMix64 as its authors advise.
//
// Thread safety: one thread at a time.
class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      seed += 0x9E3779B97F4A7C15ull;
      word = Mix64(seed);
    }
  }

  uint64_t Next() {
    const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Uniform in [0, 1), in steps of 2^-53.
  double NextUnit() { return ToUnit(Next()); }

  // Uniform in [0, bound), without bias; bound > 0. Lemire, "Fast Random Integer Generation in an
  // Interval", ACM TOMACS 29(1), 2019, algorithm 5.
  uint64_t Below(uint64_t bound) {
    uint64_t low = 0;
    uint64_t result = MultiplyHigh(Next(), bound, low);
    if (low < bound) {
      const uint64_t threshold = (0 - bound) % bound;
      while (low < threshold) result = MultiplyHigh(Next(), bound, low);
    }
    return result;
  }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_RANDOM_H_
