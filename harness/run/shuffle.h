// An order at random that is the same everywhere.
#ifndef KVS_HARNESS_RUN_SHUFFLE_H_
#define KVS_HARNESS_RUN_SHUFFLE_H_

#include <cstddef>
#include <random>
#include <utility>
#include <vector>

namespace kvs {

// A generator whose shuffles are the same with every standard library: std::shuffle and the
// distributions of <random> are not specified to the bit. Fisher-Yates (Knuth, The Art of Computer
// Programming, vol. 2, 3.4.2, algorithm P). The bias of the modulo is below 2^-50 here.
template <typename T>
void Shuffle(std::vector<T>& items, std::mt19937_64& random) {
  for (size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random() % i]);
}

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_SHUFFLE_H_
