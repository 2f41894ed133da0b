#include "harness/run/run_request.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_value.h"

namespace kvs {
namespace {

[[noreturn]] void RefusePlan(const std::string& what) {
  throw UsageError(fmt::format("/kvs_bench/plan: {}: was the file edited by hand?", what));
}

// The closed loop alone, --rate or --find-max.
void ReadLoop(const RunRequest& plan, RunOptions& options) {
  if (plan.rate_per_s && plan.slo) RefusePlan("has both 'rate_per_s' and 'slo'");
  if (plan.cold && plan.slo) RefusePlan("has both 'cold' and 'slo'");
  if ((plan.rate_per_s || plan.slo) != plan.arrivals.has_value()) {
    RefusePlan("has 'arrivals' without 'rate_per_s' or 'slo', or one of these without it");
  }
  if (!plan.arrivals) return;
  const std::optional<Arrivals> arrivals = ParseArrivals(*plan.arrivals);
  if (!arrivals) RefusePlan(fmt::format("unknown arrivals '{}'", *plan.arrivals));
  if (plan.slo) {
    if (plan.slo->empty()) RefusePlan("'slo' is empty");
    options.find_max = {.slo = {}, .arrivals = *arrivals, .confirmations = plan.trials};
    ParseOne("/kvs_bench/plan/slo", *plan.slo, options.find_max->slo,
             [](const std::string& text) { return find_max::ParseSlo(text); });
    return;
  }
  if (*plan.rate_per_s <= 0) RefusePlan("'rate_per_s' is 0");
  options.open_loop = OpenLoop{.rate_per_s = *plan.rate_per_s, .arrivals = *arrivals};
}

// What the command line would not have let through, and would break a trial.
void CheckNumbers(const RunRequest& plan) {
  if (std::find(plan.threads.begin(), plan.threads.end(), 0u) != plan.threads.end()) {
    RefusePlan("'threads' has a 0");
  }
  if (plan.sampling_period.value_or(1) < 1) RefusePlan("'sampling_period' is below 1");
  if (plan.trials == 0) RefusePlan("'trials' is 0");
  if (plan.timeout_s <= 0) RefusePlan("'timeout_s' is 0");
}

}  // namespace

RunRequest ToRunRequest(const RunOptions& options, const std::filesystem::path& directory) {
  RunRequest plan;
  for (const EngineChoice& engine : options.engines) plan.engines.push_back(engine.Label());
  plan.threads = options.threads;
  for (const PoolKind pool : options.pools) plan.pools.emplace_back(ToString(pool));
  for (const Durability tier : options.tiers) plan.durabilities.emplace_back(ToString(tier));
  plan.trials = options.trials;
  plan.duration_s = options.duration_s;
  plan.warmup_s = options.warmup_s;
  plan.timeout_s = options.timeout_s;
  if (options.open_loop) {
    plan.rate_per_s = options.open_loop->rate_per_s;
    plan.arrivals = ToString(options.open_loop->arrivals);
  }
  if (options.cold) plan.cold = ToString(*options.cold);
  if (options.find_max) {
    plan.slo = options.find_max->slo.text;
    plan.arrivals = ToString(options.find_max->arrivals);
  }
  plan.sampling_period = options.sampling_period;
  plan.verify_fully = options.verify_fully;
  plan.memory_budget_bytes = options.memory_budget_bytes;
  plan.directory = std::filesystem::absolute(directory).lexically_normal().string();
  plan.is_existing_store = options.existing_store.has_value();
  plan.keep = options.keep;
  if (!options.has_floor) plan.no_floor = true;
  return plan;
}

RunOptions ToRunOptions(const Run& run, EngineTable engines) {
  const RunRequest& plan = *run.plan;
  CheckNumbers(plan);
  RunOptions options;
  if (plan.engines.empty()) RefusePlan("names no engine");
  options.engines = ChooseEngines(plan.engines, engines);
  for (const Run::Workload& workload : run.workloads) {
    PropertyOverrides properties;
    for (const auto& [name, value] : workload.properties) properties.emplace_back(name, value);
    try {
      options.workloads.push_back(
          ParseSpec("", "the result's workload " + workload.name, workload.name, properties));
    } catch (const SpecError& error) {
      throw UsageError(fmt::format("/kvs_bench/workloads: '{}': {}", workload.name, error.what()));
    }
  }
  options.threads = plan.threads;
  options.pools.clear();
  for (const std::string& name : plan.pools) {
    const std::optional<PoolKind> pool = ParsePoolKind(name);
    if (!pool) RefusePlan(fmt::format("unknown pool '{}'", name));
    options.pools.push_back(*pool);
  }
  options.tiers.clear();
  for (const std::string& name : plan.durabilities) options.tiers.push_back(ParseDurability(name));
  options.trials = plan.trials;
  options.duration_s = plan.duration_s;
  options.warmup_s = plan.warmup_s;
  options.timeout_s = plan.timeout_s;
  if (plan.cold) {
    options.cold = ParseColdStart(*plan.cold);
    if (!options.cold) RefusePlan(fmt::format("unknown start '{}'", *plan.cold));
  }
  ReadLoop(plan, options);
  options.sampling_period = plan.sampling_period;
  options.verify_fully = plan.verify_fully;
  options.seed = run.seed;
  options.memory_budget_bytes = plan.memory_budget_bytes;
  (plan.is_existing_store ? options.existing_store : options.data_directory) = plan.directory;
  options.keep = plan.keep;
  options.has_floor = !plan.no_floor.value_or(false);
  return options;
}

}  // namespace kvs
