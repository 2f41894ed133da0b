// `kvs-bench compare`: did figures get worse from one run to another?
#ifndef KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_
#define KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_

#include <string>
#include <vector>

#include "harness/compare/compare_options.h"
#include "harness/exit_code.h"
#include "results/comparison.h"

namespace kvs::compare {

// Reads two result files or measures two arms, by the command line `words`, judges, and prints to
// standard output. Throws UsageError when a file cannot be read, is no result as written, when the
// two cannot be compared, or an arm cannot be asked; EnvironmentError when the machine refuses.
ExitCode RunCompare(const CompareOptions& options, const std::vector<std::string>& words);

ExitCode ExitCodeOf(Outcome outcome);

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_COMPARE_COMMAND_H_
