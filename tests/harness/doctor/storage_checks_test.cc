#include "harness/doctor/storage_checks.h"

#include <cstdint>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/doctor/finding_matcher.h"

namespace kvs::doctor {
namespace {

using test::Found;

constexpr uint64_t kMiB = uint64_t{1} << 20;

TEST(StorageChecksTest, FileSystem) {
  MachineFacts facts;
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kUnknown, "cannot be found"));
  facts.mount = {"ext4", "/dev/sda1", "rw,discard"};
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kOk, "ext4 on /dev/sda1"));
  for (const char* indirect : {"overlay", "nfs4", "fuse.sshfs", "9p"}) {
    facts.mount.type = indirect;
    EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kWarn, indirect));
  }
  facts.mount.type = "newfs";
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kUnknown, "newfs"));
}

TEST(StorageChecksTest, ARamDiskIsNotDurable) {
  MachineFacts facts;
  facts.mount = {"tmpfs", "tmpfs", "rw"};
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kFail, "RAM disk (tmpfs)"));
  facts.mount = {};
  facts.is_ram_disk = true;
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kFail, "RAM disk"));
}

TEST(StorageChecksTest, AMountThatLeavesFlushesOutIsNotDurable) {
  MachineFacts facts;
  for (const char* options : {"rw,nobarrier", "barrier=0,rw"}) {
    facts.mount = {"ext4", "/dev/sda1", options};
    EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kFail, "flushes are left out"));
  }
  facts.mount.options = "rw,barrier=01";
  EXPECT_THAT(CheckFileSystem(facts), Found(FindingStatus::kOk, "ext4"));
}

TEST(StorageChecksTest, AFlushThatIsTooFastIsNone) {
  MachineFacts facts;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kUnknown, "not measured"));
  facts.flush.problem = "no room";
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kUnknown, "not measured: no room"));
  facts.flush = {.median_ns = 20'000, .flushes = 32, .problem = ""};
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kOk, "20.0us, median of 32"));
  facts.flush.median_ns = 19'999;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kWarn, "too fast"));
}

TEST(StorageChecksTest, AFlushOfARamDiskIsNoneHoweverLongItTakes) {
  MachineFacts facts;
  facts.flush = {.median_ns = 20'000, .flushes = 32, .problem = ""};
  facts.is_ram_disk = true;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kWarn, "RAM disk"));
}

TEST(StorageChecksTest, ADiskThatTurnsTakesLongerUnlessItIsVirtual) {
  MachineFacts facts;
  facts.flush = {.median_ns = 499'999, .flushes = 32, .problem = ""};
  facts.device_kind = "rotational";
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kOk, ""));
  facts.is_virtual = true;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kOk, ""));
  facts.is_virtual = false;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kWarn, "a disk that turns"));
  facts.flush.median_ns = 500'000;
  EXPECT_THAT(CheckFlush(facts), Found(FindingStatus::kOk, "500us"));
}

TEST(StorageChecksTest, FreeSpace) {
  MachineFacts facts;
  EXPECT_THAT(CheckFreeSpace(facts), Found(FindingStatus::kUnknown, "does not tell"));
  facts.free_bytes = 1024 * kMiB;
  EXPECT_THAT(CheckFreeSpace(facts), Found(FindingStatus::kOk, "1.00 GiB"));
  facts.free_bytes = 1024 * kMiB - 1;
  EXPECT_THAT(CheckFreeSpace(facts), Found(FindingStatus::kWarn, "little more"));
  facts.free_bytes = 64 * kMiB - 1;
  EXPECT_THAT(CheckFreeSpace(facts), Found(FindingStatus::kFail, "no run fits"));
}

TEST(StorageChecksTest, OpenFiles) {
  MachineFacts facts;
  EXPECT_THAT(CheckOpenFiles(facts), Found(FindingStatus::kUnknown, "does not tell"));
  facts.open_files = UINT64_MAX;
  EXPECT_THAT(CheckOpenFiles(facts), Found(FindingStatus::kOk, "no limit"));
  facts.open_files = 1024;
  EXPECT_THAT(CheckOpenFiles(facts), Found(FindingStatus::kOk, "1024"));
  facts.open_files = 1023;
  EXPECT_THAT(CheckOpenFiles(facts), Found(FindingStatus::kWarn, "1023"));
  facts.open_files = 63;
  EXPECT_THAT(CheckOpenFiles(facts), Found(FindingStatus::kFail, "63"));
}

}  // namespace
}  // namespace kvs::doctor
