// The tables that --costs adds: what an operation cost the machine.
#ifndef KVS_RESULTS_COST_TABLE_H_
#define KVS_RESULTS_COST_TABLE_H_

#include <string>
#include <vector>

#include "results/summary.h"

namespace kvs {

// One table per workload, pool and durability, in the order in which they first appear, with a
// group of rows per thread count, each after an empty line; cells without figures are left out,
// since the tables of table.h say why. Below, what the columns mean and why something is not
// available ("n/a", never 0). ASCII but for names; lines of at most 120 columns, names and the
// system's reasons permitting.
std::string RenderCostTables(const std::vector<CellSummary>& cells);

}  // namespace kvs

#endif  // KVS_RESULTS_COST_TABLE_H_
