// Time for measuring: monotonic nanoseconds.
#ifndef KVS_HARNESS_CLOCK_H_
#define KVS_HARNESS_CLOCK_H_

#include <cstdint>

namespace kvs {

// Monotonic time in ns since an arbitrary start. Thread safe.
uint64_t NowNs();

}  // namespace kvs

#endif  // KVS_HARNESS_CLOCK_H_
