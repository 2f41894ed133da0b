#include "harness/selftest/sampling_pairs.h"

#include <atomic>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include "harness/driver.h"
#include "workloads/key_renderer.h"
#include "workloads/value_codec.h"

namespace kvs::selftest {
namespace {

double CpuSeconds(const Measurement& window) {
  return window.process.user_cpu_s + window.process.system_cpu_s;
}

double CpuNsPerOperation(const Measurement& window) {
  return 1e9 * CpuSeconds(window) / static_cast<double>(window.operations);
}

}  // namespace

SamplingPairs MeasureSamplingPairs(KvsEngine& store, bool stores_data, const TrialPlan& plan,
                                   unsigned count, std::mt19937_64& random,
                                   const std::function<bool(std::string_view phase)>& goes_on) {
  const KeyRenderer keys(plan.workload.keys);
  const ValueCodec values(plan.workload.value_size, plan.value_seed,
                          plan.workload.compression_ratio);
  std::atomic<bool> is_stopped = false;
  DriverOptions options;
  options.threads = plan.cell.threads;
  options.warmup_s = plan.warmup_s;
  options.duration_s = plan.duration_s;
  options.operations = plan.operations;
  options.seed = plan.seed;
  options.interrupted = &is_stopped;
  options.progress = [&](std::string_view phase, double, uint64_t) {
    if (!goes_on(phase)) is_stopped = true;
  };

  if (stores_data) Load(store, plan.workload, keys, values, options);
  store.Settle();

  SamplingPairs result;
  // Returns nothing when it was stopped.
  const auto measure = [&](bool is_sampled) -> std::optional<Measurement> {
    if (is_stopped || !goes_on("measure")) return std::nullopt;
    options.sampling_period = is_sampled ? plan.sampling_period : double{kLongestSamplingPeriod};
    Measurement window = Measure(store, stores_data, plan.workload, keys, values, options);
    if (window.wrong.count > 0) {
      throw std::runtime_error(fmt::format("{} wrong answers while measuring: {}",
                                           window.wrong.count, window.wrong.examples.front()));
    }
    if (window.interrupted) return std::nullopt;
    result.operations += window.operations;
    for (const KindResult& kind : window.kinds) result.samples += kind.latency_ns.count();
    result.window_s += window.window_s;
    result.cpu_s += CpuSeconds(window);
    return window;
  };
  for (unsigned pair = 0; pair < count; ++pair) {
    const bool first_is_sampled = (random() & 1) != 0;
    const std::optional<Measurement> first = measure(first_is_sampled);
    const std::optional<Measurement> second = measure(!first_is_sampled);
    if (!first || !second) break;
    const Measurement& sampled = first_is_sampled ? *first : *second;
    const Measurement& unsampled = first_is_sampled ? *second : *first;
    if (sampled.operations == 0 || unsampled.operations == 0) continue;
    result.pairs.push_back({CpuNsPerOperation(sampled), CpuNsPerOperation(unsampled)});
  }
  return result;
}

}  // namespace kvs::selftest
