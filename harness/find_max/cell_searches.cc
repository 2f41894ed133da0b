#include "harness/find_max/cell_searches.h"

#include <string>
#include <utility>

namespace kvs::find_max {

CellSearches::CellSearches(const FindMaxOptions& options, const std::vector<TrialPlan>& cells,
                           Run& run)
    : run_(run) {
  if (!run.max_rates) {
    run.max_rates = {.slo = options.slo.text,
                     .arrivals = std::string(ToString(options.arrivals)),
                     .resolution = kResolution,
                     .confirmations = options.confirmations,
                     .cells = {}};
    for (const TrialPlan& cell : cells) run.max_rates->cells.emplace_back().cell = cell.cell;
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    searches_.emplace_back(options, cells[i], run.trials, run.max_rates->cells[i]);
  }
}

std::optional<TrialPlan> CellSearches::Next() {
  for (size_t passed = 0; passed < searches_.size(); ++passed) {
    if (std::optional<TrialPlan> probe = searches_[turn_].Next()) return probe;
    turn_ = (turn_ + 1) % searches_.size();
  }
  return std::nullopt;
}

const MaxRate& CellSearches::Take(Trial trial) {
  const size_t taken = turn_;
  searches_[taken].Take(std::move(trial));
  turn_ = (turn_ + 1) % searches_.size();
  return run_.max_rates->cells[taken];
}

}  // namespace kvs::find_max
