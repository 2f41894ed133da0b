#include "results/statistics.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include <boost/math/distributions/binomial.hpp>

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

std::optional<MedianInterval> MedianIntervalOf(std::span<const double> values, double confidence) {
  if (values.empty()) return std::nullopt;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const boost::math::binomial below(static_cast<double>(sorted.size()), 0.5);
  std::optional<MedianInterval> narrowest;
  // The median is outside when at most i values lie on one of its sides.
  for (size_t i = 0; 2 * i < sorted.size(); ++i) {
    const double inside = 1 - 2 * boost::math::cdf(below, static_cast<double>(i));
    if (inside < confidence) break;
    narrowest = {.low = sorted[i], .high = sorted[sorted.size() - 1 - i], .confidence = inside};
  }
  return narrowest;
}

}  // namespace kvs
