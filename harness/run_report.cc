#include "harness/run_report.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "harness/terminal.h"
#include "results/cost_table.h"
#include "results/max_rate_table.h"
#include "results/summary.h"
#include "results/table.h"

namespace kvs {
namespace {

bool SearchesAreDone(const Run& run) {
  return run.max_rates && std::none_of(run.max_rates->cells.begin(), run.max_rates->cells.end(),
                                       [](const MaxRate& search) {
                                         return search.outcome == SearchOutcome::kSearching;
                                       });
}

}  // namespace

void PrintTables(const Run& run, const std::vector<CellName>& order, bool costs, bool colour) {
  Run ordered = run;
  const auto rank = [&order](const Trial& trial) {
    return std::find(order.begin(), order.end(), trial.cell) - order.begin();
  };
  std::stable_sort(ordered.trials.begin(), ordered.trials.end(),
                   [&rank](const Trial& a, const Trial& b) { return rank(a) < rank(b); });
  const std::vector<CellSummary> cells = Summarise(ordered.trials);
  fmt::print("{}", RenderTables(ordered, cells, {.colour = UsesColor(STDOUT_FILENO, colour)}));
  if (run.max_rates) fmt::print("{}", RenderMaxRateTables(*run.max_rates));
  if (costs) fmt::print("{}", RenderCostTables(cells));
  std::fflush(stdout);
}

bool TrialsAreDone(const Run& run) {
  return run.trials.size() >= run.planned_trials &&
         std::none_of(run.trials.begin(), run.trials.end(),
                      [](const Trial& trial) { return trial.status == TrialStatus::kInterrupted; });
}

bool IsDone(const Run& run, bool searches) {
  return TrialsAreDone(run) && (!searches || SearchesAreDone(run));
}

ExitCode ExitCodeOf(const Run& run) {
  const bool failed = std::any_of(run.trials.begin(), run.trials.end(), [](const Trial& trial) {
    return trial.status == TrialStatus::kFailed || trial.status == TrialStatus::kWrongAnswer;
  });
  const bool search_failed =
      run.max_rates &&
      std::any_of(run.max_rates->cells.begin(), run.max_rates->cells.end(),
                  [](const MaxRate& search) { return search.outcome == SearchOutcome::kFailed; });
  return failed || search_failed ? ExitCode::kEngineFailed : ExitCode::kOk;
}

}  // namespace kvs
