// Sees the flushes that a process really asks the kernel for, whichever library asks: how many, and
// whether one began at some moment or later and has succeeded.
//
// Thread safety: everything here from any thread.
//
// The file that defines these functions also defines fsync, fdatasync, msync, sync_file_range,
// sync, syncfs and the write calls, so that a program which uses it sees the calls of all its
// shared libraries too (ELF symbol interposition: the program's own definitions come first). Each
// calls the next definition, libc's or a sanitizer's.
//
// Not seen: raw system calls, io_uring, aio, what libc calls on its own account (the writes of
// stdio), and what makes every write synchronous without a word of the program's (the mount option
// `sync`). In ThreadSanitizer's builds no write is seen, because cmake/tsan.supp names the library
// that calls one, which would be this program.
#ifndef KVS_HARNESS_DRIVER_FLUSH_AUDIT_H_
#define KVS_HARNESS_DRIVER_FLUSH_AUDIT_H_

#include <cstdint>

namespace kvs {

// Calls since the process began.
struct FlushCounts {
  uint64_t fsync = 0;
  uint64_t fdatasync = 0;
  uint64_t msync = 0;
  uint64_t sync_file_range = 0;
  uint64_t sync = 0;  // and syncfs
  // Writes that are on the device when they return: by RWF_DSYNC or RWF_SYNC, or, while a
  // SynchronousWriteWatch lives, through a descriptor that was opened with O_DSYNC or O_SYNC.
  uint64_t synchronous_writes = 0;

  uint64_t total() const {
    return fsync + fdatasync + msync + sync_file_range + sync + synchronous_writes;
  }
};

// Flushes asked for so far, by any thread and any library of this process, whether they succeeded
// or not.
FlushCounts CountFlushes();

// True if a flush that began at `since_ns` (by NowNs()) or later has succeeded, of whatever file
// and by whatever thread. sync_file_range is none, since it leaves the device's cache as it is, and
// msync is one with MS_SYNC only.
//
// To ask it after a write was acknowledged, with the moment before its data was handed over, is to
// ask for what every durable write needs: a flush that began earlier cannot have had the data. It
// is no proof: the flush may have been of other data or another file.
bool HasFlushBegunSince(uint64_t since_ns);

// While one lives, each write asks the kernel for its descriptor's flags: nothing beside a flush,
// but too dear where writes are not flushed.
class SynchronousWriteWatch {
 public:
  SynchronousWriteWatch();
  ~SynchronousWriteWatch();
  SynchronousWriteWatch(const SynchronousWriteWatch&) = delete;
  SynchronousWriteWatch& operator=(const SynchronousWriteWatch&) = delete;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_FLUSH_AUDIT_H_
