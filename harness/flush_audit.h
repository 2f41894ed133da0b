// Counts the flushes that a process really asks the kernel for, whichever library asks.
#ifndef KVS_HARNESS_FLUSH_AUDIT_H_
#define KVS_HARNESS_FLUSH_AUDIT_H_

#include <cstdint>

namespace kvs {

// Calls since the process began.
struct FlushCounts {
  uint64_t fsync = 0;
  uint64_t fdatasync = 0;
  uint64_t msync = 0;
  uint64_t sync_file_range = 0;

  uint64_t total() const { return fsync + fdatasync + msync + sync_file_range; }
};

// Flushes asked for so far, by any thread and any library of this process, whether they succeeded
// or not. Thread safe.
//
// The file that defines this function also defines fsync, fdatasync, msync and sync_file_range, so
// that a program which calls it counts the calls of all its shared libraries too (ELF symbol
// interposition: the program's own definitions come first). Each counts and calls the next
// definition, libc's or a sanitizer's. Not seen: raw system calls, io_uring, and writes through a
// descriptor opened with O_SYNC or O_DSYNC.
FlushCounts CountFlushes();

}  // namespace kvs

#endif  // KVS_HARNESS_FLUSH_AUDIT_H_
