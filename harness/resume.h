// What an interrupted run has left to do.
#ifndef KVS_HARNESS_RESUME_H_
#define KVS_HARNESS_RESUME_H_

#include <string>
#include <string_view>
#include <vector>

#include "harness/plan.h"
#include "results/model.h"

namespace kvs {

// Takes out of `plan`, the whole plan of `run`, what `run` has: every trial that came to its end,
// whatever that was. Interrupted trials are taken out of `run`, to be measured again. What is left
// of `plan` keeps its order and seeds. Throws UsageError when `run` holds what is not in the plan.
void TakeOutFinished(Plan& plan, Run& run);

// How this program and a machine with `facts` (doctor::StableFacts) differ from those of `run`, one
// "name: theirs, now ours" each. Pure.
std::vector<std::string> EnvironmentDifferences(const Run& run, const Properties& facts);

// The library and version that the trials of `engine`, settings aside, had in `run`; "" when none
// of them tells.
std::string LibraryIn(const Run& run, std::string_view engine);

// The command that resumes the run of `result_file`, of a program that was called `program`.
struct ResumeCommand {
  std::string program;
  std::string result_file;
  std::string csv_file;  // "": none
  bool costs = false;

  std::string ToString() const;
};

}  // namespace kvs

#endif  // KVS_HARNESS_RESUME_H_
