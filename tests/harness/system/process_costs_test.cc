#include "harness/system/process_costs.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/harness/scratch_directory.h"

namespace kvs::process_costs {
namespace {

TEST(AnonymousBytesTest, IsWhatIsResidentAndInNoFile) {
  EXPECT_EQ(ParseAnonymousBytes("5000 1200 200 10 0 900 0\n", 4096), 1000u * 4096);
  EXPECT_EQ(ParseAnonymousBytes("5000 200 200", 4096), 0u);
  for (const char* text : {"", "5000", "5000 1200", "5000 1200 x", "5000 200 1200", "-1 2 1"}) {
    EXPECT_EQ(ParseAnonymousBytes(text, 4096), std::nullopt) << text;
  }
  EXPECT_EQ(ReadAnonymousBytes("/no/such/file"), std::nullopt);
}

TEST(AnonymousBytesTest, GrowsWithMemoryThatIsTouchedAndNotWithAFileThatIsMapped) {
  constexpr size_t kBytes = size_t{64} << 20;
  constexpr uint64_t kMiB = uint64_t{1} << 20;
  const std::optional<uint64_t> before = ReadAnonymousBytes();
  ASSERT_TRUE(before);
  const auto map = [](int flags, int fd) {
    return mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, fd, 0);
  };
  void* const memory = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
  ASSERT_NE(memory, MAP_FAILED);
  const std::optional<uint64_t> with_memory = ReadAnonymousBytes();
  ASSERT_TRUE(with_memory);
  EXPECT_NEAR(static_cast<double>(*with_memory - *before), kBytes, 16 * kMiB);
  const int fd = memfd_create("mapped", MFD_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(ftruncate(fd, kBytes), 0);
  void* const file = map(MAP_SHARED, fd);
  ASSERT_NE(file, MAP_FAILED);
  EXPECT_NEAR(static_cast<double>(*ReadAnonymousBytes()), static_cast<double>(*with_memory),
              16 * kMiB);
  munmap(file, kBytes);
  munmap(memory, kBytes);
  close(fd);
}

constexpr const char* kIoText =
    "rchar: 323934931\nwchar: 323929600\nsyscr: 632687\nsyscw: 632675\nread_bytes: 4096\n"
    "write_bytes: 323932160\ncancelled_write_bytes: 77\n";

std::string Replaced(const std::string& what, const std::string& by) {
  std::string text = kIoText;
  return text.replace(text.find(what), what.size(), by);
}

TEST(ProcessIoTest, ReadsTheFourFigures) {
  const auto io = ParseProcessIo(kIoText);
  ASSERT_TRUE(io);
  EXPECT_EQ(io->call_read_bytes, 323934931u);
  EXPECT_EQ(io->call_write_bytes, 323929600u);
  EXPECT_EQ(io->device_read_bytes, 4096u);
  EXPECT_EQ(io->device_write_bytes, 323932160u);
}

TEST(ProcessIoTest, AZeroIsAFigure) {
  const auto io = ParseProcessIo("rchar: 0\nwchar: 0\nread_bytes: 0\nwrite_bytes: 0\n");
  ASSERT_TRUE(io);
  EXPECT_EQ(io->device_write_bytes, 0u);
}

TEST(ProcessIoTest, OrderUnknownLinesAndAMissingLineEndDoNotMatter) {
  const auto io = ParseProcessIo("new: x\n\nwrite_bytes: 4\nread_bytes:3\nwchar:  2\nrchar: 1");
  ASSERT_TRUE(io);
  EXPECT_EQ(io->call_read_bytes, 1u);
  EXPECT_EQ(io->call_write_bytes, 2u);
  EXPECT_EQ(io->device_read_bytes, 3u);
  EXPECT_EQ(io->device_write_bytes, 4u);
}

TEST(ProcessIoTest, WhatIsMissingOrGarbledIsNotAvailable) {
  const std::vector<std::string> texts = {
      "",
      "rchar: 1\nwchar: 2\nread_bytes: 3\n",
      Replaced("rchar: 323934931\n", ""),
      Replaced("323934931", ""),
      Replaced("323934931", "-1"),
      Replaced("323934931", "many"),
      Replaced("323934931", "12 kB"),
      Replaced("323934931", "18446744073709551616"),
      Replaced("read_bytes", "xread_bytes"),
      std::string(kIoText) + "rchar: 1\n",
      "\x01\xff:\n:::\nrchar",
  };
  for (const std::string& text : texts) EXPECT_FALSE(ParseProcessIo(text)) << text;
}

TEST(ProcessCostsTest, AFileThatIsNotThereLeavesTheRest) {
  const test::ScratchDirectory scratch;
  const ProcessCosts costs = ReadProcessCosts(scratch.path() / "io");
  EXPECT_FALSE(costs.io);
  EXPECT_GE(costs.user_cpu_s, 0);
}

TEST(ProcessCostsTest, AFileThatCannotBeReadIsNotAvailable) {
  const test::ScratchDirectory scratch;
  EXPECT_FALSE(ReadProcessCosts(scratch.path()).io) << "a directory";
  std::ofstream(scratch.path() / "io") << "Permission denied\n";
  EXPECT_FALSE(ReadProcessCosts(scratch.path() / "io").io);
}

TEST(ProcessCostsTest, TheFileIsRead) {
  const test::ScratchDirectory scratch;
  std::ofstream(scratch.path() / "io") << kIoText;
  const ProcessCosts costs = ReadProcessCosts(scratch.path() / "io");
  ASSERT_TRUE(costs.io);
  EXPECT_EQ(costs.io->device_read_bytes, 4096u);
}

TEST(ProcessCostsTest, AnIntervalIsTheDifference) {
  const ProcessCosts begin{1, 0.5, 10, 20, 30, 40, ProcessIo{100, 200, 300, 400}};
  const ProcessCosts end{3, 0.75, 11, 22, 33, 44, ProcessIo{101, 202, 303, 404}};
  const ProcessCosts costs = CostsBetween(begin, end);
  EXPECT_DOUBLE_EQ(costs.user_cpu_s, 2);
  EXPECT_DOUBLE_EQ(costs.system_cpu_s, 0.25);
  EXPECT_EQ(costs.voluntary_switches, 1u);
  EXPECT_EQ(costs.involuntary_switches, 2u);
  EXPECT_EQ(costs.minor_faults, 3u);
  EXPECT_EQ(costs.major_faults, 4u);
  ASSERT_TRUE(costs.io);
  EXPECT_EQ(costs.io->call_read_bytes, 1u);
  EXPECT_EQ(costs.io->call_write_bytes, 2u);
  EXPECT_EQ(costs.io->device_read_bytes, 3u);
  EXPECT_EQ(costs.io->device_write_bytes, 4u);
}

TEST(ProcessCostsTest, AnIntervalWithoutOneOfItsEndsHasNoBytes) {
  const ProcessCosts without;
  const ProcessCosts with{0, 0, 0, 0, 0, 0, ProcessIo{1, 2, 3, 4}};
  EXPECT_FALSE(CostsBetween(without, with).io);
  EXPECT_FALSE(CostsBetween(with, without).io);
}

}  // namespace
}  // namespace kvs::process_costs
