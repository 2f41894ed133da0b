#include "harness/driver/histogram.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kvs {

Histogram::Histogram() : buckets_(kOverflowBucket + 1) {}

uint64_t Histogram::UpperEdgeOf(size_t bucket) {
  if (bucket == kOverflowBucket) return UINT64_MAX;
  if (bucket < 2 * kSubBuckets) return bucket;
  const size_t shift = bucket / kSubBuckets - 1;
  const uint64_t scaled = kSubBuckets + bucket % kSubBuckets;
  return ((scaled + 1) << shift) - 1;
}

void Histogram::Merge(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

double Histogram::mean() const {
  return count_ > 0 ? static_cast<double>(sum_ns_) / static_cast<double>(count_) : 0;
}

uint64_t Histogram::Percentile(double percent) const {
  if (count_ == 0) return 0;
  // A product like 99.9 * 1000 / 100 comes out a hair above 999; the rank is still 999.
  constexpr double kRounding = 1e-12;
  const double exact_rank = percent * static_cast<double>(count_) / 100;
  const double rank = std::max(1.0, std::ceil(exact_rank * (1 - kRounding)));
  uint64_t at_or_below = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    at_or_below += buckets_[i];
    if (static_cast<double>(at_or_below) >= rank) return std::min(UpperEdgeOf(i), max_ns_);
  }
  return max_ns_;
}

uint64_t Histogram::CountAbove(uint64_t value_ns) const {
  const auto first_above = buckets_.begin() + static_cast<ptrdiff_t>(BucketOf(value_ns)) + 1;
  return std::accumulate(first_above, buckets_.end(), uint64_t{0});
}

}  // namespace kvs
