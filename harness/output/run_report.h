// How a run ends: the tables on standard output, and the exit code.
#ifndef KVS_HARNESS_OUTPUT_RUN_REPORT_H_
#define KVS_HARNESS_OUTPUT_RUN_REPORT_H_

#include "harness/exit_code.h"
#include "results/model.h"

namespace kvs {

// Prints the tables of `run`, and of what operations cost with `costs`. The rows of equals, and the
// tables, follow the order in which the cells were asked for (in a file of an older program, in
// which they ran).
void PrintTables(const Run& run, bool costs, bool colour);

// True when no trial, floors aside, gave a figure.
bool HasNoFigures(const Run& run);

// The exit code of a run of which nothing is left to do: without figures it is that of a command
// line that asked for what cannot be measured.
ExitCode ExitCodeOf(const Run& run);

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_RUN_REPORT_H_
