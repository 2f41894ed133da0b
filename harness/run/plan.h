// From what was asked for to the trials that answer it, in the order in which they run.
#ifndef KVS_HARNESS_RUN_PLAN_H_
#define KVS_HARNESS_RUN_PLAN_H_

#include <filesystem>
#include <string>
#include <vector>

#include "harness/run/run_options.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"

namespace kvs {

struct Plan {
  std::vector<Trial> unsupported;   // one per cell that the engine declares it cannot do
  std::vector<TrialPlan> trials;    // in the order to run; directories are not set yet
  std::vector<TrialPlan> runnable;  // one per cell that runs, floors aside, as if its first trial
  size_t size() const { return unsupported.size() + trials.size(); }
};

// Makes the plan. Trials run in rounds: every cell once in each round, in an order shuffled by the
// seed, so that a drift of the machine touches all cells alike. Where `null` is not among the
// engines, and `options.has_floor`, the first round holds one short floor trial of it for each
// workload, thread count and pool that has a cell to run. `engines` is searched for `null`.
Plan MakePlan(const RunOptions& options, EngineTable engines);

// Why `engine`, opened with `plan.OpenOptions()`, cannot run `plan`; "" when it can.
std::string WhyUnsupported(const EngineDefinition& engine, const TrialPlan& plan);

// An upper estimate of the disk space in bytes that the store of `plan` takes while it runs.
// Inserts are in it where their number is known, that is, where the plan has a number of
// operations.
uint64_t EstimateDiskBytes(const TrialPlan& plan);

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_PLAN_H_
