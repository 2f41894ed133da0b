// When operations shall start in the open loop.
#ifndef KVS_HARNESS_DRIVER_ARRIVAL_SCHEDULE_H_
#define KVS_HARNESS_DRIVER_ARRIVAL_SCHEDULE_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "workloads/random.h"

namespace kvs {

enum class Arrivals : uint8_t {
  kPoisson,   // exponential gaps: many clients that know nothing of each other
  kConstant,  // equal gaps: one clock
};
// "poisson", "constant".
std::string_view ToString(Arrivals arrivals);
std::optional<Arrivals> ParseArrivals(std::string_view text);

// Of all threads together: more than any engine answers, and few enough to be drawn again after a
// trial.
inline constexpr uint64_t kMostRatePerS = 100'000'000;

// A load that does not depend on the engine. In the closed loop a thread asks again when it has
// been answered, so that an engine that stalls stops its load too, and the operations that would
// have had to wait are never seen (B. Schroeder, A. Wierman, M. Harchol-Balter, "Open Versus
// Closed: A Cautionary Tale", NSDI 2006; G. Tene, "How NOT to Measure Latency", 2013, calls it
// coordinated omission). Here each operation has an intended start, and its response time begins
// there.
struct OpenLoop {
  double rate_per_s = 1;  // of all foreground threads together; > 0
  Arrivals arrivals = Arrivals::kPoisson;
};

// The intended starts of thread `thread` of `thread_count`, in ns since the schedule's start,
// ascending. Poisson: gaps of thread_count / rate on average, independent of the other threads', so
// that all of them together are a Poisson process of the rate. Constant: every thread_count / rate,
// the threads 1 / rate apart, exact to half a nanosecond. The same arguments give the same starts
// on any machine.
//
// Thread safety: one thread at a time. Schedules share nothing.
class ArrivalSchedule {
 public:
  // thread < thread_count.
  ArrivalSchedule(const OpenLoop& load, uint64_t seed, unsigned thread, unsigned thread_count);

  // The next intended start.
  uint64_t Next();

  // How many of all intended starts, those that Next gave included, lie before `at_ns`. Draws them
  // again, which takes some ns for each, so not while anything is measured.
  uint64_t CountBefore(uint64_t at_ns) const;

 private:
  const OpenLoop load_;
  const uint64_t seed_;
  const unsigned thread_;
  const unsigned thread_count_;
  const double mean_gap_ns_;
  Random random_;
  uint64_t drawn_ = 0;
  double at_ns_ = 0;  // Poisson: the last one, unrounded
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_ARRIVAL_SCHEDULE_H_
