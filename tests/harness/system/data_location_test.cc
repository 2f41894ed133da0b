#include "harness/system/data_location.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/harness/system/fake_system.h"

namespace kvs {
namespace {

std::string DeviceOf(const std::filesystem::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
}

TEST(FindMountTest, GoesByTheDevice) {
  test::FakeSystem system;
  system.Write("proc/self/mountinfo",
               fmt::format("1 0 9999:1 / / rw - ext4 /dev/a rw\n"
                           "2 1 {} / /elsewhere rw - xfs /dev/b rw,nobarrier\n"
                           "3 1 9999:2 / {} rw - ext4 /dev/c rw",
                           DeviceOf(system.root()), system.root().string()));
  const MountInfo mount = FindMount(system.root() / "not" / "there", system.root());
  EXPECT_EQ(mount.type, "xfs");
  EXPECT_EQ(mount.source, "/dev/b");
  EXPECT_EQ(mount.options, "rw,nobarrier");
}

TEST(FindMountTest, OfADeviceThatNoMountShowsItIsTheInnermostAndLast) {
  test::FakeSystem system;
  const std::string root = std::filesystem::canonical(system.root()).string();
  system.Write("proc/self/mountinfo", fmt::format("1 0 9999:1 / / rw - ext4 /dev/a rw\n"
                                                  "2 1 9999:2 / {0} rw - xfs /dev/b rw\n"
                                                  "3 1 9999:3 / {0} rw - btrfs /dev/c rw\n"
                                                  "4 1 9999:4 / {0}-beside-it rw - jfs /dev/d rw",
                                                  root));
  EXPECT_EQ(FindMount(system.root(), system.root()).type, "btrfs");
}

TEST(FindMountTest, IsUnknownWithoutAMount) {
  test::FakeSystem system;
  EXPECT_EQ(FindMount(system.root(), system.root()).type, "unknown");
}

TEST(WhyNotWritableTest, IsTheSystemsReasonAndLeavesNothing) {
  const test::ScratchDirectory scratch;
  EXPECT_EQ(WhyNotWritable(scratch.path()), 0);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
  EXPECT_EQ(WhyNotWritable(scratch.path() / "missing"), ENOENT);
}

}  // namespace
}  // namespace kvs
