#include "engines/log_store/epochs.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace kvs {
namespace {

int Membarrier(int command) { return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0)); }

constexpr std::memory_order kSlotLoadOrder =
    KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_acquire;

bool RegisterMembarrier() {
  return !KVS_THREAD_SANITIZER && Membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0;
}

}  // namespace

Epochs::Epochs(bool use_membarrier) : use_membarrier_(use_membarrier && RegisterMembarrier()) {}

Epochs::Slot* Epochs::AcquireSlot() {
  const MutexLock lock(mutex_);
  if (free_slots_.empty()) return &slots_.emplace_back();
  Slot* slot = free_slots_.back();
  free_slots_.pop_back();
  return slot;
}

void Epochs::ReleaseSlot(Slot* slot) {
  const MutexLock lock(mutex_);
  free_slots_.push_back(slot);
}

void Epochs::Retire(std::shared_ptr<void> garbage) {
  const uint64_t epoch = global_.fetch_add(1, std::memory_order_acq_rel);  // (5)
  garbage_.push_back({epoch, std::move(garbage)});
  Reclaim();
}

size_t Epochs::Reclaim() {
  if (garbage_.empty()) return 0;
  HeavyBarrier();  // (6)
  const uint64_t oldest = OldestAnnounced();
  while (!garbage_.empty() && garbage_.front().epoch < oldest) garbage_.pop_front();
  return garbage_.size();
}

void Epochs::HeavyBarrier() const {
#if !KVS_THREAD_SANITIZER  // there (2), (7), U and the readers' loads are seq_cst instead
  if (!use_membarrier_) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return;
  }
  // Registered, so it cannot fail; a silent failure would free memory under a reader.
  if (Membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0) std::abort();
#endif
}

uint64_t Epochs::OldestAnnounced() {
  const MutexLock lock(mutex_);
  uint64_t oldest = std::numeric_limits<uint64_t>::max();
  for (const Slot& slot : slots_) {
    const uint64_t announced = slot.announced.load(kSlotLoadOrder);  // (7)
    if (announced != 0) oldest = std::min(oldest, announced);
  }
  return oldest;
}

}  // namespace kvs
