// Statistics over the trials of a cell.
#ifndef KVS_RESULTS_STATISTICS_H_
#define KVS_RESULTS_STATISTICS_H_

#include <optional>
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

// Where the median of what values are drawn from lies.
struct MedianInterval {
  double low = 0;
  double high = 0;
  double confidence = 0;  // that it lies within, ends included

  friend bool operator==(const MedianInterval&, const MedianInterval&) = default;
};
// The narrowest interval between the k-th smallest and the k-th largest of `values` that holds the
// median with at least `confidence`; nothing when they are too few for it (0.95 takes 6). It is
// exact whatever the values are drawn from, as long as they are drawn independently, because how
// many of them lie below the median is binomial (H. A. David, H. N. Nagaraja, "Order Statistics",
// 3rd ed., 7.1). 0 < confidence < 1.
std::optional<MedianInterval> MedianIntervalOf(std::span<const double> values, double confidence);

}  // namespace kvs

#endif  // KVS_RESULTS_STATISTICS_H_
