// What an interrupted run has left to do.
#ifndef KVS_HARNESS_RUN_RESUME_H_
#define KVS_HARNESS_RUN_RESUME_H_

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/run/plan.h"
#include "harness/run/run_options.h"
#include "results/model.h"

namespace kvs {

// A run of which something is left to do.
struct UnfinishedRun {
  Run run;             // so far; without trials that were interrupted
  RunOptions options;  // what was asked for; the options of output are those by default
  Plan plan;           // what is left
};

// Reads the run of the result file at `path`, to resume it; nothing is left of a complete one.
// Throws UsageError when it cannot be read or resumed, which names the file.
UnfinishedRun ReadUnfinishedRun(const std::filesystem::path& path, EngineTable engines);

// Takes out of `plan`, the whole plan of `run`, what `run` has: every trial that came to its end,
// whatever that was. Interrupted trials are taken out of `run`, to be measured again. What is left
// of `plan` keeps its order and seeds. Throws UsageError when `run` holds what is not in the plan.
void TakeOutFinished(Plan& plan, Run& run);

// Begins another session of `run`, of which TakeOutFinished has been told. The interrupted trials,
// which are gone, were the last session's.
void BeginSession(Run& run, const std::string& command_line);

// How this program and a machine with `facts` (doctor::StableFacts) differ from those of `run`, one
// "name: theirs, now ours" each. Pure.
std::vector<std::string> EnvironmentDifferences(const Run& run, const Properties& facts);

// The library and version that the trials of `engine`, settings aside, had in `run`; "" when none
// of them tells.
std::string LibraryIn(const Run& run, std::string_view engine);

// Trials that tell the library of an engine, and measure nothing: one for each engine that is to
// come in `plan` and of which `run` knows the library. `with_searches`: those of plan.runnable
// come.
std::vector<TrialPlan> LibraryQuestions(const Plan& plan, bool with_searches, const Run& run);

// The command that resumes the run of `result_file`, of a program that was called `program`.
struct ResumeCommand {
  std::string program;  // as the first word of the command line
  std::filesystem::path result_file;
  std::optional<std::filesystem::path> csv_file;
  bool costs = false;

  // With absolute paths, so that it may be given anywhere.
  std::string ToString() const;
};

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_RESUME_H_
