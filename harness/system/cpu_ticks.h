// What the processors of the whole machine did, whoever asked them to.
#ifndef KVS_HARNESS_SYSTEM_CPU_TICKS_H_
#define KVS_HARNESS_SYSTEM_CPU_TICKS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {

// Since the system started, all processors together, in clock ticks: the first line of /proc/stat.
struct CpuTicks {
  uint64_t busy = 0;   // for processes, the kernel and interrupts; `steal` is not in it
  uint64_t idle = 0;   // with nothing to do, or nothing but waiting for I/O
  uint64_t steal = 0;  // taken by the hypervisor for others

  uint64_t total() const { return busy + idle + steal; }
};

// Of a text that begins with that line; nothing when it has another form.
std::optional<CpuTicks> ParseCpuTicks(std::string_view text);

// Of the running system; nothing when it does not tell. `path` is for tests. Never throws; safe
// from any thread.
std::optional<CpuTicks> ReadCpuTicks(const std::string& path = "/proc/stat");

// How a process found the processors over some time, as shares of all that they could have done.
struct CpuShares {
  double others = 0;  // went to other processes, the kernel's own threads and the hypervisor
  double idle = 0;
};

// Between two moments in which this process had `own_cpu_s` of CPU time. Nothing when too few ticks
// lie between them to tell.
std::optional<CpuShares> CpuSharesBetween(const CpuTicks& begin, const CpuTicks& end,
                                          double own_cpu_s, double ticks_per_s);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_CPU_TICKS_H_
