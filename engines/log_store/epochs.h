// Epoch-based reclamation whose readers pay a store and a load, no atomic read-modify-write.
//
// A reader announces the current epoch before it loads a shared pointer and withdraws the
// announcement when it holds none any more. What a writer has unlinked is destroyed once every
// reader that may still hold it has withdrawn. (K. Fraser, "Practical lock-freedom", 2004,
// section 5.2.3; the asymmetric barrier: membarrier(2), MEMBARRIER_CMD_PRIVATE_EXPEDITED.)
//
// The argument. Let U be the store that unlinks an object, and E the epoch it is retired in.
//
//   (1) reader    epoch = global_.load(acquire)                       partner: (5)
//   (2) reader    slot.announced.store(epoch, release)                partner: (7)
//   (3) reader    barrier; light: the compiler's only                 partner: (6)
//       reader    loads shared pointers, uses what they lead to
//   (4) reader    slot.announced.store(0, release)                    partner: (7)
//
//       writer    U, then
//   (5) writer    E = global_.fetch_add(1, acq_rel)                   partner: (1)
//   (6) writer    barrier; heavy: membarrier on every thread          partner: (3)
//   (7) writer    reads every slot.announced, acquire                 partners: (2), (4)
//       writer    destroys the object if each is 0 or greater than E
//
//   Suppose a reader holds the object, so its loads did not see U, and that the writer destroys it.
//   The heavy barrier (6) ran on the reader's thread either before or after (3). If before, its
//   loads come after (6), hence see U: a contradiction. If after, its announcement (2) is visible
//   to (7). The announcement is then E or less: had (1) read more than E, it would have read from
//   (5) or later and seen U. So (7) saw a number from 1 to E and nothing was destroyed, or saw the
//   withdrawal (4), and everything that the reader did before (4) happened before the destruction.
//   An announcement that (7) sees in place of (4), of a later visit, is a release store too, for
//   the same reason.
//
// Where membarrier is not to be had, (3) and (6) are sequentially consistent fences.
// ThreadSanitizer knows neither, so in its builds (2), (7), U and the readers' loads are seq_cst
// operations.
//
// A reader that never withdraws stops reclamation, never a writer: memory and disk then grow.
#ifndef KVS_ENGINES_LOG_STORE_EPOCHS_H_
#define KVS_ENGINES_LOG_STORE_EPOCHS_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "engines/sanitizers.h"
#include "engines/thread_annotations.h"

namespace kvs {

// Thread safety: AcquireSlot and ReleaseSlot from any thread; Retire and Reclaim by one thread at a
// time (the store's writer).
class Epochs {
 public:
  // One reader's announcement, alone on its cache lines (two: adjacent lines are fetched together).
  struct alignas(128) Slot {
    std::atomic<uint64_t> announced{0};  // 0: not reading
  };

  // `use_membarrier` false takes the fallback, for tests.
  explicit Epochs(bool use_membarrier = true);
  Epochs(const Epochs&) = delete;
  Epochs& operator=(const Epochs&) = delete;

  // A slot for one reading thread at a time. Slots are reused and live as long as this object.
  Slot* AcquireSlot() KVS_EXCLUDES(mutex_);
  void ReleaseSlot(Slot* slot) KVS_EXCLUDES(mutex_);

  // The time in which a reader may hold shared pointers. Wait-free.
  class Guard {
   public:
    Guard(const Epochs& epochs, Slot* slot) : slot_(*slot) {
      const uint64_t epoch = epochs.global_.load(std::memory_order_acquire);  // (1)
      epochs.Announce(slot_, epoch);                                          // (2), (3)
    }
    ~Guard() { slot_.announced.store(0, std::memory_order_release); }  // (4)
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

   private:
    Slot& slot_;
  };

  // Hands over the last reference to something that readers can no longer reach. It is destroyed
  // by this or a later Retire or Reclaim.
  void Retire(std::shared_ptr<void> garbage);
  // Destroys what no reader can hold any more. Returns how many objects remain.
  size_t Reclaim();

  bool uses_membarrier() const { return use_membarrier_; }

 private:
  struct Garbage {
    uint64_t epoch;
    std::shared_ptr<void> object;
  };

  void Announce(Slot& slot, uint64_t epoch) const {
#if KVS_THREAD_SANITIZER
    slot.announced.exchange(epoch, std::memory_order_seq_cst);
#else
    slot.announced.store(epoch, std::memory_order_release);  // (2)
    if (use_membarrier_) [[likely]] {
      std::atomic_signal_fence(std::memory_order_seq_cst);  // (3)
    } else {
      std::atomic_thread_fence(std::memory_order_seq_cst);  // (3)
    }
#endif
  }
  void HeavyBarrier() const;
  // The smallest epoch that a reader has announced, or the largest number when none reads.
  uint64_t OldestAnnounced() KVS_EXCLUDES(mutex_);

  const bool use_membarrier_;
  alignas(128) std::atomic<uint64_t> global_{1};
  alignas(128) std::deque<Garbage> garbage_;  // the writer's; in the order of epochs

  Mutex mutex_;
  std::deque<Slot> slots_ KVS_GUARDED_BY(mutex_);  // a deque: slots never move
  std::vector<Slot*> free_slots_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_EPOCHS_H_
