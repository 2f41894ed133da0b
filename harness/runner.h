// Runs a plan, trial by trial, and keeps what came out.
#ifndef KVS_HARNESS_RUNNER_H_
#define KVS_HARNESS_RUNNER_H_

#include <string>

#include "harness/command_line.h"
#include "harness/exit_code.h"

namespace kvs {

// Runs what `options` asks for: trials in processes of their own, each saved before the next
// begins; progress and warnings, what is wrong with the machine among them, go to standard error,
// tables to standard output. `command_line` is recorded in the result. Throws UsageError when
// nothing can run and EnvironmentError when the machine refuses; both before anything is measured,
// but for a disk that fills up meanwhile.
ExitCode RunBenchmark(const RunOptions& options, EngineTable engines,
                      const std::string& command_line);

}  // namespace kvs

#endif  // KVS_HARNESS_RUNNER_H_
