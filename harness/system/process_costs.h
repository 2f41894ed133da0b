// What the kernel has charged this process with: processor time, switches, faults, bytes; and the
// memory that it has.
#ifndef KVS_HARNESS_SYSTEM_PROCESS_COSTS_H_
#define KVS_HARNESS_SYSTEM_PROCESS_COSTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {

// /proc/self/io, in bytes. The harness's own calls are among them: a few hundred bytes per reading
// of that file and per line of progress.
struct ProcessIo {
  uint64_t call_read_bytes = 0;   // rchar: what read calls returned, from the page cache or beyond
  uint64_t call_write_bytes = 0;  // wchar: what write calls took
  // read_bytes: what had to be fetched from storage, for calls and for mappings.
  uint64_t device_read_bytes = 0;
  // write_bytes: pages of files on storage when they become dirty, by a call or through a mapping,
  // and what goes past the page cache. Not what a device has written: that happens later, and a
  // page that is dirtied again before it is counts once. Writes to a RAM disk are not in it.
  uint64_t device_write_bytes = 0;
};

// All threads of the process, those that have ended too, since it began.
struct ProcessCosts {
  double user_cpu_s = 0;
  double system_cpu_s = 0;
  uint64_t voluntary_switches = 0;    // a thread had to wait
  uint64_t involuntary_switches = 0;  // a thread had to make room
  uint64_t minor_faults = 0;          // page faults without I/O
  uint64_t major_faults = 0;          // page faults with I/O
  std::optional<ProcessIo> io;        // nothing: the kernel does not tell
};

// Reads the text of /proc/self/io: lines "<name>: <bytes>", in any order, names it does not know
// among them. Nothing when one of the four is missing, occurs twice or has no number.
std::optional<ProcessIo> ParseProcessIo(std::string_view text);

// The costs so far, by a handful of system calls. `io_path` is for tests. Never throws; safe from
// any thread.
ProcessCosts ReadProcessCosts(const std::string& io_path = "/proc/self/io");

// Of the text of /proc/self/statm, pages of `page_bytes`: what is resident of the process and in no
// file: heaps and stacks, but not mapped stores. Nothing when the text is not of that form.
std::optional<uint64_t> ParseAnonymousBytes(std::string_view text, uint64_t page_bytes);

// That of this process now. The kernel's count lags behind by some hundred KiB. `statm_path` is for
// tests. Never throws; safe from any thread.
std::optional<uint64_t> ReadAnonymousBytes(const std::string& statm_path = "/proc/self/statm");

// From `begin` to `end`; io only if both have it.
ProcessCosts CostsBetween(const ProcessCosts& begin, const ProcessCosts& end);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_PROCESS_COSTS_H_
