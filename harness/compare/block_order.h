// In which order a block of a paired comparison measures its arms.
#ifndef KVS_HARNESS_COMPARE_BLOCK_ORDER_H_
#define KVS_HARNESS_COMPARE_BLOCK_ORDER_H_

#include <cstddef>
#include <numeric>
#include <random>
#include <vector>

#include "harness/run/shuffle.h"

namespace kvs::compare {

// The arms 0 .. `arms` - 1 in an order drawn from `random`, and then once more the other way round:
// ABBA or BAAB of two, ABCCBA and the like of three. Every arm has two trials whose mean place is
// the middle, so that what drifts evenly during the block adds the same to all of them. Pure but
// for `random`.
inline std::vector<size_t> BlockOrder(size_t arms, std::mt19937_64& random) {
  std::vector<size_t> once(arms);
  std::iota(once.begin(), once.end(), size_t{0});
  Shuffle(once, random);
  std::vector<size_t> order = once;
  order.insert(order.end(), once.rbegin(), once.rend());
  return order;
}

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_BLOCK_ORDER_H_
