// Statistics over the trials of a cell.
#ifndef KVS_RESULTS_STATISTICS_H_
#define KVS_RESULTS_STATISTICS_H_

#include <span>

namespace kvs {

// The middle value, or the mean of the two middle ones. `values` must not be empty and holds finite
// numbers in any order.
double Median(std::span<const double> values);

// Where a handful of trials lie. With fewer than about ten of them the extremes say more than any
// quantile between.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;

  friend bool operator==(const Spread&, const Spread&) = default;
};
// Of a set that is not empty.
Spread SpreadOf(std::span<const double> values);

}  // namespace kvs

#endif  // KVS_RESULTS_STATISTICS_H_
