// Pool `dedicated`: a thread that runs its own stream of operations on its own handle.
#ifndef KVS_HARNESS_DEDICATED_THREAD_H_
#define KVS_HARNESS_DEDICATED_THREAD_H_

#include <cstdint>

#include "engines/engine.h"
#include "harness/operation_executor.h"
#include "harness/run_control.h"
#include "workloads/operation_stream.h"

namespace kvs {

// Operations drawn at a time: enough to make drawing cheap, few enough for the cache.
inline constexpr size_t kBatchOperations = 64;
inline constexpr uint64_t kNoQuota = UINT64_MAX;

// One thread's part in a run.
struct ThreadPart {
  StreamRole role = StreamRole::kForeground;
  unsigned thread = 0;  // of thread_count with the same role
  unsigned thread_count = 1;
  uint64_t quota = kNoQuota;   // operations to execute once the window has opened; > 0
  double sampling_period = 1;  // mean operations per latency sample
};

// The whole life of one such thread: clones its handle from `root`, waits at the barrier, and
// executes its operations until the run stops, its quota is done or its stream ends. A foreground
// thread then closes the window, if nobody has; a background writer ends when the window closes. A
// failure goes to `control`; nothing is thrown.
void RunDedicatedThread(const KvsEngine& root, const ExecutorContext& context,
                        const ThreadPart& part, OperationExecutor& executor, RunControl& control);

}  // namespace kvs

#endif  // KVS_HARNESS_DEDICATED_THREAD_H_
