// When to look closer: at random, a given number of events apart on average.
#ifndef KVS_HARNESS_DRIVER_RANDOM_INTERVALS_H_
#define KVS_HARNESS_DRIVER_RANDOM_INTERVALS_H_

#include <cmath>
#include <cstdint>

#include "workloads/random.h"

namespace kvs {

// Picks each event with probability 1/period, independently, by drawing the geometric gap to the
// next pick (L. Devroye, "Non-Uniform Random Variate Generation", 1986, X.2): a fixed gap could
// fall in step with the workload. Between picks it costs a decrement.
//
// Thread safety: one thread at a time.
class RandomIntervals {
 public:
  // `period` >= 1 is the mean gap in events; 1 picks every event.
  RandomIntervals(double period, uint64_t seed)
      : log_miss_(LogMiss(period)), random_(seed), left_(Draw()) {}

  // From now on `period` is the mean gap.
  void SetPeriod(double period) {
    log_miss_ = LogMiss(period);
    left_ = Draw();
  }

  // How many events come before the next that is picked.
  uint64_t Unpicked() const { return left_ - 1; }
  // Counts `events` of them.
  void Skip(uint64_t events) { left_ -= events; }

  // Counts an event; true when it is picked.
  bool Next() {
    if (--left_ != 0) [[likely]] {
      return false;
    }
    left_ = Draw();
    return true;
  }

 private:
  static double LogMiss(double period) { return period > 1 ? std::log1p(-1 / period) : 0; }

  uint64_t Draw() {
    if (log_miss_ == 0) return 1;
    // In (0, 1], so that the logarithm is finite.
    const double uniform = static_cast<double>((random_.Next() >> 11) + 1) * 0x1p-53;
    return 1 + static_cast<uint64_t>(std::log(uniform) / log_miss_);
  }

  double log_miss_;  // ln of the probability that an event is not picked; 0: every one is
  Random random_;
  uint64_t left_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_RANDOM_INTERVALS_H_
