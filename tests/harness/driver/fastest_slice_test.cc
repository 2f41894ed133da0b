#include "harness/driver/fastest_slice.h"

#include <gtest/gtest.h>

namespace kvs {
namespace {

constexpr uint64_t kStart = 1'000'000'000;
constexpr uint64_t kSlice = FastestSlice::kSliceNs;

TEST(FastestSliceTest, AStopDoesNotSlowTheRate) {
  FastestSlice fastest(kStart, 700);
  uint64_t now = kStart;
  for (int i = 0; i < 9; ++i) fastest.Note(now += kSlice, 700);  // 180 ms without any
  EXPECT_EQ(fastest.OperationsPerS(), std::nullopt);
  fastest.Note(now += kSlice, 700 + 2000);
  EXPECT_DOUBLE_EQ(*fastest.OperationsPerS(), 100'000);
  fastest.Note(now += 2 * kSlice, 700 + 2000 + 2000);
  EXPECT_DOUBLE_EQ(*fastest.OperationsPerS(), 100'000);
}

TEST(FastestSliceTest, AShortRestSaysNothing) {
  FastestSlice fastest(kStart, 0);
  EXPECT_EQ(fastest.NextNs(), kStart + kSlice);
  fastest.Note(kStart + kSlice, 2000);
  EXPECT_EQ(fastest.NextNs(), kStart + 2 * kSlice);
  fastest.Note(kStart + kSlice + 1000, 2064);  // 64 at once, in a microsecond
  EXPECT_DOUBLE_EQ(*fastest.OperationsPerS(), 100'000);
}

TEST(FastestSliceTest, AShortWarmUpIsOneSlice) {
  FastestSlice fastest(kStart, 0);
  EXPECT_EQ(fastest.OperationsPerS(), std::nullopt);
  fastest.Note(kStart, 0);
  EXPECT_EQ(fastest.OperationsPerS(), std::nullopt);
  fastest.Note(kStart + kSlice / 10, 50);
  EXPECT_DOUBLE_EQ(*fastest.OperationsPerS(), 25'000);
}

}  // namespace
}  // namespace kvs
