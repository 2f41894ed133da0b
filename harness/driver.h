// Runs one workload on one open store and measures it.
#ifndef KVS_HARNESS_DRIVER_H_
#define KVS_HARNESS_DRIVER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "harness/histogram.h"
#include "workloads/key_renderer.h"
#include "workloads/operation.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

enum class PoolKind : uint8_t { kDedicated, kNaive, kSharedQueue, kWorkStealing };
// "dedicated", "naive", "shared-queue", "work-stealing".
std::string_view ToString(PoolKind pool);
std::optional<PoolKind> ParsePoolKind(std::string_view text);

struct DriverOptions {
  unsigned threads = 1;
  PoolKind pool = PoolKind::kDedicated;
  unsigned outstanding_per_thread = 8;  // pooled modes: requests kept outstanding per worker
  double warmup_s = 0.5;
  double duration_s = 2;               // length of the window, unless `operations` is set
  std::optional<uint64_t> operations;  // this many over all threads instead of a duration
  uint64_t seed = 0;
  double sampling_period = 64;    // mean operations per latency sample; 1: every one
  double full_check_period = 64;  // mean reads per full value check; 1: every one
  const std::atomic<bool>* interrupted = nullptr;  // set by a signal handler: end the window now
  // Called about once a second from the coordinating thread, for the progress line.
  std::function<void(std::string_view phase, double fraction_done, uint64_t operations)> progress;
};

struct KindResult {
  uint64_t completed = 0;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t unknown = 0;
  uint64_t entries = 0;
  Histogram latency_ns;
};

// The first wrong answers, in words, and how many there were.
struct WrongAnswers {
  uint64_t count = 0;
  std::vector<std::string> examples;  // at most 10
};

struct Measurement {
  double window_s = 0;
  uint64_t operations = 0;  // foreground, completed in the window
  uint64_t background_operations = 0;
  std::vector<uint64_t> operations_per_second;
  std::array<KindResult, kOperationKinds> kinds;
  std::optional<Histogram> queue_wait_ns;
  uint64_t handles_cloned = 0;
  uint64_t values_checked = 0;
  uint64_t values_checked_fully = 0;
  WrongAnswers wrong;
  double warmup_s = 0;
  bool interrupted = false;
  uint64_t flushes = 0;
  double user_cpu_s = 0;
  double system_cpu_s = 0;
};

struct LoadResult {
  uint64_t records = 0;
  uint64_t bytes = 0;  // keys and values
  double elapsed_s = 0;
};

// Stores the spec's records 0 .. record_count-1 with `threads` handles cloned from `root`; thread t
// of N stores the numbers that are t modulo N. Throws EngineError.
LoadResult Load(const KvsEngine& root, const Spec& spec, const KeyRenderer& keys,
                const ValueCodec& values, const DriverOptions& options);

// Warms up, measures, joins. Handles are cloned from `root`, one per thread (pool `naive`: one per
// request). `stores_data` is the engine's declaration: without it, answers are not checked.
// Throws EngineError when an operation failed: no figure survives a failed operation.
Measurement Measure(const KvsEngine& root, bool stores_data, const Spec& spec,
                    const KeyRenderer& keys, const ValueCodec& values,
                    const DriverOptions& options);

// Reads up to `sample` loaded records spread over the key space and checks them fully. Only for
// workloads that remove nothing.
WrongAnswers ReadBack(KvsEngine& handle, const Spec& spec, const KeyRenderer& keys,
                      const ValueCodec& values, uint64_t sample, uint64_t& checked);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_H_
