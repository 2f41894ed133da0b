#include "harness/system/system_file.h"

#include <gtest/gtest.h>

#include "tests/harness/system/fake_system.h"

namespace kvs {
namespace {

TEST(SystemFileTest, FirstLineIsEmptyWithoutAFile) {
  test::FakeSystem system;
  system.Write("file", "one\ntwo");
  EXPECT_EQ(FirstLine(system.root() / "file"), "one");
  EXPECT_EQ(FirstLine(system.root() / "missing"), "");
  EXPECT_EQ(FirstLine(system.root()), "");
}

TEST(SystemFileTest, ValueOfAKeyAndNotOfALongerOne) {
  test::FakeSystem system;
  system.Write("meminfo", "MemTotalLong: 1 kB\nMemTotal:   24684092 kB\nempty:\nNAME=\"A B\"");
  EXPECT_EQ(ValueIn(system.root() / "meminfo", "MemTotal", ':'), "24684092 kB");
  EXPECT_EQ(ValueIn(system.root() / "meminfo", "NAME", '='), "A B");
  EXPECT_EQ(ValueIn(system.root() / "meminfo", "Mem", ':'), "");
  EXPECT_EQ(ValueIn(system.root() / "meminfo", "empty", ':'), "");
  EXPECT_EQ(ValueIn(system.root() / "missing", "MemTotal", ':'), "");
}

TEST(SystemFileTest, NumbersThatATextBeginsWith) {
  EXPECT_EQ(LeadingNumber("24684092 kB"), 24684092u);
  EXPECT_EQ(LeadingNumber("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(LeadingNumber("18446744073709551616"), std::nullopt);
  for (const char* text : {"", "max 100000", "-1", " 1"}) {
    EXPECT_EQ(LeadingNumber(text), std::nullopt) << text;
  }
}

TEST(SystemFileTest, CountsTheCpusOfAList) {
  EXPECT_EQ(CountCpus("0-3,8"), 5u);
  EXPECT_EQ(CountCpus("7"), 1u);
  EXPECT_EQ(CountCpus(""), 0u);
}

}  // namespace
}  // namespace kvs
