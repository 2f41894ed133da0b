// `kvs-bench compare`: did figures get worse from one run to another?
#ifndef KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_
#define KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_

#include "harness/compare/compare_options.h"
#include "harness/exit_code.h"
#include "results/comparison.h"

namespace kvs::compare {

// Reads two result files, judges and prints to standard output. Throws UsageError when a file
// cannot be read, is no result as written, or when the two cannot be compared.
ExitCode RunCompare(const CompareOptions& options);

ExitCode ExitCodeOf(Outcome outcome);

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_
