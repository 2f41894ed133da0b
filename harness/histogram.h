// A log-linear histogram of durations in nanoseconds.
#ifndef KVS_HARNESS_HISTOGRAM_H_
#define KVS_HARNESS_HISTOGRAM_H_

#include <cstdint>
#include <vector>

namespace kvs {

// Covers 0 ns to more than 12 hours with at most 1% relative error; exact below 128 ns. Values
// beyond the range are counted in the last bucket, and max() stays exact.
//
// Layout after HdrHistogram (G. Tene, hdrhistogram.org) and the log-linear buckets of Circllhist
// (H. Hartmann, T. Schlossnagle, "Circllhist", arXiv:2001.06561): each power of two is cut into 64
// (or more) equal buckets.
//
// Thread safety: one thread at a time. Each thread has its own; Merge after the join.
class Histogram {
 public:
  Histogram();

  // Counts `value_ns` `times` times. Never allocates.
  void Record(uint64_t value_ns, uint64_t times = 1);
  void Merge(const Histogram& other);

  uint64_t count() const;
  double mean() const;   // ns, exact; 0 when empty
  uint64_t min() const;  // ns, exact; 0 when empty
  uint64_t max() const;  // ns, exact; 0 when empty

  // The value in ns at or below which at least `percent` % (0..100) of the samples lie: the upper
  // edge of its bucket, never above max(). 0 when empty.
  uint64_t Percentile(double percent) const;

  // How many samples lie in buckets above the one that holds `value_ns`.
  uint64_t CountAbove(uint64_t value_ns) const;
};

}  // namespace kvs

#endif  // KVS_HARNESS_HISTOGRAM_H_
