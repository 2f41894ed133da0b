#include "harness/driver/arrival_clock.h"

#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "harness/system/clock.h"

namespace kvs {
namespace {

// How long before its time a thread is up: seen on a virtual machine, it oversleeps by 25 to 50 us,
// and one time in ten by 100. Then it keeps the CPU: a yield right before its time would give that
// away for milliseconds as soon as another thread wants it.
constexpr uint64_t kAwakeNs = 100'000;
// How long a stop of the run goes unnoticed.
constexpr uint64_t kLongestSleepNs = 20'000'000;

}  // namespace

ArrivalClock::ArrivalClock(ArrivalSchedule schedule, RunControl& control)
    : control_(control), schedule_(std::move(schedule)), start_ns_(control.StartedAtNs()) {
  // By default the kernel may wake a thread 50 us late, to save power. If it refuses, so it does.
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
}

std::optional<uint64_t> ArrivalClock::Next() {
  const uint64_t at_ns = start_ns_ + schedule_.Next();
  while (true) {
    if (control_.phase() == RunPhase::kStop) return std::nullopt;
    const uint64_t now_ns = NowNs();
    if (now_ns >= at_ns) return at_ns;
    const uint64_t left_ns = at_ns - now_ns;
    if (left_ns > kAwakeNs) {
      std::this_thread::sleep_for(
          std::chrono::nanoseconds(std::min(left_ns - kAwakeNs, kLongestSleepNs)));
    }
  }
}

}  // namespace kvs
