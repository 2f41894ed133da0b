#include <atomic>
#include <thread>
#include <vector>

#include "engines/thread_annotations.h"
#include "harness/driver/pools/thread_pool.h"

namespace kvs {

// Thread safety: as ThreadPool. The queue is a list through the jobs themselves, first in first
// out: tail_ is meaningful only while head_ is not null.
class SharedQueuePool final : public ThreadPool {
 public:
  explicit SharedQueuePool(unsigned workers) {
    threads_.reserve(workers);
    try {
      for (unsigned worker = 0; worker < workers; ++worker) {
        threads_.emplace_back([this, worker] { Work(worker); });
      }
    } catch (...) {
      JoinAll();
      throw;
    }
  }

  ~SharedQueuePool() override { JoinAll(); }

  void Submit(Job& job) override KVS_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      job.next_ = nullptr;
      (head_ == nullptr ? head_ : tail_->next_) = &job;
      tail_ = &job;
    }
    changed_.NotifyOne();
  }

  uint64_t jobs_that_threw() const override { return jobs_that_threw_.load(); }

 private:
  void Work(unsigned worker) {
    while (Job* const job = Take()) {
      try {
        job->Run(worker);
      } catch (...) {
        jobs_that_threw_.fetch_add(1);
      }
    }
  }

  // The oldest job, or nullptr once the pool closes and the queue is empty.
  Job* Take() KVS_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    while (head_ == nullptr && !closing_) changed_.Wait(mutex_);
    Job* const job = head_;
    if (job != nullptr) head_ = job->next_;
    return job;
  }

  void JoinAll() KVS_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      closing_ = true;
    }
    changed_.NotifyAll();
    for (std::thread& thread : threads_) thread.join();
  }

  std::vector<std::thread> threads_;
  std::atomic<uint64_t> jobs_that_threw_{0};
  Mutex mutex_;
  ConditionVariable changed_;
  Job* head_ KVS_GUARDED_BY(mutex_) = nullptr;
  Job* tail_ KVS_GUARDED_BY(mutex_) = nullptr;
  bool closing_ KVS_GUARDED_BY(mutex_) = false;
};

std::unique_ptr<ThreadPool> MakeSharedQueuePool(unsigned workers) {
  return std::make_unique<SharedQueuePool>(workers);
}

}  // namespace kvs
