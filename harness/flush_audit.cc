#include "harness/flush_audit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace kvs {
namespace {

// Memory order: (1) counts are relaxed and partner with the loads in CountFlushes: each is a tally
// of its own and publishes nothing. A flush costs a system call, so that they share a line with one
// another does not matter.
std::atomic<uint64_t> g_fsync{0};
std::atomic<uint64_t> g_fdatasync{0};
std::atomic<uint64_t> g_msync{0};
std::atomic<uint64_t> g_sync_file_range{0};

void Count(std::atomic<uint64_t>& calls) { calls.fetch_add(1, std::memory_order_relaxed); }  // (1)

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
  return {.fsync = g_fsync.load(std::memory_order_relaxed),                       // (1)
          .fdatasync = g_fdatasync.load(std::memory_order_relaxed),               // (1)
          .msync = g_msync.load(std::memory_order_relaxed),                       // (1)
          .sync_file_range = g_sync_file_range.load(std::memory_order_relaxed)};  // (1)
}

}  // namespace kvs

// Function-local statics, because a library's constructor may flush before this file's are set.
extern "C" {

int fsync(int fd) {
  static auto* const next = kvs::NextDefinition<int(int)>("fsync");
  kvs::Count(kvs::g_fsync);
  return next(fd);
}

int fdatasync(int fd) {
  static auto* const next = kvs::NextDefinition<int(int)>("fdatasync");
  kvs::Count(kvs::g_fdatasync);
  return next(fd);
}

int msync(void* address, size_t length, int flags) {
  static auto* const next = kvs::NextDefinition<int(void*, size_t, int)>("msync");
  kvs::Count(kvs::g_msync);
  return next(address, length, flags);
}

int sync_file_range(int fd, off64_t offset, off64_t length, unsigned int flags) {
  static auto* const next =
      kvs::NextDefinition<int(int, off64_t, off64_t, unsigned int)>("sync_file_range");
  kvs::Count(kvs::g_sync_file_range);
  return next(fd, offset, length, flags);
}

}  // extern "C"
