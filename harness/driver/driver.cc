#include "harness/driver/driver.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include "harness/driver/coordinator.h"
#include "harness/driver/dedicated_thread.h"
#include "harness/driver/flush_audit.h"
#include "harness/driver/operation_executor.h"
#include "harness/driver/pooled_requests.h"
#include "harness/driver/pools/thread_pool.h"
#include "harness/driver/run_control.h"

namespace kvs {
namespace {

constexpr std::pair<PoolKind, std::string_view> kPoolNames[] = {
    {PoolKind::kDedicated, "dedicated"},
    {PoolKind::kNaive, "naive"},
    {PoolKind::kSharedQueue, "shared-queue"},
    {PoolKind::kWorkStealing, "work-stealing"},
};

std::unique_ptr<ThreadPool> (*PoolMaker(PoolKind pool))(unsigned workers) {
  switch (pool) {
    case PoolKind::kNaive:
      return MakeNaivePool;
    case PoolKind::kSharedQueue:
      return MakeSharedQueuePool;
    case PoolKind::kWorkStealing:
      return MakeWorkStealingPool;
    case PoolKind::kDedicated:
      break;
  }
  return nullptr;
}

using Executors = std::vector<std::unique_ptr<OperationExecutor>>;

Executors MakeExecutors(const ExecutorContext& context, unsigned count, uint32_t first_writer,
                        bool open_loop) {
  Executors executors;
  for (unsigned i = 0; i < count; ++i) {
    executors.push_back(std::make_unique<OperationExecutor>(context, first_writer + i, open_loop));
  }
  return executors;
}

std::vector<const LiveCounts*> CountsOf(const Executors& executors) {
  std::vector<const LiveCounts*> counts;
  for (const auto& executor : executors) counts.push_back(&executor->counts());
  return counts;
}

// Until the window opens.
double FirstSamplingPeriod(const DriverOptions& options) {
  return options.sampling_period.value_or(kSamplingPeriodWithoutWarmup);
}

// The parts of the foreground threads: one per thread, or the submitter's one.
std::vector<ThreadPart> ForegroundParts(const DriverOptions& options) {
  const bool pooled = options.pool != PoolKind::kDedicated;
  const unsigned count = pooled ? 1 : options.threads;
  std::vector<ThreadPart> parts;
  for (unsigned t = 0; t < count; ++t) {
    ThreadPart part{.thread = t,
                    .thread_count = count,
                    .sampling_period = options.open_loop ? 1 : FirstSamplingPeriod(options),
                    .open_loop = options.open_loop};
    if (options.operations) {
      part.quota = *options.operations / count + (t < *options.operations % count ? 1 : 0);
    }
    // A thread without a share would close the window at once.
    if (part.quota > 0) parts.push_back(part);
  }
  return parts;
}

RunPlan MakePlan(const Spec& spec, const DriverOptions& options, size_t foreground) {
  RunPlan plan;
  plan.foreground = static_cast<unsigned>(foreground);
  plan.arriving = plan.foreground + spec.background_writers;
  plan.warmup_s = spec.CanWarmUp() ? options.warmup_s : 0;
  plan.duration_s = options.operations ? 0 : options.duration_s;
  plan.expected_operations = options.operations.value_or(0);
  return plan;
}

// How many operations of an open loop should have started before the window's end and had not
// completed. Part i had operations_of_parts[i] operations in all.
uint64_t Backlog(RunControl& control, const std::vector<ThreadPart>& parts,
                 const std::vector<uint64_t>& operations_of_parts, uint64_t seed) {
  const WindowEdge& end = *control.window_end();
  const uint64_t end_ns = end.at_ns - control.StartedAtNs();
  uint64_t intended = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    intended += std::min(operations_of_parts[i], ScheduleOf(parts[i], seed).CountBefore(end_ns));
  }
  // The counts are read a moment after the clock.
  const uint64_t completed = end.foreground.operations();
  return intended > completed ? intended - completed : 0;
}

// The figures of a run whose threads have ended.
Measurement Summarise(const RunControl& control, RunLog log, const Executors& foreground,
                      const Executors& background, const ExecutorContext& context, PoolKind pool,
                      bool open_loop) {
  Measurement result;
  result.interrupted = log.interrupted;
  result.warmup_s = log.warmup_s;
  for (const Executors* executors : {&foreground, &background}) {
    for (const auto& executor : *executors) {
      result.wrong.Merge(executor->wrong());
      result.write_audit.Merge(executor->write_audit());
      const std::vector<AcknowledgedWrite> writes = executor->recent_writes().LastToEach();
      result.recent_writes.insert(result.recent_writes.end(), writes.begin(), writes.end());
    }
  }
  Counts executed;
  for (const auto& executor : foreground) executed.Add(executor->counts().Read());
  result.inserted_bytes = executed.kinds[static_cast<size_t>(OperationKind::kInsert)].written_bytes;
  if (!control.window_begin()) {
    result.warmup_operations = executed.operations();
    return result;
  }
  const WindowEdge& begin = *control.window_begin();
  const WindowEdge& end = *control.window_end();
  result.warmup_operations = begin.foreground.operations();
  result.executed_operations = executed.operations() - result.warmup_operations;
  Counts window = end.foreground;
  window.Subtract(begin.foreground);
  result.window_s = 1e-9 * static_cast<double>(end.at_ns - begin.at_ns);
  result.operations = window.operations();
  Counts beside = end.background;
  beside.Subtract(begin.background);
  result.background_operations = beside.operations();
  result.written_bytes = window.written_bytes() + beside.written_bytes();
  result.found_bytes = window.found_bytes() + beside.found_bytes();
  result.flushes = end.flushes - begin.flushes;
  result.process = CostsBetween(begin.process, end.process);
  if (begin.cpu && end.cpu) {
    result.cpu = CpuSharesBetween(*begin.cpu, *end.cpu,
                                  result.process.user_cpu_s + result.process.system_cpu_s,
                                  static_cast<double>(sysconf(_SC_CLK_TCK)));
  }
  result.anonymous_begin_bytes = begin.anonymous_bytes;
  result.anonymous_end_bytes = end.anonymous_bytes;
  result.hardware = CountedBetween(begin.hardware, end.hardware);
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const KindCounts& counts = window.kinds[i];
    KindResult& kind = result.kinds[i];
    kind.completed = counts.completed;
    kind.hits = counts.hits;
    kind.misses = counts.misses;
    kind.unknown = counts.unknown;
    kind.entries = counts.entries;
    for (const auto& executor : foreground) {
      kind.latency_ns.Merge(executor->latency_ns(static_cast<OperationKind>(i)));
      if (open_loop) kind.response_ns.Merge(executor->response_ns(static_cast<OperationKind>(i)));
    }
    // Every value that a lookup finds is checked, so its hits are its checks.
    const bool returns_values = i != static_cast<size_t>(OperationKind::kRemove);
    if (context.check_answers && returns_values) result.values_checked += counts.hits;
  }
  result.values_checked += window.scanned_values_checked;
  result.values_checked_fully = window.values_checked_fully;
  result.handles_cloned =
      pool == PoolKind::kNaive ? window.handles_cloned : executed.handles_cloned;

