#include "harness/driver/window_slices.h"

#include <algorithm>

namespace kvs {
namespace {

void Join(const Slice& next, Slice& slice) {
  slice.length_s += next.length_s;
  slice.operations += next.operations;
}

}  // namespace

void WindowSlices::Note(uint64_t now_ns, uint64_t operations) {
  slices_.push_back(Since(now_ns, operations));
  noted_at_ns_ = now_ns;
  noted_operations_ = operations;
  if (slices_.size() < kMostSlices) return;
  for (size_t i = 0; i < kMostSlices / 2; ++i) {
    slices_[i] = slices_[2 * i];
    Join(slices_[2 * i + 1], slices_[i]);
  }
  slices_.resize(kMostSlices / 2);
  period_ns_ *= 2;
}

std::vector<Slice> WindowSlices::Finish(uint64_t end_ns, uint64_t operations) const {
  std::vector<Slice> slices = slices_;
  if (end_ns <= noted_at_ns_) return slices;
  const Slice rest = Since(end_ns, std::max(operations, noted_operations_));
  if (slices.empty() || 2 * (end_ns - noted_at_ns_) >= period_ns_) {
    slices.push_back(rest);
  } else {
    Join(rest, slices.back());
  }
  return slices;
}

Slice WindowSlices::Since(uint64_t now_ns, uint64_t operations) const {
  return {.length_s = 1e-9 * static_cast<double>(now_ns - noted_at_ns_),
          .operations = operations - noted_operations_};
}

}  // namespace kvs
