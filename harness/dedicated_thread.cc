#include "harness/dedicated_thread.h"

#include <algorithm>
#include <exception>
#include <memory>

namespace kvs {
namespace {

constexpr uint64_t kSamplingSalt = 0x73616d70;

void ExecuteStream(KvsEngine& handle, const ThreadPart& part, OperationStream& stream,
                   const KeyRenderer& renderer, RandomIntervals& samples,
                   OperationExecutor& executor, const RunControl& control) {
  const RunPhase last_phase =
      part.role == StreamRole::kForeground ? RunPhase::kDrain : RunPhase::kMeasure;
  OperationBatch batch;
  KeyBatch keys;
  uint64_t left = part.quota;
  uint64_t finished_inserts = 0;
  while (left > 0) {
    stream.Fill(batch, kBatchOperations, finished_inserts);
    if (batch.operations.empty()) return;
    renderer.RenderAll(batch.operations, keys);
    for (size_t i = 0; i < batch.operations.size();) {
      const RunPhase phase = control.phase();
      if (phase > last_phase || left == 0) return;
      const std::span<const Operation> next = std::span(batch.operations).subspan(i);
      const size_t reads = executor.ExecuteReads(
          handle, next.first(std::min({next.size(), samples.Unpicked(), left})), &keys.keys[i],
          phase, control);
      samples.Skip(reads);
      if (phase != RunPhase::kWarmup) left -= reads;
      i += reads;
      if (reads > 0) continue;

      const Operation& operation = batch.operations[i];
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

}  // namespace

void RunDedicatedThread(const KvsEngine& root, const ExecutorContext& context,
                        const ThreadPart& part, OperationExecutor& executor, RunControl& control) {
  try {
    const std::unique_ptr<KvsEngine> handle = root.Clone();
    executor.counts().handles_cloned.Add(1);
    OperationStream stream(context.spec, context.seed, part.thread, part.thread_count, part.role);
    RandomIntervals samples(part.sampling_period,
                            Mix64(context.seed ^ kSamplingSalt) + part.thread);
    control.ArriveAndWait();
    ExecuteStream(*handle, part, stream, context.keys, samples, executor, control);
    // Before the handle goes: closing it is no part of the window.
    if (part.role == StreamRole::kForeground) control.FinishForeground();
  } catch (...) {
    control.Fail(std::current_exception());
  }
}

}  // namespace kvs
