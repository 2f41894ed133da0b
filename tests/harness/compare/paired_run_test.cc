#include "harness/compare/paired_run.h"

#include <gtest/gtest.h>

namespace kvs::compare {
namespace {

TEST(PairedRunTest, BlocksFitIntoTwoMinutesForEachCell) {
  EXPECT_EQ(BlocksThatFit(4, 1), 30u);
  EXPECT_EQ(BlocksThatFit(8, 2), 30u);
  EXPECT_EQ(BlocksThatFit(100, 1), 16u);  // fewer would decide nothing
  EXPECT_EQ(BlocksThatFit(1e-9, 1), 500u);
}

}  // namespace
}  // namespace kvs::compare
