#include "harness/system/cpu_ticks.h"

#include <gtest/gtest.h>

namespace kvs {
namespace {

constexpr double kTicksPerS = 100;

TEST(CpuTicksTest, TheFirstLineHasThem) {
  const auto ticks = ParseCpuTicks("cpu  10 20 30 900 5 6 7 22 3 4\ncpu0 1 2 3 4 5 6 7 8 0 0\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->busy, 10u + 20 + 30 + 6 + 7);
  EXPECT_EQ(ticks->idle, 905u);
  EXPECT_EQ(ticks->steal, 22u);
  EXPECT_EQ(ticks->total(), 1000u);
  EXPECT_TRUE(ParseCpuTicks("cpu 1 2 3 4 5 6 7 8"));
  for (const char* text : {"", "cpu", "cpu 1 2 3", "cpu 1 2 3 4 5 6 7\n8", "cpu0 1 2 3 4 5 6 7 8",
                           "cpu 1 2 3 4 5 6 7 8x", "cpu 1 2 -3 4 5 6 7 8"}) {
    EXPECT_FALSE(ParseCpuTicks(text)) << text;
  }
  EXPECT_FALSE(ReadCpuTicks("/no/such/file"));
}

TEST(CpuTicksTest, OthersTookWhatThisProcessDidNot) {
  const CpuTicks begin{.busy = 1000, .idle = 5000, .steal = 7};
  // Of 400 ticks, 240 busy, 120 idle, 40 stolen; 2 s, or 200 of them, were this process's own.
  const auto shares = CpuSharesBetween(begin, {1240, 5120, 47}, 2, kTicksPerS);
  ASSERT_TRUE(shares);
  EXPECT_DOUBLE_EQ(shares->others, 0.2);
  EXPECT_DOUBLE_EQ(shares->idle, 0.3);
  // Ticks are coarse: its own may seem to be more than all.
  EXPECT_EQ(CpuSharesBetween(begin, {1100, 5000, 7}, 1.2, kTicksPerS)->others, 0);
}

TEST(CpuTicksTest, NothingIsSaidOfAMomentOrOfCountsThatGoBack) {
  const CpuTicks begin{.busy = 1000, .idle = 5000, .steal = 7};
  EXPECT_FALSE(CpuSharesBetween(begin, begin, 0, kTicksPerS));
  EXPECT_FALSE(CpuSharesBetween(begin, {1049, 5000, 7}, 0, kTicksPerS));
  EXPECT_TRUE(CpuSharesBetween(begin, {1050, 5000, 7}, 0, kTicksPerS));
  EXPECT_FALSE(CpuSharesBetween(begin, {1200, 4999, 7}, 0, kTicksPerS));
}

}  // namespace
}  // namespace kvs
