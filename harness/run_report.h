// How a run ends: the tables on standard output, and the exit code.
#ifndef KVS_HARNESS_RUN_REPORT_H_
#define KVS_HARNESS_RUN_REPORT_H_

#include <vector>

#include "harness/exit_code.h"
#include "results/model.h"

namespace kvs {

// Prints the tables of `run`, and of what operations cost with `costs`. The rows of equals, and the
// tables, follow `order`, in which the cells were asked for; `run` has the order in which they ran.
void PrintTables(const Run& run, const std::vector<CellName>& order, bool costs, bool colour);

// True when all planned trials came to their end, whatever that was.
bool TrialsAreDone(const Run& run);
// True when nothing of the run is left to do: its trials, and with `searches` (--find-max) these.
bool IsDone(const Run& run, bool searches);

// The exit code of a run of which nothing is left to do.
ExitCode ExitCodeOf(const Run& run);

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_REPORT_H_
