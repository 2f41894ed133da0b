#include <atomic>
#include <thread>
#include <vector>

#include "engines/thread_annotations.h"
#include "harness/driver/pools/thread_pool.h"

namespace kvs {
namespace {

// Thread safety: as ThreadPool.
//
// 1. A slot's number is in free_, or held by the one Submit under way or by one running thread.
// 2. A slot's thread is joined before the next is started in it, so at most one per slot is alive.
//    A thread gives its slot back before Submit has stored the std::thread: starting_ keeps the
//    next Submit out until then. It is taken before mutex_, never after.
class NaivePool final : public ThreadPool {
 public:
  explicit NaivePool(unsigned workers) : threads_(workers) {
    free_.reserve(workers);
    for (unsigned slot = 0; slot < workers; ++slot) free_.push_back(slot);
  }

  ~NaivePool() override {
    MutexLock lock(starting_);
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }

  void Submit(Job& job) override KVS_EXCLUDES(starting_, mutex_) {
    MutexLock lock(starting_);
    const unsigned slot = TakeSlot();
    if (threads_[slot].joinable()) threads_[slot].join();
    try {
      threads_[slot] = std::thread([this, &job, slot] {
        try {
          job.Run(slot);
        } catch (...) {
          jobs_that_threw_.fetch_add(1);
        }
        ReturnSlot(slot);
      });
    } catch (...) {
      ReturnSlot(slot);
      throw;
    }
  }

  uint64_t jobs_that_threw() const override { return jobs_that_threw_.load(); }

 private:
  unsigned TakeSlot() KVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (free_.empty()) slot_returned_.Wait(mutex_);
    const unsigned slot = free_.back();
    free_.pop_back();
    return slot;
  }

  void ReturnSlot(unsigned slot) KVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    free_.push_back(slot);
    slot_returned_.NotifyOne();
  }

  std::atomic<uint64_t> jobs_that_threw_{0};
  Mutex starting_;
  std::vector<std::thread> threads_ KVS_GUARDED_BY(starting_);  // by slot
  Mutex mutex_;
  ConditionVariable slot_returned_;
  std::vector<unsigned> free_ KVS_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<ThreadPool> MakeNaivePool(unsigned workers) {
  return std::make_unique<NaivePool>(workers);
}

}  // namespace kvs
