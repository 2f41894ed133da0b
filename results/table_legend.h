// What stands below all tables of a run: what the columns mean, and what all figures depend on.
#ifndef KVS_RESULTS_TABLE_LEGEND_H_
#define KVS_RESULTS_TABLE_LEGEND_H_

#include <string>
#include <vector>

#include "results/model.h"
#include "results/summary.h"

namespace kvs {

// Lines: the columns, of the open loop where the run was one; the run's notes; what is wrong with
// the machine; and of an interrupted run, how much of it there is. `cells` is what Summarise made
// of `run.trials`. Pure.
std::string RenderLegend(const Run& run, const std::vector<CellSummary>& cells, bool colour);

}  // namespace kvs

#endif  // KVS_RESULTS_TABLE_LEGEND_H_
