#include "harness/system/mount_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/system/fake_system.h"

namespace kvs {
namespace {

using ::testing::IsEmpty;

TEST(MountTableTest, ReadsLinesWithAndWithoutOptionalFields) {
  test::FakeSystem system;
  system.Write("proc/self/mountinfo",
               "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n"
               "30 27 0:25 /part /with\\040blank rw shared:7 master:2 - tmpfs none rw,size=4k");
  const std::vector<Mount> table = ReadMountTable(system.root());
  ASSERT_EQ(table.size(), 2u);
  EXPECT_EQ(table[0].device, "254:0");
  EXPECT_EQ(table[0].root, "/");
  EXPECT_EQ(table[0].point, "/");
  EXPECT_EQ(table[0].type, "ext4");
  EXPECT_EQ(table[0].source, "/dev/vda");
  EXPECT_EQ(table[0].options, "rw,discard");
  EXPECT_EQ(table[1].root, "/part");
  EXPECT_EQ(table[1].point, "/with blank");
  EXPECT_EQ(table[1].type, "tmpfs");
}

TEST(MountTableTest, LeavesOutWhatHasAnotherShape) {
  test::FakeSystem system;
  EXPECT_THAT(ReadMountTable(system.root()), IsEmpty());
  system.Write("proc/self/mountinfo", "\n27 1 254:0 / /\n27 1 - ext4\n - \n\\04 \\999");
  EXPECT_THAT(ReadMountTable(system.root()), IsEmpty());
}

}  // namespace
}  // namespace kvs
