// The pooled modes: one submitter draws the operations and keeps a fixed number of requests
// outstanding in a pool.
#ifndef KVS_HARNESS_DRIVER_POOLED_REQUESTS_H_
#define KVS_HARNESS_DRIVER_POOLED_REQUESTS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "engines/engine.h"
#include "engines/thread_annotations.h"
#include "harness/driver/arrival_clock.h"
#include "harness/driver/dedicated_thread.h"
#include "harness/driver/histogram.h"
#include "harness/driver/operation_executor.h"
#include "harness/driver/pools/thread_pool.h"
#include "harness/driver/run_control.h"
#include "workloads/operation_stream.h"

namespace kvs {

// In the open loop the submitter waits for each request's intended start. When no more requests may
// be outstanding, those that are due wait with the submitter; their response time goes on all the
// same.
//
// Requests live in slots made beforehand: a slot is free, or holds one outstanding request.
//
// Thread safety: Run is called once, by the submitting thread; the pool's threads execute requests.
//
// 1. A free slot belongs to the submitter, an outstanding one to the pool and then to the thread
//    that executes it, whose last access sets `free`.
// 2. An executor and a handle are used by the thread that holds the worker number.
// 3. The submitter sleeps only with parked_ set and mutex_ held until it waits. A thread that frees
//    a slot sets `free` first and reads parked_ then, both seq_cst: so either the submitter finds
//    the slot free, or the thread finds the submitter parked and wakes it.
class PooledRequests {
 public:
  // One worker per executor. `make_pool` makes the pool; `clone_per_request` makes each request
  // clone a handle from `root` and drop it (pool `naive`), otherwise each worker has its own.
  // Everything referred to outlives this.
  PooledRequests(const KvsEngine& root, const ExecutorContext& context,
                 const std::vector<std::unique_ptr<OperationExecutor>>& executors,
                 std::unique_ptr<ThreadPool> (*make_pool)(unsigned workers), bool clone_per_request,
                 unsigned outstanding, RunControl& control);
  ~PooledRequests();

  // The whole life of the submitter: clones the handles, starts the pool, waits at the barrier and
  // submits operations until the run stops, `part`'s quota is submitted or the stream ends; waits
  // for the last request, closes the window, if nobody has, and ends the pool. A failure, of a
  // request too, goes to the RunControl; nothing is thrown. Returns what RunDedicatedThread does.
  uint64_t Run(const ThreadPart& part);

  // After Run: times from Submit to the request's start, of sampled requests inside the window.
  Histogram MergedQueueWaitNs() const;

 private:
  class Request;
  struct alignas(128) Worker {
    std::unique_ptr<KvsEngine> handle;  // none if each request clones its own
    Histogram queue_wait_ns;
  };

  // `arrivals` is null in the closed loop.
  uint64_t SubmitStream(ThreadPool& pool, const ThreadPart& part, OperationStream& stream,
                        RandomIntervals& samples, ArrivalClock* arrivals);
  // How many of the inserts drawn so far are known to be in the store, counted without a gap.
  uint64_t FinishedInserts(uint64_t submitted_inserts) const;
  // Waits for a free slot.
  Request& TakeFree();
  Request* FindFree();
  void WaitForAll();

  // On a thread of the pool.
  void Execute(Request& request, unsigned worker);
  void Free(Request& request);

  const KvsEngine& root_;
  const ExecutorContext& context_;
  const std::vector<std::unique_ptr<OperationExecutor>>& executors_;
  std::unique_ptr<ThreadPool> (*const make_pool_)(unsigned workers);
  const bool clone_per_request_;
  RunControl& control_;
  std::vector<std::unique_ptr<Request>> requests_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t cursor_ = 0;  // the slot to look at first

  alignas(128) std::atomic<bool> parked_{false};
  Mutex mutex_;
  ConditionVariable freed_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_POOLED_REQUESTS_H_
