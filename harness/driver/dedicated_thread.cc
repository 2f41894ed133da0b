#include "harness/driver/dedicated_thread.h"

#include <algorithm>
#include <exception>
#include <memory>

#include "harness/driver/arrival_clock.h"

namespace kvs {
namespace {

constexpr uint64_t kSamplingSalt = 0x73616d70;

// Not inlined, so that its registers do not depend on what else a thread can do.
[[gnu::noinline]] void ExecuteStream(KvsEngine& handle, const ThreadPart& part,
                                     OperationStream& stream, const KeyRenderer& renderer,
                                     RandomIntervals& samples, OperationExecutor& executor,
                                     const RunControl& control) {
  const RunPhase last_phase =
      part.role == StreamRole::kForeground ? RunPhase::kDrain : RunPhase::kMeasure;
  OperationBatch batch;
  KeyBatch keys;
  uint64_t left = part.quota;
  uint64_t finished_inserts = 0;
  bool window_was_open = false;
  while (left > 0) {
    stream.Fill(batch, kBatchOperations, finished_inserts);
    if (batch.operations.empty()) return;
    renderer.RenderAll(batch.operations, keys);
    for (size_t i = 0; i < batch.operations.size();) {
      const RunPhase phase = control.phase();
      if (phase > last_phase || left == 0) return;
      if (phase != RunPhase::kWarmup && !window_was_open) [[unlikely]] {
        window_was_open = true;
        if (const auto period = control.WindowSamplingPeriod()) samples.SetPeriod(*period);
      }
      const std::span<const Operation> next = std::span(batch.operations).subspan(i);
      const size_t done = executor.ExecuteUntimed(
          handle, next.first(std::min({next.size(), samples.Unpicked(), left})), &keys.keys[i],
          phase, control);
      samples.Skip(done);
      if (phase != RunPhase::kWarmup) left -= done;
      i += done;
      if (done > 0) continue;

      const Operation& operation = next.front();
      const auto multi_get_keys = operation.kind == OperationKind::kMultiGet
                                      ? batch.MultiGetKeys(operation)
                                      : std::span<const uint64_t>();
      executor.Execute(handle, operation, keys.keys[i], multi_get_keys, samples.Next(), control);
      if (operation.kind == OperationKind::kInsert) ++finished_inserts;
      if (phase != RunPhase::kWarmup) --left;
      ++i;
    }
  }
}

// The open loop. Every operation is timed, and none is executed together with others: when there is
// time to wait, time for each is not what counts.
uint64_t ExecuteArrivals(KvsEngine& handle, const ThreadPart& part, OperationStream& stream,
                         const ExecutorContext& context, OperationExecutor& executor,
                         RunControl& control) {
  ArrivalClock arrivals(ScheduleOf(part, context.seed), control);
  OperationBatch batch;
  KeyBatch keys;
  uint64_t left = part.quota;
  uint64_t executed = 0;
  uint64_t finished_inserts = 0;
  while (left > 0) {
    stream.Fill(batch, kBatchOperations, finished_inserts);
    if (batch.operations.empty()) return executed;
    context.keys.RenderAll(batch.operations, keys);
    for (size_t i = 0; i < batch.operations.size() && left > 0; ++i) {
      const std::optional<uint64_t> intended_ns = arrivals.Next();
      if (!intended_ns) return part.quota == kNoQuota ? kNoQuota : executed + left;
      if (control.phase() != RunPhase::kWarmup) --left;
      const Operation& operation = batch.operations[i];
      const auto multi_get_keys = operation.kind == OperationKind::kMultiGet
                                      ? batch.MultiGetKeys(operation)
                                      : std::span<const uint64_t>();
      executor.ExecuteArrival(handle, operation, keys.keys[i], multi_get_keys, *intended_ns,
                              control);
      if (operation.kind == OperationKind::kInsert) ++finished_inserts;
      ++executed;
    }
  }
  return executed;
}

}  // namespace

ArrivalSchedule ScheduleOf(const ThreadPart& part, uint64_t seed) {
  return ArrivalSchedule(*part.open_loop, seed, part.thread, part.thread_count);
}

uint64_t RunDedicatedThread(const KvsEngine& root, const ExecutorContext& context,
                            const ThreadPart& part, OperationExecutor& executor,
                            RunControl& control) {
  uint64_t operations = kNoQuota;
  try {
    const std::unique_ptr<KvsEngine> handle = root.Clone();
    executor.counts().handles_cloned.Add(1);
    OperationStream stream(context.spec, context.seed, part.thread, part.thread_count, part.role);
    RandomIntervals samples(part.sampling_period,
                            Mix64(context.seed ^ kSamplingSalt) + part.thread);
    control.ArriveAndWait();
    if (part.open_loop) {
      operations = ExecuteArrivals(*handle, part, stream, context, executor, control);
    } else {
      ExecuteStream(*handle, part, stream, context.keys, samples, executor, control);
    }
    // Before the handle goes: closing it is no part of the window.
    if (part.role == StreamRole::kForeground) control.FinishForeground();
  } catch (...) {
    control.Fail(std::current_exception());
  }
  return operations;
}

}  // namespace kvs
