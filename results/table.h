// The tables that a run ends with: the first thing a user sees.
#ifndef KVS_RESULTS_TABLE_H_
#define KVS_RESULTS_TABLE_H_

#include <string>
#include <vector>

#include "results/model.h"
#include "results/summary.h"

namespace kvs {

struct TableOptions {
  bool colour = false;  // ANSI escapes; the text is the same without
};

// One table per workload, pool and durability, with a group of rows per thread count: fastest
// engine first (open loop: the one with the lowest p99 response time), then the harness's floor,
// then cells without figures; below each table what its reader must know, and at the end the run's
// notes and what is wrong with the machine. ASCII but for names; lines of at most 120 columns,
// names of engines permitting. `cells` is what Summarise made of `run.trials`.
std::string RenderTables(const Run& run, const std::vector<CellSummary>& cells,
                         const TableOptions& options);

}  // namespace kvs

#endif  // KVS_RESULTS_TABLE_H_
