#include "harness/compare/block_order.h"

#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace kvs::compare {
namespace {

TEST(BlockOrderTest, EveryArmHasTwoTrialsAroundTheMiddle) {
  std::mt19937_64 random(1);
  for (size_t arms = 1; arms <= 8; ++arms) {
    const std::vector<size_t> order = BlockOrder(arms, random);
    ASSERT_EQ(order.size(), 2 * arms);
    const std::multiset<size_t> seen(order.begin(), order.end());
    for (size_t arm = 0; arm < arms; ++arm) EXPECT_EQ(seen.count(arm), 2u);
    for (size_t i = 0; i < arms; ++i) EXPECT_EQ(order[i], order[order.size() - 1 - i]);
  }
}

TEST(BlockOrderTest, EveryOrderComesUp) {
  std::mt19937_64 random(1);
  std::set<std::vector<size_t>> seen;
  for (int i = 0; i < 200; ++i) seen.insert(BlockOrder(3, random));
  EXPECT_EQ(seen.size(), 6u);
}

}  // namespace
}  // namespace kvs::compare
