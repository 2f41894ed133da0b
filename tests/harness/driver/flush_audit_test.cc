#include "harness/driver/flush_audit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engines/engine.h"
#include "engines/registry.h"
#include "engines/sanitizers.h"
#include "harness/system/clock.h"

// flush_library/flush_library.cc
extern "C" int FlushInLibrary(int fd);
extern "C" ssize_t WriteInLibrary(int fd, const void* data, size_t size);

namespace kvs {
namespace {

class FlushAuditTest : public ::testing::Test {
 protected:
  FlushAuditTest() {
    std::string pattern = ::testing::TempDir() + "flush_audit.XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FlushAuditTest() override { std::filesystem::remove_all(directory_); }

  int Open(int flags) const {
    const int fd = open((directory_ / "file").c_str(), O_CREAT | flags, 0600);
    EXPECT_GE(fd, 0);
    return fd;
  }

  std::filesystem::path directory_;
};

TEST_F(FlushAuditTest, CountsEachCallOfThisProgram) {
  const std::string path = directory_ / "file";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  void* const mapping = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapping, MAP_FAILED);

  const FlushCounts before = CountFlushes();
  EXPECT_EQ(fsync(fd), 0);
  EXPECT_EQ(fdatasync(fd), 0);
  EXPECT_EQ(fdatasync(fd), 0);
  EXPECT_EQ(msync(mapping, 4096, MS_SYNC), 0);
  EXPECT_EQ(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE), 0);
  const FlushCounts after = CountFlushes();

  EXPECT_EQ(after.fsync - before.fsync, 1u);
  EXPECT_EQ(after.fdatasync - before.fdatasync, 2u);
  EXPECT_EQ(after.msync - before.msync, 1u);
  EXPECT_EQ(after.sync_file_range - before.sync_file_range, 1u);
  EXPECT_EQ(after.total() - before.total(), 5u);
  munmap(mapping, 4096);
  close(fd);
}

TEST_F(FlushAuditTest, PassesTheSystemsAnswerOn) {
  errno = 0;
  EXPECT_EQ(fsync(-1), -1);
  EXPECT_EQ(errno, EBADF);
  errno = 0;
  EXPECT_EQ(fdatasync(-1), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(FlushAuditTest, CountsCallsOfSeveralThreads) {
  const FlushCounts before = CountFlushes();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 100; ++i) fsync(-1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CountFlushes().fsync - before.fsync, 400u);
}

TEST_F(FlushAuditTest, IsTheDefinitionThatSharedLibrariesFind) {
  std::vector<const char*> names = {"fsync",           "fdatasync", "msync",
                                    "sync_file_range", "sync",      "syncfs"};
#if !KVS_THREAD_SANITIZER
  for (const char* name : {"write", "pwrite", "pwrite64", "writev", "pwritev", "pwritev64",
                           "pwritev2", "pwritev64v2"}) {
    names.push_back(name);
  }
#endif
  for (const char* name : names) {
    Dl_info found = {};
    Dl_info program = {};
    ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, name), &found), 0) << name;
    ASSERT_NE(dladdr(reinterpret_cast<void*>(&CountFlushes), &program), 0);
    EXPECT_EQ(found.dli_fbase, program.dli_fbase) << name << " is " << found.dli_fname << "'s";
  }
}

TEST_F(FlushAuditTest, CountsTheCallsOfASharedLibrary) {
  const int fd = open((directory_ / "file").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  const FlushCounts before = CountFlushes();
  EXPECT_EQ(FlushInLibrary(fd), 0);
  const FlushCounts after = CountFlushes();
  EXPECT_EQ(after.fsync - before.fsync, 1u);
  EXPECT_EQ(after.fdatasync - before.fdatasync, 1u);
  close(fd);
}

TEST_F(FlushAuditTest, EachKindOfFlushThatSucceedsHasBegun) {
  const int fd = Open(O_RDWR);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  void* const mapping = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapping, MAP_FAILED);
  const std::pair<const char*, std::function<int()>> flushes[] = {
      {"fsync", [&] { return fsync(fd); }},
      {"fdatasync", [&] { return fdatasync(fd); }},
      {"msync", [&] { return msync(mapping, 4096, MS_SYNC); }},
      {"syncfs", [&] { return syncfs(fd); }}};
  for (const auto& [name, flush] : flushes) {
    const uint64_t before_ns = NowNs();
    EXPECT_FALSE(HasFlushBegunSince(before_ns)) << name;
    EXPECT_EQ(flush(), 0) << name;
    EXPECT_TRUE(HasFlushBegunSince(before_ns)) << name;
    EXPECT_FALSE(HasFlushBegunSince(NowNs() + 1)) << name;
  }
  munmap(mapping, 4096);
  close(fd);
}

TEST_F(FlushAuditTest, WhatFailsOrPromisesNothingHasNotBegun) {
  const int fd = Open(O_RDWR);
  ASSERT_EQ(ftruncate(fd, 4096), 0);
  void* const mapping = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapping, MAP_FAILED);
  const uint64_t before_ns = NowNs();
  EXPECT_EQ(fsync(-1), -1);
  EXPECT_EQ(fdatasync(-1), -1);
  EXPECT_EQ(msync(static_cast<char*>(mapping) + 1, 1, MS_SYNC), -1);
  EXPECT_EQ(msync(mapping, 4096, MS_ASYNC), 0);
  EXPECT_EQ(sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER), 0);
  EXPECT_FALSE(HasFlushBegunSince(before_ns));
  munmap(mapping, 4096);
  close(fd);
}

