// Time for measuring: monotonic nanoseconds.
#ifndef KVS_HARNESS_CLOCK_H_
#define KVS_HARNESS_CLOCK_H_

#include <cstdint>

namespace kvs {

// Monotonic time in ns since an arbitrary start. Thread safe.
uint64_t NowNs();

// From a NowNs() until now. Thread safe.
double SecondsSince(uint64_t start_ns);

// What one NowNs() costs on this machine, in ns: the median over several batches of calls. Takes
// well under a millisecond. A latency sample is two reads around the engine's call, so it includes
// about one such cost. Thread safe.
double ClockCostNs();

// The smallest step greater than 0 seen between consecutive NowNs(), in ns: no latency below it can
// be told from another. Takes well under a millisecond. Thread safe.
uint64_t ClockResolutionNs();

}  // namespace kvs

#endif  // KVS_HARNESS_CLOCK_H_
