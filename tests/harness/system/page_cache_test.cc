#include "harness/system/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "harness/system/data_location.h"
#include "tests/harness/scratch_directory.h"

namespace kvs {
namespace page_cache {

constexpr size_t kFileBytes = 1'000'000;  // no multiple of a page

void WriteFile(const std::filesystem::path& path, size_t size) {
  std::ofstream file(path, std::ios::binary);
  file << std::string(size, 'x');
}

// Files on a disk, from where they can be evicted.
class PageCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (IsRamDisk(scratch_.path())) GTEST_SKIP() << "the tests' directory is on a RAM disk";
  }
  const std::filesystem::path& directory() const { return scratch_.path(); }
  PageCacheShare Share() const {
    const std::optional<PageCacheShare> share = ReadPageCacheShare(directory());
    EXPECT_TRUE(share);
    return share.value_or(PageCacheShare());
  }

 private:
  test::ScratchDirectory scratch_;
};

TEST_F(PageCacheTest, WhatWasWrittenIsResidentUntilItIsEvicted) {
  WriteFile(directory() / "a", kFileBytes);
  std::filesystem::create_directories(directory() / "below/it");
  WriteFile(directory() / "below/it/b", 10);
  WriteFile(directory() / "empty", 0);
  PageCacheShare share = Share();
  EXPECT_EQ(share.file_bytes, kFileBytes + 10);
  EXPECT_EQ(share.resident_bytes, kFileBytes + 10);
  EvictFromPageCache(directory());
  share = Share();
  EXPECT_EQ(share.file_bytes, kFileBytes + 10);
  EXPECT_EQ(share.resident_bytes, 0u);
}

TEST_F(PageCacheTest, ToLookBringsNothingBack) {
  WriteFile(directory() / "a", kFileBytes);
  EvictFromPageCache(directory());
  Share();
  EXPECT_EQ(Share().resident_bytes, 0u);
}

TEST_F(PageCacheTest, EvictionLosesNoByte) {
  WriteFile(directory() / "a", kFileBytes);
  EvictFromPageCache(directory());
  std::ifstream file(directory() / "a", std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), std::string(kFileBytes, 'x'));
}

TEST_F(PageCacheTest, WhatIsMappedAndTouchedStaysAndIsSeen) {
  WriteFile(directory() / "a", kFileBytes);
  const int fd = open((directory() / "a").c_str(), O_RDONLY);
  ASSERT_GE(fd, 0);
  void* address = mmap(nullptr, kFileBytes, PROT_READ, MAP_SHARED, fd, 0);
  ASSERT_NE(address, MAP_FAILED);
  // The kernel may bring in, and map, more than the page that is touched.
  const char seen = *static_cast<const volatile char*>(address);
  EvictFromPageCache(directory());
  EXPECT_EQ(seen, 'x');
  EXPECT_GE(Share().resident_bytes, static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
  munmap(address, kFileBytes);
  close(fd);
  EvictFromPageCache(directory());
  EXPECT_EQ(Share().resident_bytes, 0u);
}

TEST_F(PageCacheTest, HolesAreNotResident) {
  WriteFile(directory() / "a", 1);
  std::filesystem::resize_file(directory() / "a", kFileBytes);
  EvictFromPageCache(directory());
  EXPECT_EQ(Share().file_bytes, kFileBytes);
  EXPECT_EQ(Share().resident_bytes, 0u);
}

TEST_F(PageCacheTest, LinksAreNotFollowed) {
  WriteFile(directory() / "a", 10);
  std::filesystem::create_symlink("a", directory() / "link");
  std::filesystem::create_symlink("nowhere", directory() / "broken");
  EvictFromPageCache(directory());
  EXPECT_EQ(Share().file_bytes, 10u);
}

TEST(PageCacheErrorTest, AMissingDirectoryIsNamed) {
  EXPECT_THROW(EvictFromPageCache("/nonexistent/store"), std::filesystem::filesystem_error);
  EXPECT_THROW(ReadPageCacheShare("/nonexistent/store"), std::filesystem::filesystem_error);
}

TEST(PageCacheErrorTest, TheCachesOfTheMachineAreDroppedByAWord) {
  const test::ScratchDirectory scratch;
  const std::filesystem::path file = scratch.path() / "drop_caches";
  EXPECT_EQ(WhyCachesCannotBeDropped(file), ENOENT);
  EXPECT_THROW(DropCachesOfMachine(file), std::filesystem::filesystem_error);
  WriteFile(file, 0);
  EXPECT_EQ(WhyCachesCannotBeDropped(file), 0);
  DropCachesOfMachine(file);
  std::ifstream text(file);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(text), {}), "3\n");
}

// Closing any descriptor of a file would end the process's locks on it, and SQLite's with them.
TEST_F(PageCacheTest, LocksOfAnEngineStay) {
  const std::filesystem::path path = directory() / "locked";
  WriteFile(path, kFileBytes);
  const int fd = open(path.c_str(), O_RDWR);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  ASSERT_EQ(fcntl(fd, F_SETLK, &lock), 0);
  Share();
  EvictFromPageCache(directory());
  const pid_t other = fork();
  ASSERT_GE(other, 0);
  if (other == 0) {
    const int own = open(path.c_str(), O_RDWR);
    _exit(fcntl(own, F_GETLK, &lock) == 0 && lock.l_type == F_WRLCK ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(other, &status, 0), other);
  EXPECT_EQ(status, 0) << "the lock is gone";
  close(fd);
}

}  // namespace page_cache
}  // namespace kvs
