#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <cassert>
#include <memory>

#include "harness/driver/pools/thread_pool.h"

namespace kvs {
namespace {

// Thread safety: as ThreadPool. oneTBB gives each thread in the arena a slot number that no other
// thread holds at the same time; it is the worker's number.
//
// Memory order: oneTBB's hand-offs order what they should, but inside a library that
// ThreadSanitizer does not see. So both hand-offs are also ours, where they cost nothing on x86:
// (1) release in Submit, with the acquire load (2) at the job's start: what the submitter wrote;
// (3) release at the job's end, with the acquire loads (4) of the next job in the same slot and (5)
// of the destructor: what the last holder of the slot wrote.
class WorkStealingPool final : public ThreadPool {
 public:
  explicit WorkStealingPool(unsigned workers)
      // oneTBB keeps its threads to the number of cores unless told; it counts the caller as one.
      : parallelism_(tbb::global_control::max_allowed_parallelism, workers + 1),
        arena_(static_cast<int>(workers), /*reserved_for_masters=*/0),
        workers_(workers),
        slots_(new Slot[workers]) {}

  ~WorkStealingPool() noexcept override {
    jobs_.wait();  // from outside the arena, so this thread runs none of them
    for (unsigned worker = 0; worker < workers_; ++worker) {
      slots_[worker].jobs_ended.load(std::memory_order_acquire);  // (5)
    }
  }

  void Submit(Job& job) override {
    submitted_.fetch_add(1, std::memory_order_release);  // (1)
    // What is captured is handed over by oneTBB alone, before (2), so it is not checked.
    arena_.enqueue(
        jobs_.defer([ this, &job ]() __attribute__((no_sanitize("thread"))) { RunJob(job); }));
  }

  uint64_t jobs_that_threw() const override { return jobs_that_threw_.load(); }

 private:
  struct alignas(128) Slot {
    std::atomic<uint64_t> jobs_ended{0};
  };

  void RunJob(Job& job) {
    submitted_.load(std::memory_order_acquire);  // (2)
    // An arena has two slots at least, so the only thread of one may hold number 1.
    const unsigned worker =
        workers_ == 1 ? 0 : static_cast<unsigned>(tbb::this_task_arena::current_thread_index());
    assert(worker < workers_);
    Slot& slot = slots_[worker];
    const uint64_t ended = slot.jobs_ended.load(std::memory_order_acquire);  // (4)
    try {
      job.Run(worker);
    } catch (...) {
      jobs_that_threw_.fetch_add(1);
    }
    slot.jobs_ended.store(ended + 1, std::memory_order_release);  // (3)
  }

  tbb::global_control parallelism_;
  tbb::task_arena arena_;
  tbb::task_group jobs_;
  const unsigned workers_;
  std::unique_ptr<Slot[]> slots_;
  std::atomic<uint64_t> jobs_that_threw_{0};
  alignas(128) std::atomic<uint64_t> submitted_{0};
};

}  // namespace

std::unique_ptr<ThreadPool> MakeWorkStealingPool(unsigned workers) {
  return std::make_unique<WorkStealingPool>(workers);
}

}  // namespace kvs
