// What is mounted where, as this process sees it.
#ifndef KVS_HARNESS_SYSTEM_MOUNT_TABLE_H_
#define KVS_HARNESS_SYSTEM_MOUNT_TABLE_H_

#include <filesystem>
#include <string>
#include <vector>

namespace kvs {

// One line of /proc/self/mountinfo (proc(5)).
struct Mount {
  std::string device;   // "254:0": major and minor number
  std::string root;     // the part of the file system that is seen at `point`; "/": all of it
  std::string point;    // "/sys/fs/cgroup"
  std::string options;  // of the file system: "rw,discard"
  std::string type;     // "ext4"
  std::string source;   // "/dev/sda1"
};

// The lines of `system_root`/proc/self/mountinfo in their order; those that have another shape are
// left out, and a file that cannot be read has none. Thread safe.
std::vector<Mount> ReadMountTable(const std::filesystem::path& system_root = "/");

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_MOUNT_TABLE_H_
