#include "results/human_units.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace kvs {
namespace {

TEST(HumanUnitsTest, CountsHaveThreeDigits) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(0.0625), "0.0625");
  EXPECT_EQ(HumanCount(1), "1.00");
  EXPECT_EQ(HumanCount(12.34), "12.3");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(999.7), "1.00k");
  EXPECT_EQ(HumanCount(1234567), "1.23M");
  EXPECT_EQ(HumanCount(999.4e6), "999M");
  EXPECT_EQ(HumanCount(2.5e14), "250T");
  EXPECT_EQ(HumanCount(2.5e15), "2500T");
}

TEST(HumanUnitsTest, Durations) {
  EXPECT_EQ(HumanNs(0), "0ns");
  EXPECT_EQ(HumanNs(87.4), "87ns");
  EXPECT_EQ(HumanNs(999.4), "999ns");
  EXPECT_EQ(HumanNs(999.6), "1.00us");
  EXPECT_EQ(HumanNs(12345), "12.3us");
  EXPECT_EQ(HumanNs(999.9e6), "1.00s");
  EXPECT_EQ(HumanNs(4.3e13), "43000s");
}

TEST(HumanUnitsTest, Bytes) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.50 KiB");
  EXPECT_EQ(HumanBytes(102300000), "97.6 MiB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<uint64_t>::max()), "16384 PiB");
}

TEST(HumanUnitsTest, AShareThatIsNotZeroIsNotShownAsZero) {
  EXPECT_EQ(HumanShare(0), "0");
  EXPECT_EQ(HumanShare(1e-9), "<0.01%");
  EXPECT_EQ(HumanShare(0.0023), "0.23%");
  EXPECT_EQ(HumanShare(0.0999), "10%");
  EXPECT_EQ(HumanShare(0.5), "50%");
  EXPECT_EQ(HumanShare(1), "100%");
}

TEST(HumanUnitsTest, GroupedDigits) {
  EXPECT_EQ(GroupedDigits(0), "0");
  EXPECT_EQ(GroupedDigits(999), "999");
  EXPECT_EQ(GroupedDigits(1000), "1,000");
  EXPECT_EQ(GroupedDigits(1234567), "1,234,567");
}

RC_GTEST_PROP(HumanUnitsTest, CountsAndDurationsFitTheirColumns, (uint64_t figure)) {
  const auto value = static_cast<double>(figure % 1000000000000000u);
  RC_ASSERT(HumanCount(value).size() <= 5u);
  RC_ASSERT(HumanNs(value / 1000).size() <= 6u);
}

}  // namespace
}  // namespace kvs
