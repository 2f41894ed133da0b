// What the control groups of this process allow it: containers, systemd units, batch systems.
#ifndef KVS_HARNESS_SYSTEM_CGROUP_LIMITS_H_
#define KVS_HARNESS_SYSTEM_CGROUP_LIMITS_H_

#include <cstdint>
#include <filesystem>
#include <optional>

namespace kvs {

// The tightest limit from the group of this process up to the topmost group that it sees; a
// container need not see those above its own. A limit is absent where no group sets one.
struct CgroupLimits {
  bool cpu_is_known = false;  // the groups that would set a limit can be seen
  std::optional<double> cpus;
  bool memory_is_known = false;
  std::optional<uint64_t> memory_bytes;
};

// Reads them below `system_root`, of version 1 (cpu.cfs_quota_us, memory.limit_in_bytes) and of
// version 2 (cpu.max, memory.max), also of both at once. Never fails. Thread safe.
CgroupLimits ReadCgroupLimits(const std::filesystem::path& system_root = "/");

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_CGROUP_LIMITS_H_
