// Two ways to run a workload, told apart by many short windows, in turns, on one open store.
//
// Processes differ by where their memory lies, and a shared machine is another one from second to
// second; both by more than small differences. Two windows of some milliseconds, one right after
// the other in one process, have all of that in common.
#ifndef KVS_HARNESS_DRIVER_WINDOW_PAIRS_H_
#define KVS_HARNESS_DRIVER_WINDOW_PAIRS_H_

#include <cstdint>
#include <vector>

#include "engines/engine.h"
#include "harness/driver/driver.h"
#include "harness/driver/wrong_answers.h"
#include "results/model.h"
#include "workloads/key_renderer.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

struct WindowPairsPlan {
  unsigned count = 1;              // > 0
  unsigned reference_threads = 1;  // > 0
  bool reference_is_sampled = true;
};

struct WindowPairs {
  // Two of each pair: the measured one, and its reference. Pairs of which one has no operation are
  // left out.
  std::vector<Slice> windows;
  uint64_t samples = 0;            // latencies of the measured ones
  uint64_t reference_samples = 0;  // of the others
  double user_cpu_s = 0;           // of the process, in all of them
  double system_cpu_s = 0;
  WrongAnswers wrong;
  bool interrupted = false;  // the pairs until then are whole
};

// Measures `plan.count` pairs of windows, each as `options` say, but for what `plan` says of the
// references; which of a pair comes first is drawn by the seed. The warm-up of `options` is made
// once for each of the two, and tells how often to sample unless they say so. Each window has other
// operations. Throws as Measure.
WindowPairs MeasureWindowPairs(const KvsEngine& root, bool stores_data, const Spec& spec,
                               const KeyRenderer& keys, const ValueCodec& values,
                               const DriverOptions& options, const WindowPairsPlan& plan);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_WINDOW_PAIRS_H_
