// Runs one workload on one open store and measures it.
#ifndef KVS_HARNESS_DRIVER_DRIVER_H_
#define KVS_HARNESS_DRIVER_DRIVER_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "harness/driver/arrival_schedule.h"
#include "harness/driver/histogram.h"
#include "harness/driver/recent_writes.h"
#include "harness/driver/write_audit.h"
#include "harness/driver/wrong_answers.h"
#include "harness/system/cpu_ticks.h"
#include "harness/system/hardware_counters.h"
#include "harness/system/process_costs.h"
#include "results/model.h"
#include "workloads/key_renderer.h"
#include "workloads/operation.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

enum class PoolKind : uint8_t { kDedicated, kNaive, kSharedQueue, kWorkStealing };
// "dedicated", "naive", "shared-queue", "work-stealing".
std::string_view ToString(PoolKind pool);
std::optional<PoolKind> ParsePoolKind(std::string_view text);

// Between two latency samples of a thread, so that they take less than 2% of its time, however fast
// the engine: see docs/clock-and-sampling.md.
inline constexpr double kSamplingIntervalS = 100e-6;
inline constexpr double kSamplingPeriodWithoutWarmup = 64;
// Longer than any run: latencies are not sampled.
inline constexpr uint64_t kLongestSamplingPeriod = 1'000'000'000;

struct DriverOptions {
  unsigned threads = 1;  // > 0
  PoolKind pool = PoolKind::kDedicated;
  unsigned outstanding_per_thread = 8;  // > 0; pooled modes: requests kept outstanding per worker
  double warmup_s = 0.5;                // 0: none. See also Spec::CanWarmUp.
  double duration_s = 2;                // length of the window, unless `operations` is set
  // This many over all threads instead of a duration; > 0. Thread t of N executes its share, the
  // first (operations mod N) threads one more.
  std::optional<uint64_t> operations;
  // Unset: closed loop. Background writers are closed loops always.
  std::optional<OpenLoop> open_loop;
  uint64_t seed = 0;
  // Mean operations per latency sample; >= 1: every one. Unset: so many as each thread made in
  // kSamplingIntervalS of the warm-up's fastest slice; without a warm-up,
  // kSamplingPeriodWithoutWarmup. The open loop times every one.
  std::optional<double> sampling_period;
  double full_check_period = 64;  // mean reads per full value check; >= 1: every one
  bool audit_flushes = false;     // tier `sync`: each write that is timed must have a flush
  const std::atomic<bool>* interrupted = nullptr;  // set by a signal handler: end now
  const HardwareCounters* hardware = nullptr;      // opened before the engine made its threads
  // Called about once a second from the calling thread, for the progress line. `phase` is "load",
  // "warm-up" or "measure".
  std::function<void(std::string_view phase, double fraction_done, uint64_t operations)> progress;
};

// What became of the operations of one kind inside the window; operation_executor.h says what
// counts as what. Counts are read while threads work, so parts of one operation per thread (the
// entries of a scan) may lie outside; a read is counted once, as hit or miss.
struct KindResult {
  uint64_t completed = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t unknown = 0;
  uint64_t entries = 0;
  Histogram latency_ns;   // service time of sampled operations, around the engine's calls alone
  Histogram response_ns;  // open loop: from the intended start until the engine's calls return
};

