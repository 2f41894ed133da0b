// What a result file keeps of what was asked for, so that the run can be resumed.
#ifndef KVS_HARNESS_RUN_RUN_REQUEST_H_
#define KVS_HARNESS_RUN_RUN_REQUEST_H_

#include <filesystem>

#include "harness/run/run_options.h"
#include "results/model.h"

namespace kvs {

// `options` as a result keeps them, but for workloads and seed, which Run has for themselves, and
// for the options of output, which are those of a session. `directory` is in what the stores lie,
// or the existing store. Pure.
RunRequest ToRunRequest(const RunOptions& options, const std::filesystem::path& directory);

// The way back: MakePlan gives the trials of the run that `run` is of, in their order. The options
// of output are left as they are by default. `run.plan` is there. Throws UsageError on what no
// ToRunRequest wrote, and on an engine that `engines` lacks.
RunOptions ToRunOptions(const Run& run, EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_RUN_REQUEST_H_
