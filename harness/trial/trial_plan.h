// Everything that the process of one trial is told.
#ifndef KVS_HARNESS_TRIAL_TRIAL_PLAN_H_
#define KVS_HARNESS_TRIAL_TRIAL_PLAN_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engines/engine.h"
#include "harness/driver/driver.h"
#include "harness/driver/window_pairs.h"
#include "harness/system/page_cache.h"
#include "results/model.h"
#include "workloads/spec.h"

namespace kvs {

struct TrialPlan {
  CellName cell;
  unsigned repetition = 0;
  bool is_floor = false;

  std::string engine;  // the name alone; cell.engine has the settings too
  std::map<std::string, std::string> settings;
  Durability durability = Durability::kProcess;
  uint64_t memory_budget_bytes = 0;
  PoolKind pool = PoolKind::kDedicated;
  Spec workload;
  std::filesystem::path directory;  // of the store
  bool existing_store = false;      // the store is there and loaded
  bool load_only = false;           // load, settle, close

  uint64_t seed = 0;              // of the operations; the same for every engine of a repetition
  uint64_t value_seed = 0;        // of the values; the one that an existing store was loaded with
  std::optional<ColdStart> cold;  // set: the window begins on a cold store, and warmup_s is 0
  double warmup_s = 0;
  double duration_s = 0;
  std::optional<uint64_t> operations;  // instead of duration_s
  std::optional<OpenLoop> open_loop;
  std::optional<double> sampling_period;  // closed loop; see DriverOptions
  bool verify_fully = false;
  // Set: many short windows of duration_s instead of one, in pairs. Trial::slices are these
  // windows, as WindowPairs has them; CPU time is of all, the other figures are of the measured
  // ones, and there are no latencies.
  std::optional<WindowPairsPlan> pairs;

  // How the store is opened for the measured phase.
  EngineOptions OpenOptions() const;
};

// What is known of the outcome of `plan` before it runs: its cell, repetition and seed.
Trial TrialWithoutFigures(const TrialPlan& plan);

// One line of JSON, and back. The latter throws a std::exception on what the former did not write.
std::string TrialPlanToJson(const TrialPlan& plan);
TrialPlan TrialPlanFromJson(std::string_view text);

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_TRIAL_PLAN_H_
