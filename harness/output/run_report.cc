#include "harness/output/run_report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "harness/system/terminal.h"
#include "results/cost_table.h"
#include "results/max_rate_table.h"
#include "results/summary.h"
#include "results/table.h"

namespace kvs {
namespace {

// As MakePlan orders them, which knows the engines of this program only.
std::vector<CellName> CellsAskedFor(const Run& run) {
  std::vector<CellName> cells;
  if (!run.plan) return cells;
  for (const Run::Workload& workload : run.workloads) {
    for (const unsigned threads : run.plan->threads) {
      for (const std::string& pool : run.plan->pools) {
        for (const std::string& durability : run.plan->durabilities) {
          for (const std::string& engine : run.plan->engines) {
            cells.push_back({workload.name, engine, threads, pool, durability});
          }
        }
      }
    }
  }
  return cells;
}

}  // namespace

void PrintTables(const Run& run, bool costs, bool colour) {
  const std::vector<CellName> order = CellsAskedFor(run);
  Run ordered = run;
  const auto rank = [&order](const Trial& trial) {
    return std::find(order.begin(), order.end(), trial.cell) - order.begin();
  };
  std::stable_sort(ordered.trials.begin(), ordered.trials.end(),
                   [&rank](const Trial& a, const Trial& b) { return rank(a) < rank(b); });
  const std::vector<CellSummary> cells = Summarise(ordered);
  fmt::print("{}", RenderTables(ordered, cells, {.colour = UsesColor(STDOUT_FILENO, colour)}));
  if (run.max_rates) fmt::print("{}", RenderMaxRateTables(*run.max_rates));
  if (costs) fmt::print("{}", RenderCostTables(cells));
  std::fflush(stdout);
}

bool HasNoFigures(const Run& run) {
  return std::none_of(run.trials.begin(), run.trials.end(),
                      [](const Trial& trial) { return trial.Measured() && !trial.is_floor; });
}

ExitCode ExitCodeOf(const Run& run) {
  const bool failed = std::any_of(run.trials.begin(), run.trials.end(), [](const Trial& trial) {
    return trial.status == TrialStatus::kFailed || trial.status == TrialStatus::kWrongAnswer;
  });
  const bool search_failed =
      run.max_rates &&
      std::any_of(run.max_rates->cells.begin(), run.max_rates->cells.end(),
                  [](const MaxRate& search) { return search.outcome == SearchOutcome::kFailed; });
  if (failed || search_failed) return ExitCode::kEngineFailed;
  return HasNoFigures(run) ? ExitCode::kUsage : ExitCode::kOk;
}

}  // namespace kvs
