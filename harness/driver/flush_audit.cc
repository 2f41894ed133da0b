#include "harness/driver/flush_audit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "engines/sanitizers.h"
#include "harness/driver/flush_record.h"
#include "harness/system/clock.h"

namespace kvs {
namespace {

// Memory order: (1) counts are relaxed and partner with the loads in CountFlushes: each is a tally
// of its own and publishes nothing. A flush costs a system call, so that they share a line with one
// another does not matter.
std::atomic<uint64_t> g_fsync{0};
std::atomic<uint64_t> g_fdatasync{0};
std::atomic<uint64_t> g_msync{0};
std::atomic<uint64_t> g_sync_file_range{0};
std::atomic<uint64_t> g_sync{0};
std::atomic<uint64_t> g_synchronous_writes{0};
constinit FlushRecord g_record;
// (2) relaxed, and partners with (3): a watch begins before the threads that it is to watch do.
std::atomic<unsigned> g_watches{0};

void Count(std::atomic<uint64_t>& calls) { calls.fetch_add(1, std::memory_order_relaxed); }  // (1)

// Counts and times `flush`, which returns 0 when it has succeeded.
template <typename Call>
int CallFlush(std::atomic<uint64_t>& calls, Call flush) {
  Count(calls);
  const uint64_t begin_ns = NowNs();
  const int result = flush();
  if (result == 0) g_record.Add(begin_ns);
  return result;
}

bool IsSynchronous(int fd, int write_flags) {
  if ((write_flags & (RWF_DSYNC | RWF_SYNC)) != 0) return true;
  if (g_watches.load(std::memory_order_relaxed) == 0) [[likely]] {  // (3)
    return false;
  }
  const int error = errno;
  const int flags = fcntl(fd, F_GETFL);
  errno = error;                                 // what is wrong with `fd` is the write's to say
  return flags != -1 && (flags & O_DSYNC) != 0;  // a bit of O_SYNC, too
}

// Counts and times `write` if it is synchronous.
template <typename Call>
ssize_t CallWrite(int fd, int write_flags, Call write) {
  if (!IsSynchronous(fd, write_flags)) [[likely]] {
    return write();
  }
  Count(g_synchronous_writes);
  const uint64_t begin_ns = NowNs();
  const ssize_t written = write();
  if (written > 0) g_record.Add(begin_ns);
  return written;
}

// The definition that this file's one hides. Without it no flush could be honoured, so a process
// that cannot find it ends.
template <typename Function>
Function* NextDefinition(const char* name) {
  void* const symbol = dlsym(RTLD_NEXT, name);
  if (symbol == nullptr) {
    std::fprintf(stderr, "flush audit: libc has no %s\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(symbol);
}

}  // namespace

FlushCounts CountFlushes() {
  return {.fsync = g_fsync.load(std::memory_order_relaxed),                             // (1)
          .fdatasync = g_fdatasync.load(std::memory_order_relaxed),                     // (1)
          .msync = g_msync.load(std::memory_order_relaxed),                             // (1)
          .sync_file_range = g_sync_file_range.load(std::memory_order_relaxed),         // (1)
          .sync = g_sync.load(std::memory_order_relaxed),                               // (1)
          .synchronous_writes = g_synchronous_writes.load(std::memory_order_relaxed)};  // (1)
}

bool HasFlushBegunSince(uint64_t since_ns) { return g_record.HasBegunSince(since_ns); }

SynchronousWriteWatch::SynchronousWriteWatch() {
  g_watches.fetch_add(1, std::memory_order_relaxed);  // (2)
}
SynchronousWriteWatch::~SynchronousWriteWatch() {
  g_watches.fetch_sub(1, std::memory_order_relaxed);  // (2)
}

}  // namespace kvs

// Function-local statics, because a library's constructor may flush before this file's are set.
extern "C" {

int fsync(int fd) {
  static auto* const next = kvs::NextDefinition<int(int)>("fsync");
  return kvs::CallFlush(kvs::g_fsync, [&] { return next(fd); });
}

int fdatasync(int fd) {
  static auto* const next = kvs::NextDefinition<int(int)>("fdatasync");
  return kvs::CallFlush(kvs::g_fdatasync, [&] { return next(fd); });
}

int msync(void* address, size_t length, int flags) {
  static auto* const next = kvs::NextDefinition<int(void*, size_t, int)>("msync");
  const auto call = [&] { return next(address, length, flags); };
  if ((flags & MS_SYNC) != 0) return kvs::CallFlush(kvs::g_msync, call);
  kvs::Count(kvs::g_msync);
  return call();
}

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned int flags) {
  static auto* const next =
      kvs::NextDefinition<int(int, off64_t, off64_t, unsigned int)>("sync_file_range");
  kvs::Count(kvs::g_sync_file_range);
  return next(fd, offset, length, flags);
}

void sync() noexcept {
  static auto* const next = kvs::NextDefinition<void()>("sync");
  kvs::CallFlush(kvs::g_sync, [&] {
    next();
    return 0;
  });
}

int syncfs(int fd) noexcept {
  static auto* const next = kvs::NextDefinition<int(int)>("syncfs");
  return kvs::CallFlush(kvs::g_sync, [&] { return next(fd); });
}

#if !KVS_THREAD_SANITIZER

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const next = kvs::NextDefinition<ssize_t(int, const void*, size_t)>("write");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, data, size); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static auto* const next = kvs::NextDefinition<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, data, size, offset); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  static auto* const next =
      kvs::NextDefinition<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, data, size, offset); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const next = kvs::NextDefinition<ssize_t(int, const iovec*, int)>("writev");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, parts, count); });
}

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static auto* const next = kvs::NextDefinition<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, parts, count, offset); });
}

ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  static auto* const next =
      kvs::NextDefinition<ssize_t(int, const iovec*, int, off64_t)>("pwritev64");
  return kvs::CallWrite(fd, 0, [&] { return next(fd, parts, count, offset); });
}

ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static auto* const next =
      kvs::NextDefinition<ssize_t(int, const iovec*, int, off_t, int)>("pwritev2");
  return kvs::CallWrite(fd, flags, [&] { return next(fd, parts, count, offset, flags); });
}

ssize_t pwritev64v2(int fd, const iovec* parts, int count, off64_t offset, int flags) {
  static auto* const next =
      kvs::NextDefinition<ssize_t(int, const iovec*, int, off64_t, int)>("pwritev64v2");
  return kvs::CallWrite(fd, flags, [&] { return next(fd, parts, count, offset, flags); });
}

#endif  // !KVS_THREAD_SANITIZER

}  // extern "C"