TEST_F(FlushAuditTest, AFlushByAnotherThreadHasBegun) {
  const int fd = Open(O_RDWR);
  const uint64_t before_ns = NowNs();
  std::thread([&] { EXPECT_EQ(fdatasync(fd), 0); }).join();
  EXPECT_TRUE(HasFlushBegunSince(before_ns));
  close(fd);
}

#if !KVS_THREAD_SANITIZER

// The write calls, each writing a byte.
using WriteCall = std::pair<const char*, std::function<ssize_t(int fd)>>;
std::vector<WriteCall> WriteCalls() {
  static char byte = 'x';
  static const iovec part{&byte, 1};
  return {{"write", [](int fd) { return write(fd, &byte, 1); }},
          {"pwrite", [](int fd) { return pwrite(fd, &byte, 1, 0); }},
          {"pwrite64", [](int fd) { return pwrite64(fd, &byte, 1, 0); }},
          {"writev", [](int fd) { return writev(fd, &part, 1); }},
          {"pwritev", [](int fd) { return pwritev(fd, &part, 1, 0); }},
          {"pwritev64", [](int fd) { return pwritev64(fd, &part, 1, 0); }},
          {"pwritev2", [](int fd) { return pwritev2(fd, &part, 1, 0, 0); }},
          {"pwritev64v2", [](int fd) { return pwritev64v2(fd, &part, 1, 0, 0); }},
          {"library's", [](int fd) { return WriteInLibrary(fd, &byte, 1); }}};
}

TEST_F(FlushAuditTest, EachWriteThroughASynchronousDescriptorIsAFlushWhileWatched) {
  const SynchronousWriteWatch watch;
  for (const int flag : {O_DSYNC, O_SYNC}) {
    const int fd = Open(O_WRONLY | flag);
    const int copy = dup(fd);
    close(fd);
    for (const auto& [name, call] : WriteCalls()) {
      const uint64_t count = CountFlushes().synchronous_writes;
      const uint64_t before_ns = NowNs();
      EXPECT_EQ(call(copy), 1) << name;
      EXPECT_EQ(CountFlushes().synchronous_writes - count, 1u) << name;
      EXPECT_TRUE(HasFlushBegunSince(before_ns)) << name;
    }
    close(copy);
  }
}

TEST_F(FlushAuditTest, AnOrdinaryWriteIsNoFlush) {
  const SynchronousWriteWatch watch;
  const int fd = Open(O_WRONLY);
  const uint64_t count = CountFlushes().total();
  const uint64_t before_ns = NowNs();
  for (const auto& [name, call] : WriteCalls()) EXPECT_EQ(call(fd), 1) << name;
  EXPECT_EQ(CountFlushes().total(), count);
  EXPECT_FALSE(HasFlushBegunSince(before_ns));
  close(fd);
}

TEST_F(FlushAuditTest, AFailedSynchronousWriteIsCountedAndNoFlush) {
  const SynchronousWriteWatch watch;
  const int fd = Open(O_RDONLY | O_DSYNC);
  const uint64_t count = CountFlushes().synchronous_writes;
  const uint64_t before_ns = NowNs();
  errno = 0;
  EXPECT_EQ(write(fd, "x", 1), -1);
  EXPECT_EQ(errno, EBADF);
  EXPECT_EQ(CountFlushes().synchronous_writes - count, 1u);
  EXPECT_FALSE(HasFlushBegunSince(before_ns));
  close(fd);
}

TEST_F(FlushAuditTest, AWriteToNoDescriptorFailsAsItWould) {
  const SynchronousWriteWatch watch;
  errno = 0;
  EXPECT_EQ(write(-1, "x", 1), -1);
  EXPECT_EQ(errno, EBADF);
}

TEST_F(FlushAuditTest, WithoutAWatchDescriptorsAreNotAskedAndFlagsOfTheCallCount) {
  const int fd = Open(O_WRONLY | O_DSYNC);
  const uint64_t count = CountFlushes().synchronous_writes;
  EXPECT_EQ(write(fd, "x", 1), 1);
  EXPECT_EQ(CountFlushes().synchronous_writes, count);
  close(fd);

  char byte = 'x';
  const iovec part{&byte, 1};
  const int plain = Open(O_WRONLY);
  const uint64_t before_ns = NowNs();
  const ssize_t written = pwritev2(plain, &part, 1, 0, RWF_DSYNC);
  EXPECT_EQ(CountFlushes().synchronous_writes - count, 1u);
  EXPECT_EQ(HasFlushBegunSince(before_ns), written == 1);  // not every file system can
  close(plain);
}

#endif  // !KVS_THREAD_SANITIZER

TEST_F(FlushAuditTest, EveryEngineFlushesEachWriteOfOneThreadInTierSync) {
  constexpr uint64_t kWrites = 10;
  for (const EngineDefinition* definition : AllEngines()) {
    EngineOptions options;
    options.directory = directory_ / std::string(definition->name);
    options.durability = Durability::kSync;
    const EngineCapabilities capabilities = definition->capabilities(options);
    if (!capabilities.stores_data) continue;
    ASSERT_NE(std::find(capabilities.tiers.begin(), capabilities.tiers.end(), Durability::kSync),
              capabilities.tiers.end())
        << definition->name;
    const std::unique_ptr<KvsEngine> engine = definition->open(options);
    const uint64_t before = CountFlushes().total();
    for (uint64_t i = 0; i < kWrites; ++i) {
      const uint64_t before_ns = NowNs();
      engine->Set("key" + std::to_string(i), "value");
      EXPECT_TRUE(HasFlushBegunSince(before_ns)) << definition->name;
    }
    EXPECT_GE(CountFlushes().total() - before, kWrites) << definition->name;
  }
}

}  // namespace
}  // namespace kvs
