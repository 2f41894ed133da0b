// Counts, sizes and durations as users write them.
#ifndef KVS_HARNESS_OPTIONS_UNITS_H_
#define KVS_HARNESS_OPTIONS_UNITS_H_

#include <cstdint>
#include <string_view>

namespace kvs {

// "100000", "100k", "1.5M", "2G" (powers of 1000, any case). Throws UsageError when `text` is
// anything else, has a fractional result or exceeds 64 bits.
uint64_t ParseCount(std::string_view text);

// Bytes: "4096", "64KiB", "64MiB", "1GiB" (powers of 1024), "64kB", "1GB" (powers of 1000). A bare
// "64M" could mean either and is refused. Throws UsageError.
uint64_t ParseBytes(std::string_view text);

// Seconds from "10s", "500ms", "200us", "100ns", "2min", "1h", or a bare number of seconds. Never
// negative, and at most 10,000 hours. Throws UsageError.
double ParseDurationS(std::string_view text);

}  // namespace kvs

#endif  // KVS_HARNESS_OPTIONS_UNITS_H_
