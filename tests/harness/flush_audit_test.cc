#include "harness/flush_audit.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engines/engine.h"
#include "engines/registry.h"

extern "C" int FlushInLibrary(int fd);  // flush_library/flush_library.cc

namespace kvs {
namespace {

class FlushAuditTest : public ::testing::Test {
 protected:
  FlushAuditTest() {
    std::string pattern = ::testing::TempDir() + "flush_audit.XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FlushAuditTest() override { std::filesystem::remove_all(directory_); }

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
  for (const char* name : {"fsync", "fdatasync", "msync", "sync_file_range"}) {
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
    for (uint64_t i = 0; i < kWrites; ++i) engine->Set("key" + std::to_string(i), "value");
    EXPECT_GE(CountFlushes().total() - before, kWrites) << definition->name;
  }
}

}  // namespace
}  // namespace kvs
