// The settings of a workload that the command line offers without a spec file.
#ifndef KVS_WORKLOADS_COMMON_KNOBS_H_
#define KVS_WORKLOADS_COMMON_KNOBS_H_

#include <cstdint>
#include <optional>

#include "workloads/spec.h"

namespace kvs {

// --records, --key-size, --value-size (bytes) and --read-percent (0 to 100; the rest updates).
struct CommonKnobs {
  std::optional<uint64_t> records;
  std::optional<uint32_t> key_size;
  std::optional<uint32_t> value_size;
  std::optional<double> read_percent;
};

// The same as property overrides, for any workload: put them before the user's own. Without a
// workload they make one out of the shipped "custom".
PropertyOverrides KnobOverrides(const CommonKnobs& knobs);

}  // namespace kvs

#endif  // KVS_WORKLOADS_COMMON_KNOBS_H_
