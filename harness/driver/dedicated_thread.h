// Pool `dedicated`: a thread that runs its own stream of operations on its own handle.
#ifndef KVS_HARNESS_DRIVER_DEDICATED_THREAD_H_
#define KVS_HARNESS_DRIVER_DEDICATED_THREAD_H_

#include <cstdint>
#include <optional>

#include "engines/engine.h"
#include "harness/driver/arrival_schedule.h"
#include "harness/driver/operation_executor.h"
#include "harness/driver/run_control.h"
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
  uint64_t quota = kNoQuota;            // operations to execute once the window has opened; > 0
  double sampling_period = 1;           // mean operations per latency sample; open loop: 1
  std::optional<OpenLoop> open_loop{};  // foreground only; the rate is that of all threads
};

// The arrivals of `part`, which has an open loop, in a run with this seed.
ArrivalSchedule ScheduleOf(const ThreadPart& part, uint64_t seed);

// The whole life of one such thread: clones its handle from `root`, waits at the barrier, and
// executes its operations until the run stops, its quota is done or its stream ends. A foreground
// thread then reports that it has finished; a background writer ends when the window closes. In the
// open loop each operation waits for its intended start; a thread that is late goes on at once. A
// failure goes to `control`; nothing is thrown.
//
// Returns, in the open loop, how many operations the part has in all, warm-up included, as far as
// it has an end: kNoQuota otherwise.
uint64_t RunDedicatedThread(const KvsEngine& root, const ExecutorContext& context,
                            const ThreadPart& part, OperationExecutor& executor,
                            RunControl& control);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_DEDICATED_THREAD_H_
