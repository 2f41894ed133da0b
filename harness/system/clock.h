// Time for measuring: monotonic nanoseconds.
//
// They come from the processor's counter of ticks where that may be trusted (x86-64: the invariant
// TSC; see tick_clock.h for what is checked), as reading it is the cheapest there is, and otherwise
// from clock_gettime(CLOCK_MONOTONIC). Either way they are CLOCK_MONOTONIC's, std::chrono's
// steady_clock: ticks are calibrated against it when the process reads its first time, which takes
// 5 ms. From there on they keep their own rate, so that the two move apart by what the system's
// clock is slewed (NTP: 500 ppm at most): sleep for a while, not until a time. CheckClock() says
// how far they are apart.
#ifndef KVS_HARNESS_SYSTEM_CLOCK_H_
#define KVS_HARNESS_SYSTEM_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "harness/system/tick_clock.h"

namespace kvs {

#if defined(__x86_64__)

// The TSC, in order: every instruction before it has finished, so that the answers of earlier loads
// are there, and no memory access moves across it in the compiler. RDTSCP does that on the
// processors of all makers (Intel SDM and AMD APM, RDTSCP), where LFENCE before RDTSC, which costs
// the same, waits only on some. Instructions after it may begin up to some ns before the counter is
// read, and stores before it may still wait in the store buffer. So around a call of an engine: no
// earlier operation's memory access is in the measured time, and the call's own loads are.
inline uint64_t ReadTsc() {
  uint32_t low, high;
  __asm__ volatile("rdtscp" : "=a"(low), "=d"(high) : : "rcx", "memory");
  return (uint64_t{high} << 32) | low;
}

#endif

namespace clock_choice {

// Memory order: (1) acquire in NowNs partners with the release (2) in ReadSlowly: what it points to
// is complete. Null before the first reading, and where ticks are not trusted.
extern constinit std::atomic<const TickConversion*> g_ticks;

// The first reading, and every one from the system's clock.
uint64_t ReadSlowly();

}  // namespace clock_choice

// Monotonic time in ns, of all threads and CPUs together. Thread safe.
inline uint64_t NowNs() {
#if defined(__x86_64__)
  if (const TickConversion* ticks = clock_choice::g_ticks.load(std::memory_order_acquire))  // (1)
      [[likely]] {
    return ticks->ToNs(ReadTsc());
  }
#endif
  return clock_choice::ReadSlowly();
}

// From a NowNs() until now. Thread safe.
double SecondsSince(uint64_t start_ns);

// What NowNs() reads, and how it does.
struct ClockReport {
  std::string source;          // "tsc", or "clock_gettime: " and why not the TSC
  double cost_ns = 0;          // ClockCostNs()
  uint64_t resolution_ns = 0;  // ClockResolutionNs()
  // From CLOCK_MONOTONIC since the process's first reading, as parts per million of that time; not
  // available where the source is that clock itself.
  std::optional<double> deviation_ppm;
};

// Looks at the clock as it is now. Takes less than a millisecond. Throws std::runtime_error when it
// has moved away from CLOCK_MONOTONIC by more than a thousandth, so that times of this process mean
// nothing: the machine was suspended or moved, say. Thread safe.
ClockReport CheckClock();

// What one NowNs() costs on this machine, in ns: the median over several batches of calls. Takes
// well under a millisecond. A latency sample is two reads around the engine's call, so it includes
// about one such cost. Thread safe.
double ClockCostNs();

// The smallest step greater than 0 seen between consecutive NowNs(), in ns: no latency below it can
// be told from another. Takes well under a millisecond. Thread safe.
uint64_t ClockResolutionNs();

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_CLOCK_H_
