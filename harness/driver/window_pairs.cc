#include "harness/driver/window_pairs.h"

#include <cstdint>
#include <random>

#include "harness/system/clock.h"

namespace kvs {
namespace {

// Before each window, so that it opens with all threads at work. A tick of a kernel with 100 Hz, so
// that the CPU time of other threads, which is up to a tick old, is so at both edges of a window.
constexpr double kStartS = 0.01;
constexpr double kProgressS = 1;

uint64_t SamplesOf(const Measurement& measured) {
  uint64_t samples = 0;
  for (const KindResult& kind : measured.kinds) samples += kind.latency_ns.count();
  return samples;
}

Slice WindowOf(const Measurement& measured) {
  return {.length_s = measured.window_s, .operations = measured.operations};
}

}  // namespace

WindowPairs MeasureWindowPairs(const KvsEngine& root, bool stores_data, const Spec& spec,
                               const KeyRenderer& keys, const ValueCodec& values,
                               const DriverOptions& options, const WindowPairsPlan& plan) {
  WindowPairs result;
  DriverOptions measured = options;
  DriverOptions reference = options;
  reference.threads = plan.reference_threads;
  if (!plan.reference_is_sampled) reference.sampling_period = double{kLongestSamplingPeriod};

  uint64_t seed = options.seed;
  const auto measure = [&](DriverOptions& of_kind) {
    of_kind.seed = seed++;
    Measurement window = Measure(root, stores_data, spec, keys, values, of_kind);
    result.wrong.Merge(window.wrong);
    result.interrupted |= window.interrupted;
    return window;
  };
  for (DriverOptions* of_kind : {&measured, &reference}) {
    const Measurement first = measure(*of_kind);
    if (result.interrupted) return result;
    of_kind->sampling_period = first.sampling_period;
    of_kind->warmup_s = kStartS;
  }

  std::mt19937_64 random(options.seed);
  uint64_t shown_ns = NowNs();
  uint64_t operations = 0;
  for (unsigned pair = 0; pair < plan.count; ++pair) {
    const bool measured_is_first = (random() & 1) != 0;
    const Measurement first = measure(measured_is_first ? measured : reference);
    if (result.interrupted) break;
    const Measurement second = measure(measured_is_first ? reference : measured);
    if (result.interrupted) break;
    operations += first.operations + second.operations;
    if (options.progress && SecondsSince(shown_ns) >= kProgressS) {
      options.progress("measure", (pair + 1.0) / plan.count, operations);
      shown_ns = NowNs();
    }
    if (first.operations == 0 || second.operations == 0) continue;
    const Measurement& one = measured_is_first ? first : second;
    const Measurement& other = measured_is_first ? second : first;
    result.windows.push_back(WindowOf(one));
    result.windows.push_back(WindowOf(other));
    result.samples += SamplesOf(one);
    result.reference_samples += SamplesOf(other);
    result.user_cpu_s += one.process.user_cpu_s + other.process.user_cpu_s;
    result.system_cpu_s += one.process.system_cpu_s + other.process.system_cpu_s;
  }
  return result;
}

}  // namespace kvs
