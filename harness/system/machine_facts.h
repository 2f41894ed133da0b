// What the system tells about itself, read once; what it means is for harness/doctor/ to say.
#ifndef KVS_HARNESS_SYSTEM_MACHINE_FACTS_H_
#define KVS_HARNESS_SYSTEM_MACHINE_FACTS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "harness/system/cgroup_limits.h"
#include "harness/system/data_location.h"
#include "harness/system/flush_probe.h"

namespace kvs {

// Of what the system does not tell, a text is empty and anything else absent: nothing is guessed.
struct MachineFacts {
  // The processor.
  std::string cpu_model;
  std::optional<unsigned> cpus;        // online
  std::vector<std::string> governors;  // frequency policies of all CPUs, each once, sorted
  std::optional<bool> turbo;           // the clock may rise above the nominal one
  std::optional<bool> smt;             // several hardware threads share a core
  std::string virtualisation;          // "virtual machine (QEMU ...)"; empty: none is seen
  std::optional<bool> is_virtual;
  std::optional<double> steal_share;  // 0 to 1, of the CPU time since the system started
  std::string clock_source;           // "tsc"

  // What else runs, and what this process may take.
  std::optional<double> load;  // runnable and blocked tasks, mean of about a minute
  struct Pressure {
    // Percent of the last 10 s in which some task waited for it (Linux: PSI).
    std::optional<double> cpu, memory, io;
  } pressure;
  CgroupLimits cgroup;
  std::optional<uint64_t> open_files;  // soft limit; of none, the largest number

  // Memory.
  std::optional<uint64_t> memory_bytes;
  std::optional<uint64_t> swap_bytes;
  std::optional<uint64_t> swap_used_bytes;
  std::string huge_pages;  // transparent ones: "always [madvise] never"

  // Where the data lies.
  MountInfo mount;
  bool is_ram_disk = false;
  std::string device_kind;  // "rotational", "non-rotational"
  std::optional<uint64_t> free_bytes;
  FlushProbe flush;  // measured by whoever has a directory to write in

  // The system and this build.
  std::string kernel;  // "Linux 6.1.0-18-amd64 x86_64"
  std::string os;
  std::string compiler;
  std::string build_type;
  std::string sanitizer;  // empty: none
  bool has_assertions = false;
  std::string fmt_version;
};

// Reads all but `flush`. Files are looked up below `system_root`, so that a test can lay out a
// machine; the kernel's name, the limit of open files, and the size and kind of the file system at
// `data_directory` (or of where it would be made) are asked of the running system. Never fails.
// Thread safe.
MachineFacts ReadMachineFacts(const std::filesystem::path& data_directory,
                              const std::filesystem::path& system_root = "/");

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_MACHINE_FACTS_H_
