// What sampling of latencies takes: windows with and without it, in turns, on one open store.
#ifndef KVS_HARNESS_SELFTEST_SAMPLING_PAIRS_H_
#define KVS_HARNESS_SELFTEST_SAMPLING_PAIRS_H_

#include <cstdint>
#include <functional>
#include <random>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "harness/trial_plan.h"

namespace kvs::selftest {

// Of two windows of which one came right after the other: CPU time per operation, of all threads.
struct SamplingPair {
  double sampled_ns = 0;
  double unsampled_ns = 0;

  // The part of the time of sampled operations that sampling takes; below 0 where noise is more.
  double DisturbanceShare() const { return 1 - unsampled_ns / sampled_ns; }
};

struct SamplingPairs {
  std::vector<SamplingPair> pairs;  // without those of which a window has no operation
  // Of all windows.
  uint64_t operations = 0;
  uint64_t samples = 0;
  double window_s = 0;
  double cpu_s = 0;  // user and system, of all threads
};

// Loads `store`, opened for `plan` in this process, and measures `count` pairs of windows, each
// after a warm-up, as the plan has them. Latencies of one window of a pair are sampled as the plan
// says, those of the other are not; `random` says which comes first. Processes would differ by more
// than sampling takes: by where their memory lies. Nor does what others take of the processors
// matter, as it is CPU time. An engine that crashes takes this process with it.
//
// `goes_on` is called with the phase, before each window and about once a second; after it has
// returned false, what was measured until then is returned. `stores_data` is the engine's
// declaration. Throws EngineError when an operation fails, and std::runtime_error on a wrong
// answer.
SamplingPairs MeasureSamplingPairs(KvsEngine& store, bool stores_data, const TrialPlan& plan,
                                   unsigned count, std::mt19937_64& random,
                                   const std::function<bool(std::string_view phase)>& goes_on);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_SAMPLING_PAIRS_H_
