// When to write a file anew that grows with what was measured.
#ifndef KVS_HARNESS_PACED_SAVE_H_
#define KVS_HARNESS_PACED_SAVE_H_

#include <cstdint>
#include <functional>

#include "harness/clock.h"

namespace kvs {

// Saves so seldom that it takes at most a twentieth of the time: writing the whole of a run after
// each of many short trials would take longer than the trials.
//
// Thread safety: one thread at a time.
class PacedSave {
 public:
  // `save` writes the file; what it throws comes out of the functions below. `now_ns` is a
  // monotonic clock, in ns.
  explicit PacedSave(std::function<void()> save, std::function<uint64_t()> now_ns = NowNs);

  // Saves, if the last save is long enough ago; otherwise a later call has to.
  void SaveSoon();
  void SaveNow();
  // Saves what SaveSoon left, if anything.
  void SaveRest();

 private:
  std::function<void()> save_;
  std::function<uint64_t()> now_ns_;
  uint64_t next_ns_ = 0;  // not sooner than this
  bool has_rest_ = false;
};

}  // namespace kvs

#endif  // KVS_HARNESS_PACED_SAVE_H_
