// Memory that a process under test shares with the one that watches it, so that what it announced
// outlives its sudden death.
#ifndef KVS_HARNESS_VERIFY_VERIFY_PROGRESS_H_
#define KVS_HARNESS_VERIFY_VERIFY_PROGRESS_H_

#include <array>
#include <atomic>
#include <cstdint>

namespace kvs::verify {

inline constexpr unsigned kMostThreads = 16;

// A worker's operations are numbered and follow from their number, so that two counters tell all:
// those below `acknowledged` were acknowledged, one at `acknowledged` was in flight if it is below
// `invoked`, no other was ever begun. Each in a cache line of its own, written by its worker alone.
struct alignas(64) WorkerProgress {
  std::atomic<uint64_t> invoked = 0;
  std::atomic<uint64_t> acknowledged = 0;
};

// What crash processes announce is written with seq_cst: an announcement precedes all that the
// operation does, also in the kernel's memory, and an acknowledgement follows it.
struct SharedProgress {
  enum Phase : uint32_t { kStarting, kOpening, kOpened };
  std::atomic<uint32_t> phase = kStarting;
  std::atomic<bool> stop = false;   // written by the watching process
  std::atomic<uint64_t> steps = 0;  // whatever else shows that the process is not hung
  std::atomic<uint64_t> settles_begun = 0;
  std::atomic<uint64_t> settles_done = 0;
  std::atomic<uint64_t> settle_ns = 0;  // what the last one took
  std::array<WorkerProgress, kMostThreads> workers;

  // A number that grows as long as something happens.
  uint64_t Pulse() const {
    uint64_t pulse = phase + steps + settles_begun + settles_done;
    for (const WorkerProgress& worker : workers) pulse += worker.invoked + worker.acknowledged;
    return pulse;
  }
};
static_assert(std::atomic<uint64_t>::is_always_lock_free, "locks do not survive a process");

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_VERIFY_PROGRESS_H_