  result.slices = log.slices->Finish(end.at_ns, result.operations);
  // The last full second ends with the window, or so shortly before that it was not noted.
  result.operations_per_second = std::move(log.operations_per_second);
  const auto full_seconds = static_cast<size_t>(result.window_s);
  if (result.operations_per_second.size() + 1 == full_seconds) {
    uint64_t noted = 0;
    for (const uint64_t operations : result.operations_per_second) noted += operations;
    result.operations_per_second.push_back(result.operations - noted);
  }
  return result;
}

}  // namespace

std::string_view ToString(PoolKind pool) {
  for (const auto& [kind, name] : kPoolNames) {
    if (kind == pool) return name;
  }
  return "?";
}

std::optional<PoolKind> ParsePoolKind(std::string_view text) {
  for (const auto& [kind, name] : kPoolNames) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

void CheckOptions(const DriverOptions& options) {
  const auto require = [](bool holds, std::string_view what) {
    if (!holds) throw std::invalid_argument(fmt::format("driver: {}", what));
  };
  require(options.threads > 0, "threads must be at least 1");
  require(options.outstanding_per_thread > 0, "outstanding requests must be at least 1 per thread");
  require(options.warmup_s >= 0 && std::isfinite(options.warmup_s), "warm-up must not be negative");
  require(options.operations || (options.duration_s > 0 && std::isfinite(options.duration_s)),
          "duration must be greater than 0");
  require(!options.operations || *options.operations > 0, "operations must be at least 1");
  require(!options.open_loop ||
              (options.open_loop->rate_per_s > 0 && std::isfinite(options.open_loop->rate_per_s)),
          "rate must be greater than 0");
  require(options.sampling_period.value_or(1) >= 1, "sampling period must be at least 1");
  require(options.full_check_period >= 1, "full check period must be at least 1");
}

Measurement Measure(const KvsEngine& root, bool stores_data, const Spec& spec,
                    const KeyRenderer& keys, const ValueCodec& values,
                    const DriverOptions& options) {
  CheckOptions(options);
  const ExecutorContext context{spec,
                                keys,
                                values,
                                /*check_answers=*/stores_data,
                                /*audit_flushes=*/stores_data && options.audit_flushes,
                                options.full_check_period,
                                options.seed};
  std::optional<SynchronousWriteWatch> watch;
  if (context.audit_flushes) watch.emplace();
  const bool open_loop = options.open_loop.has_value();
  const Executors foreground = MakeExecutors(context, options.threads, 0, open_loop);
  const Executors background =
      MakeExecutors(context, spec.background_writers, options.threads, /*open_loop=*/false);
  const std::vector<ThreadPart> parts = ForegroundParts(options);
  RunControl control(CountsOf(foreground), CountsOf(background), options.hardware,
                     open_loop ? static_cast<unsigned>(parts.size()) : 1);
  std::unique_ptr<PooledRequests> requests;
  if (options.pool != PoolKind::kDedicated) {
    requests = std::make_unique<PooledRequests>(
        root, context, foreground, PoolMaker(options.pool), options.pool == PoolKind::kNaive,
        options.threads * options.outstanding_per_thread, control);
  }

  std::vector<uint64_t> operations_of_parts(parts.size());
  std::vector<std::thread> threads;
  threads.reserve(parts.size() + background.size());
  try {
    for (size_t t = 0; t < parts.size(); ++t) {
      threads.emplace_back([&, t] {
        operations_of_parts[t] =
            requests ? requests->Run(parts[t])
                     : RunDedicatedThread(root, context, parts[t], *foreground[t], control);
      });
    }
    for (unsigned t = 0; t < spec.background_writers; ++t) {
      threads.emplace_back([&, t] {
        const ThreadPart part{.role = StreamRole::kBackgroundWriter,
                              .thread = t,
                              .thread_count = spec.background_writers,
                              .sampling_period = FirstSamplingPeriod(options)};
        RunDedicatedThread(root, context, part, *background[t], control);
      });
    }
  } catch (...) {
    control.Fail(std::current_exception());  // the system gives no more threads
  }
  RunLog log = Coordinate(control, MakePlan(spec, options, parts.size()), options);
  for (std::thread& thread : threads) thread.join();
  control.RethrowFailure();

  Measurement result =
      Summarise(control, std::move(log), foreground, background, context, options.pool, open_loop);
  result.sampling_period =
      open_loop ? 1 : control.WindowSamplingPeriod().value_or(FirstSamplingPeriod(options));
  if (open_loop && control.window_end()) {
    result.backlog_operations = Backlog(control, parts, operations_of_parts, options.seed);
  }
  if (requests) result.queue_wait_ns = requests->MergedQueueWaitNs();
  return result;
}

}  // namespace kvs
