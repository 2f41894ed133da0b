// The rate at which operations complete while nothing holds them up.
#ifndef KVS_HARNESS_DRIVER_FASTEST_SLICE_H_
#define KVS_HARNESS_DRIVER_FASTEST_SLICE_H_

#include <algorithm>
#include <cstdint>
#include <optional>

namespace kvs {

// Of slices of a time, the fastest one's rate: a store that stops for most of it, because a file
// grows or others have the processor, is as fast as before when it goes on.
//
// Thread safety: for one thread.
class FastestSlice {
 public:
  // As long as it takes for an operation more or less to say little.
  static constexpr uint64_t kSliceNs = 20'000'000;

  // Times are those of NowNs(); `operations` are those completed so far.
  FastestSlice(uint64_t start_ns, uint64_t operations)
      : noted_at_ns_(start_ns), noted_operations_(operations) {}

  // When the current slice is long enough.
  uint64_t NextNs() const { return noted_at_ns_ + kSliceNs; }

  // The current slice ends at `now_ns`. A rest of less than half a slice says nothing, unless it is
  // all there is.
  void Note(uint64_t now_ns, uint64_t operations) {
    const uint64_t length_ns = now_ns - noted_at_ns_;
    if (length_ns == 0 || (per_s_ && 2 * length_ns < kSliceNs)) return;
    const double per_s =
        1e9 * static_cast<double>(operations - noted_operations_) / static_cast<double>(length_ns);
    per_s_ = std::max(per_s_.value_or(0), per_s);
    noted_at_ns_ = now_ns;
    noted_operations_ = operations;
  }

  // Nothing before the first slice with an operation.
  std::optional<double> OperationsPerS() const { return per_s_ > 0 ? per_s_ : std::nullopt; }

 private:
  uint64_t noted_at_ns_;
  uint64_t noted_operations_;
  std::optional<double> per_s_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_FASTEST_SLICE_H_
