// A log-linear histogram of durations in nanoseconds.
#ifndef KVS_HARNESS_DRIVER_HISTOGRAM_H_
#define KVS_HARNESS_DRIVER_HISTOGRAM_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvs {

// Covers 0 ns to more than 12 hours with at most 1% relative error; exact below 256 ns. Values
// beyond the range are counted in one last bucket, and max() stays exact.
//
// Layout after HdrHistogram (G. Tene, hdrhistogram.org) and the log-linear buckets of Circllhist
// (H. Hartmann, T. Schlossnagle, "Circllhist", arXiv:2001.06561): each power of two from 2^8 on is
// cut into 128 equal buckets, so a bucket is at most 1/128 of its lower edge wide.
//
// Thread safety: one thread at a time. Each thread has its own; Merge after the join.
class Histogram {
 public:
  // Values from here on (about 19.5 hours) share the last bucket.
  static constexpr uint64_t kOverflowNs = uint64_t{1} << 46;

  Histogram();

  // Counts `value_ns` `times` times. Never allocates.
  void Record(uint64_t value_ns, uint64_t times = 1) {
    if (times == 0) return;
    buckets_[BucketOf(value_ns)] += times;
    count_ += times;
    sum_ns_ += static_cast<Sum>(value_ns) * times;
    if (value_ns < min_ns_) min_ns_ = value_ns;
    if (value_ns > max_ns_) max_ns_ = value_ns;
  }

  void Merge(const Histogram& other);

  uint64_t count() const { return count_; }
  double mean() const;                                       // ns, exact; 0 when empty
  uint64_t min() const { return count_ > 0 ? min_ns_ : 0; }  // ns, exact; 0 when empty
  uint64_t max() const { return max_ns_; }                   // ns, exact; 0 when empty

  // The value in ns at or below which at least `percent` % (0..100) of the samples lie: the upper
  // edge of its bucket, never above max(). 0 when empty.
  uint64_t Percentile(double percent) const;

  // How many samples lie in buckets above the one that holds `value_ns`.
  uint64_t CountAbove(uint64_t value_ns) const;

 private:
  // A sum of 2^64 samples of up to 2^64 ns fits.
  __extension__ typedef unsigned __int128 Sum;

  static constexpr int kSubBucketBits = 7;
  static constexpr size_t kSubBuckets = size_t{1} << kSubBucketBits;
  static constexpr int kOverflowBits = std::bit_width(kOverflowNs) - 1;
  static constexpr size_t kOverflowBucket = (kOverflowBits - kSubBucketBits + 1) * kSubBuckets;

  // Below 2^8 the bucket is the value; from there on the exponent picks a group of kSubBuckets and
  // the seven bits after the leading one pick the bucket in it.
  static size_t BucketOf(uint64_t value_ns) {
    if (value_ns >= kOverflowNs) return kOverflowBucket;
    const int shift = std::bit_width(value_ns | kSubBuckets) - (kSubBucketBits + 1);
    return static_cast<size_t>(shift) * kSubBuckets + (value_ns >> shift);
  }
  // Greatest value that falls into `bucket`.
  static uint64_t UpperEdgeOf(size_t bucket);

  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  Sum sum_ns_ = 0;
  uint64_t min_ns_ = UINT64_MAX;
  uint64_t max_ns_ = 0;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_HISTOGRAM_H_
