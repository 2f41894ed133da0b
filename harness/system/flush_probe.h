// How long the system takes to say that a write is durable.
#ifndef KVS_HARNESS_SYSTEM_FLUSH_PROBE_H_
#define KVS_HARNESS_SYSTEM_FLUSH_PROBE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace kvs {

struct FlushProbe {
  std::optional<uint64_t> median_ns;  // of one fdatasync; absent: not measured
  unsigned flushes = 0;
  std::string problem;  // why it is not measured
};

// Overwrites up to 32 blocks of 4 KiB of a file that it makes in `directory` and removes again,
// each followed by a timed fdatasync. Begins no further one after 0.3 s. Never throws: a failure is
// a `problem`. Thread safe.
FlushProbe MeasureFlush(const std::filesystem::path& directory);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_FLUSH_PROBE_H_
