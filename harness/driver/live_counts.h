// What one worker has completed so far, readable while it works.
#ifndef KVS_HARNESS_DRIVER_LIVE_COUNTS_H_
#define KVS_HARNESS_DRIVER_LIVE_COUNTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "workloads/operation.h"

namespace kvs {

// A counter with one writer.
//
// Memory order: (1) the writer's relaxed load sees its own last store; (2) its relaxed store
// partners with (3) the coordinator's relaxed load. A count publishes nothing but itself.
class Tally {
 public:
  void Add(uint64_t count) {
    value_.store(value_.load(std::memory_order_relaxed) + count,  // (1)
                 std::memory_order_relaxed);                      // (2)
  }
  uint64_t Read() const { return value_.load(std::memory_order_relaxed); }  // (3)

 private:
  std::atomic<uint64_t> value_{0};
};

struct KindCounts {
  uint64_t completed = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t unknown = 0;
  uint64_t entries = 0;
  uint64_t written_bytes = 0;  // keys and values handed to the engine to store, keys to remove
  uint64_t found_bytes = 0;    // values that it returned
};

// A moment's counts, or the difference of two moments.
struct Counts {
  std::array<KindCounts, kOperationKinds> kinds;
  uint64_t scanned_values_checked = 0;
  uint64_t values_checked_fully = 0;
  uint64_t handles_cloned = 0;

  // Of all kinds.
  uint64_t operations() const { return Sum(&KindCounts::completed); }
  uint64_t written_bytes() const { return Sum(&KindCounts::written_bytes); }
  uint64_t found_bytes() const { return Sum(&KindCounts::found_bytes); }

  void Add(const Counts& other) {
    Combine(other, [](uint64_t& a, uint64_t b) { a += b; });
  }
  void Subtract(const Counts& other) {
    Combine(other, [](uint64_t& a, uint64_t b) { a -= b; });
  }

 private:
  uint64_t Sum(uint64_t KindCounts::*member) const {
    uint64_t sum = 0;
    for (const KindCounts& kind : kinds) sum += kind.*member;
    return sum;
  }

  template <typename Step>
  void Combine(const Counts& other, Step step) {
    for (size_t i = 0; i < kinds.size(); ++i) {
      step(kinds[i].completed, other.kinds[i].completed);
      step(kinds[i].hits, other.kinds[i].hits);
      step(kinds[i].misses, other.kinds[i].misses);
      step(kinds[i].unknown, other.kinds[i].unknown);
      step(kinds[i].entries, other.kinds[i].entries);
      step(kinds[i].written_bytes, other.kinds[i].written_bytes);
      step(kinds[i].found_bytes, other.kinds[i].found_bytes);
    }
    step(scanned_values_checked, other.scanned_values_checked);
    step(values_checked_fully, other.values_checked_fully);
    step(handles_cloned, other.handles_cloned);
  }
};

// True for the kinds of which each operation is a hit, a miss or unknown, and nothing else.
constexpr bool LooksUpOneKey(OperationKind kind) {
  return kind == OperationKind::kRead || kind == OperationKind::kReadModifyWrite ||
         kind == OperationKind::kRemove;
}

// The counts of one worker, on cache lines of their own (two lines: the adjacent one is fetched
// along). An operation that looks up one key touches one counter, its outcome, which is its
// completion, and one for the bytes that it moved.
//
// Thread safety: written by one thread at a time, read by any. A reader that comes while the worker
// is between two counters of one operation sees the first only; up to 15 reads that are counted may
// not have been checked yet (OperationExecutor::ExecuteUntimed).
struct alignas(128) LiveCounts {
  struct Kind {
    Tally completed;  // kinds that do not look up one key
    Tally hits;
    Tally misses;
    Tally unknown;
    Tally entries;
    Tally written_bytes;
    Tally found_bytes;  // counted when a value is judged, so not of engines that store nothing
  };
  std::array<Kind, kOperationKinds> kinds;
  Tally scanned_values_checked;
  Tally values_checked_fully;
  Tally handles_cloned;

  Kind& Of(OperationKind kind) { return kinds[static_cast<size_t>(kind)]; }

  Counts Read() const {
    Counts counts;
    for (size_t i = 0; i < kinds.size(); ++i) {
      KindCounts& to = counts.kinds[i];
      to.hits = kinds[i].hits.Read();
      to.misses = kinds[i].misses.Read();
      to.unknown = kinds[i].unknown.Read();
      to.entries = kinds[i].entries.Read();
      to.written_bytes = kinds[i].written_bytes.Read();
      to.found_bytes = kinds[i].found_bytes.Read();
      to.completed = LooksUpOneKey(static_cast<OperationKind>(i)) ? to.hits + to.misses + to.unknown
                                                                  : kinds[i].completed.Read();
    }
    counts.scanned_values_checked = scanned_values_checked.Read();
    counts.values_checked_fully = values_checked_fully.Read();
    counts.handles_cloned = handles_cloned.Read();
    return counts;
  }
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_LIVE_COUNTS_H_
