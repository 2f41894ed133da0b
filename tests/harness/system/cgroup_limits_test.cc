#include "harness/system/cgroup_limits.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "tests/harness/system/fake_system.h"

namespace kvs {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// A machine with version 2 alone, and this process in the group /outer/inner.
class CgroupVersion2Test : public ::testing::Test {
 protected:
  CgroupVersion2Test() {
    system_.Write("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
    system_.Write("proc/self/cgroup", "0::/outer/inner");
    std::filesystem::create_directories(system_.root() / "sys/fs/cgroup/outer/inner");
  }

  test::FakeSystem system_;
};

TEST_F(CgroupVersion2Test, GroupsWithoutALimit) {
  system_.Write("sys/fs/cgroup/outer/inner/cpu.max", "max 100000");
  system_.Write("sys/fs/cgroup/outer/inner/memory.max", "max");
  const CgroupLimits limits = ReadCgroupLimits(system_.root());
  EXPECT_TRUE(limits.cpu_is_known);
  EXPECT_TRUE(limits.memory_is_known);
  EXPECT_EQ(limits.cpus, std::nullopt);
  EXPECT_EQ(limits.memory_bytes, std::nullopt);
}

TEST_F(CgroupVersion2Test, TheTightestLimitCountsWhereverItIs) {
  system_.Write("sys/fs/cgroup/outer/inner/cpu.max", "300000 100000");
  system_.Write("sys/fs/cgroup/outer/cpu.max", "150000 100000");
  system_.Write("sys/fs/cgroup/outer/inner/memory.max", "268435456");
  system_.Write("sys/fs/cgroup/outer/memory.max", "536870912");
  const CgroupLimits limits = ReadCgroupLimits(system_.root());
  EXPECT_EQ(limits.cpus, 1.5);
  EXPECT_EQ(limits.memory_bytes, 256 * kMiB);
}

TEST_F(CgroupVersion2Test, AContainerThatSeesItsOwnGroupsOnly) {
  system_.Write("proc/self/mountinfo",
                "31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw");
  system_.Write("sys/fs/cgroup/cpu.max", "50000 100000");
  system_.Write("sys/fs/cgroup/job/memory.max", "1048576");
  system_.Write("proc/self/cgroup", "0::/docker/abc/job");
  EXPECT_EQ(ReadCgroupLimits(system_.root()).cpus, 0.5);
  EXPECT_EQ(ReadCgroupLimits(system_.root()).memory_bytes, kMiB);
  // A group that is not below what is mounted.
  system_.Write("proc/self/cgroup", "0::/../other");
  EXPECT_EQ(ReadCgroupLimits(system_.root()).cpus, 0.5);
  EXPECT_EQ(ReadCgroupLimits(system_.root()).memory_bytes, std::nullopt);
}

TEST_F(CgroupVersion2Test, UnreadableLimitsAreNone) {
  system_.Write("sys/fs/cgroup/outer/inner/cpu.max", "150000");
  system_.Write("sys/fs/cgroup/outer/cpu.max", "150000 0");
  system_.Write("sys/fs/cgroup/outer/memory.max", "much");
  EXPECT_EQ(ReadCgroupLimits(system_.root()).cpus, std::nullopt);
  EXPECT_EQ(ReadCgroupLimits(system_.root()).memory_bytes, std::nullopt);
}

TEST(CgroupVersion1Test, ReadsEachControllersOwnHierarchy) {
  test::FakeSystem system;
  system.Write("proc/self/mountinfo",
               "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
               "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
               "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw");
  system.Write("proc/self/cgroup", "4:memory:/job\n2:cpu,cpuacct:/\n0::/");
  system.Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1");
  system.Write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  system.Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  system.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "9223372036854771712");
  // Version 2 is there, but has neither controller.
  system.Write("sys/fs/cgroup/unified/cpu.max", "1 100000");
  CgroupLimits limits = ReadCgroupLimits(system.root());
  EXPECT_TRUE(limits.cpu_is_known);
  EXPECT_TRUE(limits.memory_is_known);
  EXPECT_EQ(limits.cpus, std::nullopt);
  EXPECT_EQ(limits.memory_bytes, std::nullopt);

  system.Write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000");
  system.Write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1048576");
  limits = ReadCgroupLimits(system.root());
  EXPECT_EQ(limits.cpus, 0.25);
  EXPECT_EQ(limits.memory_bytes, kMiB);
}

TEST(CgroupLimitsTest, AreUnknownWhereNothingIsMounted) {
  test::FakeSystem system;
  EXPECT_FALSE(ReadCgroupLimits(system.root()).cpu_is_known);
  system.Write("proc/self/cgroup", "0::/job\nnonsense");
  EXPECT_FALSE(ReadCgroupLimits(system.root()).cpu_is_known);
  EXPECT_FALSE(ReadCgroupLimits(system.root()).memory_is_known);
}

}  // namespace
}  // namespace kvs
