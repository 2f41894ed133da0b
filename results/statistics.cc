#include "results/statistics.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace kvs {

double Median(std::span<const double> values) {
  assert(!values.empty());
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  // Halved before the addition, so that two huge values do not overflow.
  return sorted[middle - 1] / 2 + sorted[middle] / 2;
}

Spread SpreadOf(std::span<const double> values) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  return {.median = Median(values), .min = *min, .max = *max};
}

}  // namespace kvs
