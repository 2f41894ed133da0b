// Runs a plan, trial by trial, and keeps what came out.
#ifndef KVS_HARNESS_RUN_RUNNER_H_
#define KVS_HARNESS_RUN_RUNNER_H_

#include <string>
#include <vector>

#include "harness/exit_code.h"
#include "harness/run/run_options.h"

namespace kvs {

// Runs what `options` asks for: trials in processes of their own, each saved before the next
// begins; progress and warnings, what is wrong with the machine among them, go to standard error,
// tables to standard output. The command line, `words`, is recorded in the result. Throws
// UsageError when nothing can run and EnvironmentError when the machine refuses; both before
// anything is measured, but for a disk that fills up meanwhile.
ExitCode RunBenchmark(const RunOptions& options, EngineTable engines,
                      const std::vector<std::string>& words);

// Runs what the run of a result file has left to do, in that file; of `output`, only the options
// of output count. A run that is complete stays as it is and is shown again. Throws UsageError when
// the file cannot be resumed, EnvironmentError when what it depends on differs and that is not
// allowed, or a run is still writing it; both before anything is measured.
ExitCode ResumeBenchmark(const ResumeOptions& resume, const RunOptions& output, EngineTable engines,
                         const std::vector<std::string>& words);

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_RUNNER_H_
