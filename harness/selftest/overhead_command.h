// `kvs-bench selftest overhead`: does the harness add little enough to what it measures?
#ifndef KVS_HARNESS_SELFTEST_OVERHEAD_COMMAND_H_
#define KVS_HARNESS_SELFTEST_OVERHEAD_COMMAND_H_

#include "harness/exit_code.h"
#include "harness/selftest/selftest_options.h"

namespace kvs::selftest {

// Runs the trials, each in a process of its own as those of any run, and prints what they tell.
// Progress goes to standard error. Throws UsageError and EnvironmentError before anything is
// measured.
ExitCode RunOverhead(const OverheadOptions& options);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_OVERHEAD_COMMAND_H_
