// Three ways to hand a request to a thread.
#ifndef KVS_HARNESS_DRIVER_POOLS_THREAD_POOL_H_
#define KVS_HARNESS_DRIVER_POOLS_THREAD_POOL_H_

#include <cstdint>
#include <memory>

namespace kvs {

// One request. Its owner keeps it alive until Run is entered; a pool does not touch it from then
// on, so that Run's last act may give it back to be submitted again. A pool allocates nothing for
// it beyond what its kind implies.
class Job {
 public:
  virtual ~Job() = default;

  // Called once per Submit, on a thread of the pool. `worker` is in [0, workers of the pool); no
  // two jobs run with the same number at the same time, and what a job with a number wrote is
  // visible to the next job with that number.
  virtual void Run(unsigned worker) = 0;

 private:
  friend class SharedQueuePool;
  Job* next_ = nullptr;  // the queue's link while the job waits
};

// Runs jobs on at most a fixed number of threads at a time.
//
// Thread safety: Submit from any thread, the destructor from one thread after the last Submit.
//
// A job that throws costs no worker: the pool counts it, drops the exception and goes on. (The
// driver's jobs report their own failures.) Destruction drains: every job submitted has run before
// the destructor returns.
class ThreadPool {
 public:
  ThreadPool() = default;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  virtual ~ThreadPool() = default;

  // Has `job` run by a thread of the pool. Everything written before is visible to the job. Throws
  // std::system_error when a thread is needed and the system gives none; the job then never runs.
  virtual void Submit(Job& job) = 0;

  // Jobs that have ended with an exception so far.
  virtual uint64_t jobs_that_threw() const = 0;
};

// A thread per job, at most `workers` alive. There is no queue: with all of them alive, Submit
// waits for one to end.
std::unique_ptr<ThreadPool> MakeNaivePool(unsigned workers);
// `workers` threads on one queue under one lock.
std::unique_ptr<ThreadPool> MakeSharedQueuePool(unsigned workers);
// A oneTBB arena with `workers` threads, which are the pool's own whatever the number of cores.
std::unique_ptr<ThreadPool> MakeWorkStealingPool(unsigned workers);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_POOLS_THREAD_POOL_H_
