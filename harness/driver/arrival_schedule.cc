#include "harness/driver/arrival_schedule.h"

#include "workloads/portable_math.h"

namespace kvs {
namespace {

// Sets the streams of gaps apart from those of the operations.
constexpr uint64_t kArrivalSalt = 0x61727276;

uint64_t Rounded(double ns) { return static_cast<uint64_t>(ns + 0.5); }

}  // namespace

std::string_view ToString(Arrivals arrivals) {
  return arrivals == Arrivals::kPoisson ? "poisson" : "constant";
}

std::optional<Arrivals> ParseArrivals(std::string_view text) {
  for (const Arrivals arrivals : {Arrivals::kPoisson, Arrivals::kConstant}) {
    if (ToString(arrivals) == text) return arrivals;
  }
  return std::nullopt;
}

ArrivalSchedule::ArrivalSchedule(const OpenLoop& load, uint64_t seed, unsigned thread,
                                 unsigned thread_count)
    : load_(load),
      seed_(seed),
      thread_(thread),
      thread_count_(thread_count),
      mean_gap_ns_(1e9 * thread_count / load.rate_per_s),
      random_(Mix64(seed ^ kArrivalSalt) + thread) {}

uint64_t ArrivalSchedule::Next() {
  if (load_.arrivals == Arrivals::kConstant) {
    // From the start, not from the last one, so that no error adds up.
    const uint64_t of_all_threads = thread_ + drawn_++ * thread_count_;
    return Rounded(static_cast<double>(of_all_threads) * 1e9 / load_.rate_per_s);
  }
  ++drawn_;
  // The inverse of the exponential distribution, of a number in (0, 1].
  at_ns_ -= mean_gap_ns_ * Log(1 - random_.NextUnit());
  return Rounded(at_ns_);
}

uint64_t ArrivalSchedule::CountBefore(uint64_t at_ns) const {
  ArrivalSchedule again(load_, seed_, thread_, thread_count_);
  while (again.Next() < at_ns) {
  }
  return again.drawn_ - 1;
}

}  // namespace kvs
