#include "harness/options/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(ParseCountTest, TakesDecimalUnits) {
  EXPECT_EQ(ParseCount("0"), 0u);
  EXPECT_EQ(ParseCount("100000"), 100000u);
  EXPECT_EQ(ParseCount("100k"), 100000u);
  EXPECT_EQ(ParseCount("100K"), 100000u);
  EXPECT_EQ(ParseCount("1.5M"), 1500000u);
  EXPECT_EQ(ParseCount("2 G"), 2000000000u);
}

TEST(ParseCountTest, RefusesWhatIsNoCount) {
  for (const char* text : {"", "k", "-1", "-0", "1x", "1MiB", "1e3", "nan", "inf", "1,000", " 1"}) {
    EXPECT_THROW(ParseCount(text), UsageError) << "'" << text << "'";
  }
  EXPECT_THAT([] { ParseCount("1.5"); }, ThrowsMessage<UsageError>(HasSubstr("not a whole")));
  EXPECT_THAT([] { ParseCount("99999999999T"); },
              ThrowsMessage<UsageError>(HasSubstr("too large")));
}

TEST(ParseBytesTest, TellsBinaryFromDecimalUnits) {
  EXPECT_EQ(ParseBytes("4096"), 4096u);
  EXPECT_EQ(ParseBytes("64KiB"), 65536u);
  EXPECT_EQ(ParseBytes("64kB"), 64000u);
  EXPECT_EQ(ParseBytes("64MiB"), uint64_t{64} << 20);
  EXPECT_EQ(ParseBytes("1gib"), uint64_t{1} << 30);
  EXPECT_EQ(ParseBytes("0.5KiB"), 512u);
}

TEST(ParseBytesTest, RefusesTheAmbiguousUnit) {
  EXPECT_THAT([] { ParseBytes("64M"); }, ThrowsMessage<UsageError>(HasSubstr("MiB")));
}

TEST(ParseDurationTest, GivesSeconds) {
  EXPECT_DOUBLE_EQ(ParseDurationS("10s"), 10);
  EXPECT_DOUBLE_EQ(ParseDurationS("500ms"), 0.5);
  EXPECT_DOUBLE_EQ(ParseDurationS("200us"), 0.0002);
  EXPECT_DOUBLE_EQ(ParseDurationS("100ns"), 1e-7);
  EXPECT_DOUBLE_EQ(ParseDurationS("2min"), 120);
  EXPECT_DOUBLE_EQ(ParseDurationS("1h"), 3600);
  EXPECT_DOUBLE_EQ(ParseDurationS("2.5"), 2.5);
  EXPECT_DOUBLE_EQ(ParseDurationS("10000h"), 3.6e7);
  EXPECT_THROW(ParseDurationS("10001h"), UsageError) << "in ns it would not fit for long";
}

TEST(ParseDurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "-1s", "10x", "1d", "ten"}) {
    EXPECT_THROW(ParseDurationS(text), UsageError) << "'" << text << "'";
  }
}

}  // namespace
}  // namespace kvs
