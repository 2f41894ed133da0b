// Confidence intervals by order statistics: exact at any number of values, whatever the values'
// distribution. Pure.
#ifndef KVS_RESULTS_ORDER_STATISTICS_H_
#define KVS_RESULTS_ORDER_STATISTICS_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace kvs {

// Element k: P(K <= k) of a binomial K with `n` draws of probability 1/2; k = 0 .. n/2.
std::vector<double> FairCoinTails(size_t n);

// Element k: P(U <= k) of the Mann-Whitney statistic U, the number of pairs in which the second of
// two samples of one continuous distribution is below the first; k = 0 .. m*n/2. `m`, `n` >= 1.
// Mann and Whitney, "On a test of whether one of two random variables is stochastically larger than
// the other", Ann. Math. Statist. 18 (1947), section 3; the counts are the coefficients of a
// Gaussian binomial. Takes time of the order of m^2 * n, relative error below 1e-9.
std::vector<double> MannWhitneyTails(size_t m, size_t n);

struct Interval {
  double low = 0;
  double high = 0;

  friend bool operator==(const Interval&, const Interval&) = default;
};

// The intervals for one unknown number, at all levels; each holds those at higher alphas. An
// interval at `alpha` holds the unknown with a probability of at least 1 - alpha. Ties, as of
// quantised figures, make that probability larger, never smaller.
class NestedIntervals {
 public:
  // The unknown is the median of the distribution of `values`, which are independent. Interval:
  // from the l-th smallest value to the l-th largest, with the largest l whose binomial tail
  // permits it. David and Nagaraja, "Order Statistics", 3rd ed. (2003), section 7.1. `values` is
  // not empty.
  static NestedIntervals OfMedian(std::vector<double> values);

  // The unknown is by how much `second` lies above `first`: all values are independent, and the two
  // distributions alike but for that shift. Estimate: the median of all differences; interval: from
  // the l-th smallest difference to the l-th largest. Hodges and Lehmann, "Estimates of location
  // based on rank tests", Ann. Math. Statist. 34 (1963), section 3; Hollander, Wolfe and Chicken,
  // "Nonparametric Statistical Methods", 3rd ed. (2014), sections 4.2 and 4.3. Neither is empty.
  static NestedIntervals OfShift(std::span<const double> first, std::span<const double> second);

  // The median of the values or differences.
  double estimate() const { return estimate_; }

  // Nothing when there are too few values for an interval of that level. 0 < alpha < 1.
  std::optional<Interval> At(double alpha) const;

  // Least alpha at which the interval leaves out `value`: the p value of a two-sided test that
  // `value` is the unknown. 1 when there is none.
  double AlphaToExclude(double value) const;

  // Least alpha at which the interval lies between -limit and limit, both left out. 1 when there is
  // none.
  double AlphaToLieWithin(double limit) const;

 private:
  NestedIntervals(std::vector<double> sorted, std::vector<double> tails);

  // Least alpha of an interval that leaves out `count` values on one side.
  double AlphaBeyond(size_t count) const;
  size_t CountUpTo(double value) const;
  size_t CountFrom(double value) const;

  std::vector<double> sorted_;
  // Element k: the probability that at most k of sorted_ lie on one given side of the unknown.
  std::vector<double> tails_;
  double estimate_;
};

// The smallest number of values with which OfMedian has an interval at `alpha`, 0 < alpha < 1.
size_t FewestForMedian(double alpha);
// The same for OfShift, of each of two samples of one size.
size_t FewestForShift(double alpha);

}  // namespace kvs

#endif  // KVS_RESULTS_ORDER_STATISTICS_H_
