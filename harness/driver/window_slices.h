// A window cut into parts while it is open, however long it gets.
#ifndef KVS_HARNESS_DRIVER_WINDOW_SLICES_H_
#define KVS_HARNESS_DRIVER_WINDOW_SLICES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "results/model.h"

namespace kvs {

// Begins with short slices; whenever there are kMostSlices of them, neighbours are joined and the
// next ones are twice as long. So a window of a second or more has from half of kMostSlices to
// kMostSlices of them, and nobody need know how long it will be.
//
// Thread safety: for one thread.
class WindowSlices {
 public:
  static constexpr size_t kMostSlices = 40;
  static constexpr uint64_t kShortestNs = 50'000'000;

  // `start_ns`: when the window opened; times are those of NowNs().
  explicit WindowSlices(uint64_t start_ns) : noted_at_ns_(start_ns) {}

  // When the current slice is long enough.
  uint64_t NextNs() const { return noted_at_ns_ + period_ns_; }

  // The current slice ends at `now_ns`, after its beginning; `operations` completed since the
  // window opened.
  void Note(uint64_t now_ns, uint64_t operations);

  // All slices, given the window's end and what completed in it. A rest of less than half a slice
  // is part of the last one.
  std::vector<Slice> Finish(uint64_t end_ns, uint64_t operations) const;

 private:
  Slice Since(uint64_t now_ns, uint64_t operations) const;

  uint64_t period_ns_ = kShortestNs;
  uint64_t noted_at_ns_;
  uint64_t noted_operations_ = 0;
  std::vector<Slice> slices_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_WINDOW_SLICES_H_
