#include "results/order_statistics.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <cassert>
#include <utility>

#include "results/statistics.h"

namespace kvs {

std::vector<double> FairCoinTails(size_t n) {
  // All figures of a comparison ask for those of one n.
  thread_local std::pair<size_t, std::vector<double>> last{0, {1.0}};
  if (last.first == n) return last.second;
  const boost::math::binomial_distribution<double> heads(static_cast<double>(n), 0.5);
  std::vector<double> tails;
  for (size_t k = 0; k <= n / 2; ++k) {
    tails.push_back(boost::math::cdf(heads, static_cast<double>(k)));
  }
  last = {n, tails};
  return tails;
}

// The Gaussian binomial [n+m over m] is the product over i = 1..m of (1 - x^(n+i)) / (1 - x^i).
// Each partial product is the distribution of U for samples of i and n, times its number of
// orders; here it is kept as probabilities, which do not overflow. What is below k depends on
// nothing above it, so small tails keep their relative precision in spite of the subtraction.
std::vector<double> MannWhitneyTails(size_t m, size_t n) {
  assert(m > 0 && n > 0);
  if (m > n) std::swap(m, n);
  const size_t last = m * n / 2;
  std::vector<double> chance(last + 1, 0);
  chance[0] = 1;
  for (size_t i = 1; i <= m; ++i) {
    const double scale = static_cast<double>(i) / static_cast<double>(n + i);
    for (size_t u = last; u >= n + i; --u) chance[u] -= chance[u - n - i];
    for (double& value : chance) value *= scale;
    for (size_t u = i; u <= last; ++u) chance[u] += chance[u - i];
  }
  double sum = 0;
  for (double& value : chance) value = sum += value;
  return chance;
}

NestedIntervals NestedIntervals::OfMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::vector<double> tails = FairCoinTails(values.size());
  return {std::move(values), std::move(tails)};
}

NestedIntervals NestedIntervals::OfShift(std::span<const double> first,
                                         std::span<const double> second) {
  std::vector<double> differences;
  differences.reserve(first.size() * second.size());
  for (const double a : first) {
    for (const double b : second) differences.push_back(b - a);
  }
  std::sort(differences.begin(), differences.end());
  return {std::move(differences), MannWhitneyTails(first.size(), second.size())};
}

NestedIntervals::NestedIntervals(std::vector<double> sorted, std::vector<double> tails)
    : sorted_(std::move(sorted)), tails_(std::move(tails)), estimate_(Median(sorted_)) {}

std::optional<Interval> NestedIntervals::At(double alpha) const {
  // How many values may be left out on each side.
  const auto first_too_many = std::partition_point(
      tails_.begin(), tails_.end(), [alpha](double tail) { return 2 * tail <= alpha; });
  const auto l = static_cast<size_t>(first_too_many - tails_.begin());
  if (l == 0) return std::nullopt;
  return Interval{.low = sorted_[l - 1], .high = sorted_[sorted_.size() - l]};
}

double NestedIntervals::AlphaToExclude(double value) const {
  return AlphaBeyond(std::min(CountUpTo(value), CountFrom(value)));
}

double NestedIntervals::AlphaToLieWithin(double limit) const {
  return AlphaBeyond(std::max(CountUpTo(-limit), CountFrom(limit)));
}

double NestedIntervals::AlphaBeyond(size_t count) const {
  return count < tails_.size() ? std::min(1.0, 2 * tails_[count]) : 1.0;
}

size_t NestedIntervals::CountUpTo(double value) const {
  return static_cast<size_t>(std::upper_bound(sorted_.begin(), sorted_.end(), value) -
                             sorted_.begin());
}

size_t NestedIntervals::CountFrom(double value) const {
  return static_cast<size_t>(sorted_.end() -
                             std::lower_bound(sorted_.begin(), sorted_.end(), value));
}

size_t FewestForMedian(double alpha) {
  assert(alpha > 0 && alpha < 1);
  size_t n = 1;
  for (double least = 1; least > alpha; least /= 2) ++n;  // 2 * (1/2)^n
  return n;
}

size_t FewestForShift(double alpha) {
  assert(alpha > 0 && alpha < 1);
  size_t n = 1;
  // 2 / C(2n, n), and C(2n + 2, n + 1) = C(2n, n) * (4n + 2) / (n + 1).
  for (double least = 1; least > alpha; ++n) {
    least *= static_cast<double>(n + 1) / static_cast<double>(4 * n + 2);
  }
  return n;
}

}  // namespace kvs