// The window is common to all threads: what counts is what they completed between two moments, at
// which all their counts were read. It opens after the warm-up, with all threads running. It closes
//   - after `duration_s`;
//   - in the mode with a number of operations, and when the spec makes a single pass: when
//     the first thread has nothing left to do. The others finish their share after it, executed and
//     checked, but not in the figures (executed_operations has them). In the pooled modes all
//     threads draw from one stream, and the window closes with its last request; in the open loop
//     it closes with the last thread;
//   - when the run is interrupted.
struct Measurement {
  double window_s = 0;               // 0 when the run was interrupted before the window opened
  uint64_t operations = 0;           // foreground, completed in the window
  uint64_t warmup_operations = 0;    // foreground, before the window
  uint64_t executed_operations = 0;  // foreground, from the window's start to the end of the run
  uint64_t background_operations = 0;
  // Foreground, completed in each full second of the window.
  std::vector<uint64_t> operations_per_second;
  // Foreground; the whole window, cut as Trial::slices says.
  std::vector<Slice> slices;
  std::array<KindResult, kOperationKinds> kinds;
  // Open loop: operations that should have started before the window's end and had not completed
  // then, those in hand included. The schedule begins with the warm-up, or else with the window.
  std::optional<uint64_t> backlog_operations;
  // Pooled modes: time from Submit to the request's start on a thread, sampled like latencies.
  std::optional<Histogram> queue_wait_ns;
  // Handles of the threads; for pool `naive`, of the requests executed in the window.
  uint64_t handles_cloned = 0;
  double sampling_period = 0;   // mean operations per latency sample in the window
  uint64_t values_checked = 0;  // in the window
  uint64_t values_checked_fully =
      0;               // with every byte; up to 16 per thread are of reads beside the window
  WrongAnswers wrong;  // of the whole run, warm-up included
  double warmup_s = 0;
  bool interrupted = false;  // the figures cover the part that ran
  uint64_t flushes = 0;      // in the window, as flush_audit.h counts them
  WriteAudit write_audit;    // of the whole run, warm-up included, if asked for
  // Of each worker, the last write to each of the keys that it wrote last.
  std::vector<AcknowledgedWrite> recent_writes;
  // In the window, whole process; see WindowEdge.
  ProcessCosts process;
  std::optional<CpuShares> cpu;  // nothing: not told, or too short to tell
  HardwareCosts hardware;
  // Anonymous resident memory of the process at the window's edges; nothing: not told.
  std::optional<uint64_t> anonymous_begin_bytes;
  std::optional<uint64_t> anonymous_end_bytes;
  // In the window, background writers' included: keys and values handed to the engine to store and
  // keys to remove; values that it returned, of up to 16 reads per thread beside the window.
  uint64_t written_bytes = 0;
  uint64_t found_bytes = 0;
  uint64_t inserted_bytes = 0;  // keys and values of all inserts of the whole run
};

struct LoadResult {
  uint64_t records = 0;
  uint64_t bytes = 0;  // keys and values
  double elapsed_s = 0;
  bool interrupted = false;  // not all records are stored
};

// Stores the spec's records LoadBegin() .. LoadEnd()-1, in this order, with `threads` handles
// cloned from `root`, each on a thread of its own whatever the pool; thread t of N stores every
// N-th, from the t-th on. Throws EngineError; std::invalid_argument on options out of range.
LoadResult Load(const KvsEngine& root, const Spec& spec, const KeyRenderer& keys,
                const ValueCodec& values, const DriverOptions& options);

// Warms up, measures, joins. Handles are cloned from `root`, one per thread (pool `naive`: one per
// request). The spec's background writers are threads and handles of their own in every pool, and
// end with the window. `stores_data` is the engine's declaration: without it, answers are not
// checked. Throws EngineError when an operation failed: no figure survives a failed operation;
// std::invalid_argument on options out of range.
Measurement Measure(const KvsEngine& root, bool stores_data, const Spec& spec,
                    const KeyRenderer& keys, const ValueCodec& values,
                    const DriverOptions& options);

// Reads up to `sample` loaded records spread over the key space and checks them fully; `checked` is
// how many. Only for workloads that remove nothing.
WrongAnswers ReadBack(KvsEngine& handle, const Spec& spec, const KeyRenderer& keys,
                      const ValueCodec& values, uint64_t sample, uint64_t& checked);

// Reads the keys of `writes` of a run that has ended, and checks that none has an older value, or
// none at all.
WrongAnswers ReadBackWrites(KvsEngine& handle, const KeyRenderer& keys, const ValueCodec& values,
                            std::span<const AcknowledgedWrite> writes);

// Throws std::invalid_argument, naming it, for an option out of range.
void CheckOptions(const DriverOptions& options);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_DRIVER_H_
