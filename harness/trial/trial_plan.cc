#include "harness/trial/trial_plan.h"

#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace kvs {
namespace {

using nlohmann::json;

// A handle per worker, the one that opened the store, and one to spare for verification.
constexpr unsigned kHandlesBesideWorkers = 2;

json SpecToJson(const Spec& spec) {
  json properties = json::array();
  for (const auto& [key, value] : spec.properties) properties.push_back({key, value});
  return {{"name", spec.name}, {"properties", properties}};
}

// A spec travels as its effective properties: the file it came from may have changed since.
Spec SpecFromJson(const json& object) {
  PropertyOverrides properties;
  for (const json& property : object.at("properties")) {
    properties.emplace_back(property.at(0), property.at(1));
  }
  const std::string name = object.at("name");
  return ParseSpec("", "plan of the trial", name, properties);
}

}  // namespace

EngineOptions TrialPlan::OpenOptions() const {
  EngineOptions options;
  options.directory = directory;
  options.durability = durability;
  options.memory_budget_bytes = memory_budget_bytes;
  options.max_handles = cell.threads + workload.background_writers + kHandlesBesideWorkers;
  options.settings = settings;
  return options;
}

Trial TrialWithoutFigures(const TrialPlan& plan) {
  Trial trial;
  trial.cell = plan.cell;
  trial.repetition = plan.repetition;
  trial.is_floor = plan.is_floor;
  trial.seed = plan.seed;
  trial.memory_budget_bytes = plan.memory_budget_bytes;
  if (plan.cold) trial.cold = ToString(*plan.cold);
  if (plan.open_loop) {
    trial.rate_per_s = plan.open_loop->rate_per_s;
    trial.arrivals = ToString(plan.open_loop->arrivals);
  }
  return trial;
}

std::string TrialPlanToJson(const TrialPlan& plan) {
  json object = {
      {"workload", plan.cell.workload},
      {"engine_label", plan.cell.engine},
      {"threads", plan.cell.threads},
      {"repetition", plan.repetition},
      {"is_floor", plan.is_floor},
      {"engine", plan.engine},
      {"settings", plan.settings},
      {"durability", plan.durability},
      {"memory_budget_bytes", plan.memory_budget_bytes},
      {"pool", plan.pool},
      {"spec", SpecToJson(plan.workload)},
      {"directory", plan.directory.string()},
      {"existing_store", plan.existing_store},
      {"load_only", plan.load_only},
      {"seed", plan.seed},
      {"value_seed", plan.value_seed},
      {"warmup_s", plan.warmup_s},
      {"duration_s", plan.duration_s},
      {"verify_fully", plan.verify_fully},
  };
  if (plan.operations) object["operations"] = *plan.operations;
  if (plan.sampling_period) object["sampling_period"] = *plan.sampling_period;
  if (plan.cold) object["cold"] = *plan.cold;
  if (plan.open_loop) {
    object["rate_per_s"] = plan.open_loop->rate_per_s;
    object["arrivals"] = plan.open_loop->arrivals;
  }
  if (plan.pairs) {
    object["pairs"] = {{"count", plan.pairs->count},
                       {"reference_threads", plan.pairs->reference_threads},
                       {"reference_is_sampled", plan.pairs->reference_is_sampled}};
  }
  return object.dump();
}

TrialPlan TrialPlanFromJson(std::string_view text) {
  const json object = json::parse(text);
  TrialPlan plan;
  plan.durability = object.at("durability");
  plan.pool = object.at("pool");
  plan.cell = {.workload = object.at("workload"),
               .engine = object.at("engine_label"),
               .threads = object.at("threads"),
               .pool = std::string(ToString(plan.pool)),
               .durability = std::string(ToString(plan.durability))};
  plan.repetition = object.at("repetition");
  plan.is_floor = object.at("is_floor");
  plan.engine = object.at("engine");
  plan.settings = object.at("settings").get<std::map<std::string, std::string>>();
  plan.memory_budget_bytes = object.at("memory_budget_bytes");
  plan.workload = SpecFromJson(object.at("spec"));
  plan.directory = object.at("directory").get<std::string>();
  plan.existing_store = object.at("existing_store");
  plan.load_only = object.at("load_only");
  plan.seed = object.at("seed");
  plan.value_seed = object.at("value_seed");
  plan.warmup_s = object.at("warmup_s");
  plan.duration_s = object.at("duration_s");
  if (object.contains("operations")) plan.operations = object["operations"].get<uint64_t>();
  if (object.contains("cold")) plan.cold = object["cold"].get<ColdStart>();
  if (object.contains("rate_per_s")) {
    plan.open_loop = OpenLoop{.rate_per_s = object["rate_per_s"].get<double>(),
                              .arrivals = object.at("arrivals").get<Arrivals>()};
  }
  if (object.contains("sampling_period")) plan.sampling_period = object["sampling_period"];
  plan.verify_fully = object.at("verify_fully");
  if (object.contains("pairs")) {
    const json& pairs = object["pairs"];
    plan.pairs = WindowPairsPlan{.count = pairs.at("count"),
                                 .reference_threads = pairs.at("reference_threads"),
                                 .reference_is_sampled = pairs.at("reference_is_sampled")};
  }
  return plan;
}

}  // namespace kvs
