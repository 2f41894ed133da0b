#include "harness/driver/pooled_requests.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <optional>

#include "harness/system/clock.h"

namespace kvs {
namespace {

constexpr uint64_t kPoolSamplingSalt = 0x706f6f6c;
constexpr uint64_t kNoInsert = std::numeric_limits<uint64_t>::max();

}  // namespace

class alignas(128) PooledRequests::Request final : public Job {
 public:
  explicit Request(PooledRequests& owner) : owner_(owner) {}
  void Run(unsigned worker) override { owner_.Execute(*this, worker); }

  Operation operation{};
  std::vector<uint64_t> multi_get_keys;  // reused
  bool sampled = false;
  uint64_t submitted_ns = 0;            // if sampled
  std::optional<uint64_t> intended_ns;  // open loop
  uint64_t insert_ordinal = kNoInsert;  // among the inserts of the stream
  std::atomic<bool> free{true};

 private:
  PooledRequests& owner_;
};

PooledRequests::PooledRequests(const KvsEngine& root, const ExecutorContext& context,
                               const std::vector<std::unique_ptr<OperationExecutor>>& executors,
                               std::unique_ptr<ThreadPool> (*make_pool)(unsigned workers),
                               bool clone_per_request, unsigned outstanding, RunControl& control)
    : root_(root),
      context_(context),
      executors_(executors),
      make_pool_(make_pool),
      clone_per_request_(clone_per_request),
      control_(control) {
  for (unsigned i = 0; i < outstanding; ++i) requests_.push_back(std::make_unique<Request>(*this));
  for (size_t i = 0; i < executors.size(); ++i) workers_.push_back(std::make_unique<Worker>());
}

PooledRequests::~PooledRequests() = default;

uint64_t PooledRequests::Run(const ThreadPart& part) {
  uint64_t operations = kNoQuota;
  try {
    if (!clone_per_request_) {
      for (size_t i = 0; i < workers_.size(); ++i) {
        workers_[i]->handle = root_.Clone();
        executors_[i]->counts().handles_cloned.Add(1);
      }
    }
    const std::unique_ptr<ThreadPool> pool = make_pool_(static_cast<unsigned>(workers_.size()));
    OperationStream stream(context_.spec, context_.seed, part.thread, part.thread_count, part.role);
    RandomIntervals samples(part.sampling_period, Mix64(context_.seed ^ kPoolSamplingSalt));
    control_.ArriveAndWait();
    std::optional<ArrivalClock> arrivals;
    if (part.open_loop) arrivals.emplace(ScheduleOf(part, context_.seed), control_);
    operations = SubmitStream(*pool, part, stream, samples, arrivals ? &*arrivals : nullptr);
    WaitForAll();
    control_.FinishForeground();
  } catch (...) {
    // The pool has drained on the way here.
    control_.Fail(std::current_exception());
  }
  for (const auto& worker : workers_) worker->handle.reset();
  return operations;
}

uint64_t PooledRequests::SubmitStream(ThreadPool& pool, const ThreadPart& part,
                                      OperationStream& stream, RandomIntervals& samples,
                                      ArrivalClock* arrivals) {
  OperationBatch batch;
  uint64_t left = part.quota;
  uint64_t submitted = 0;
  uint64_t submitted_inserts = 0;
  bool window_was_open = false;
  while (left > 0) {
    stream.Fill(batch, kBatchOperations, FinishedInserts(submitted_inserts));
    if (batch.operations.empty()) break;
    for (const Operation& operation : batch.operations) {
      if (left == 0) break;
      std::optional<uint64_t> intended_ns;
      if (arrivals != nullptr) intended_ns = arrivals->Next();
      Request& request = TakeFree();
      const RunPhase phase = control_.phase();
      if (phase == RunPhase::kStop) return part.quota == kNoQuota ? kNoQuota : submitted + left;
      if (phase != RunPhase::kWarmup) --left;
      if (phase != RunPhase::kWarmup && !window_was_open) {
        window_was_open = true;
        if (const auto period = control_.WindowSamplingPeriod()) samples.SetPeriod(*period);
      }
      request.intended_ns = intended_ns;
      request.operation = operation;
      if (operation.kind == OperationKind::kMultiGet) {
        const auto keys = batch.MultiGetKeys(operation);
        request.multi_get_keys.assign(keys.begin(), keys.end());
      } else {
        request.multi_get_keys.clear();
      }
      const bool inserts = operation.kind == OperationKind::kInsert;
      request.insert_ordinal = inserts ? submitted_inserts++ : kNoInsert;
      request.sampled = samples.Next();
      request.free.store(false);
      if (request.sampled) request.submitted_ns = NowNs();
      try {
        pool.Submit(request);
      } catch (...) {
        request.free.store(true);
        throw;
      }
      ++submitted;
    }
  }
  return submitted;
}

uint64_t PooledRequests::FinishedInserts(uint64_t submitted_inserts) const {
  uint64_t finished = submitted_inserts;
  for (const auto& request : requests_) {
    if (!request->free.load()) finished = std::min(finished, request->insert_ordinal);
  }
  return finished;
}

PooledRequests::Request* PooledRequests::FindFree() {
  for (size_t looked_at = 0; looked_at < requests_.size(); ++looked_at) {
    Request& request = *requests_[cursor_];
    cursor_ = cursor_ + 1 == requests_.size() ? 0 : cursor_ + 1;
    if (request.free.load()) return &request;
  }
  return nullptr;
}

PooledRequests::Request& PooledRequests::TakeFree() {
  Request* found = FindFree();
  if (found == nullptr) {
    MutexLock lock(mutex_);
    parked_.store(true);
    while ((found = FindFree()) == nullptr) freed_.Wait(mutex_);
    parked_.store(false);
  }
  return *found;
}

void PooledRequests::WaitForAll() {
  MutexLock lock(mutex_);
  parked_.store(true);
  for (const auto& request : requests_) {
    while (!request->free.load()) freed_.Wait(mutex_);
  }
  parked_.store(false);
}

void PooledRequests::Execute(Request& request, unsigned worker) {
  try {
    // What still waits when the run stops is given up.
    if (control_.phase() != RunPhase::kStop) {
      if (request.sampled && control_.phase() == RunPhase::kMeasure) {
        workers_[worker]->queue_wait_ns.Record(NowNs() - request.submitted_ns);
      }
      OperationExecutor& executor = *executors_[worker];
      std::unique_ptr<KvsEngine> own;
      if (clone_per_request_) {
        own = root_.Clone();
        executor.counts().handles_cloned.Add(1);
      }
      KvsEngine& engine = clone_per_request_ ? *own : *workers_[worker]->handle;
      const std::string_view key = executor.RenderKey(request.operation);
      if (request.intended_ns) {
        executor.ExecuteArrival(engine, request.operation, key, request.multi_get_keys,
                                *request.intended_ns, control_);
      } else {
        executor.Execute(engine, request.operation, key, request.multi_get_keys, request.sampled,
                         control_);
      }
    }
  } catch (...) {
    control_.Fail(std::current_exception());
  }
  Free(request);
}

void PooledRequests::Free(Request& request) {
  request.free.store(true);
  if (parked_.load()) {
    MutexLock lock(mutex_);
    freed_.NotifyOne();
  }
}

Histogram PooledRequests::MergedQueueWaitNs() const {
  Histogram merged;
  for (const auto& worker : workers_) merged.Merge(worker->queue_wait_ns);
  return merged;
}

}  // namespace kvs
