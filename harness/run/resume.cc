#include "harness/run/resume.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/shell_words.h"
#include "harness/run/run_request.h"
#include "harness/system/environment.h"
#include "results/result_file.h"

namespace kvs {
namespace {

using TrialId = std::tuple<CellName, unsigned, bool>;

template <typename AnyTrial>
TrialId IdOf(const AnyTrial& trial) {
  return {trial.cell, trial.repetition, trial.is_floor};
}

[[noreturn]] void RefuseTrial(size_t index, const Trial& trial, std::string_view what) {
  throw UsageError(fmt::format(
      "/kvs_bench/trials/{}: {}, repetition {}: {}: was the file edited by hand, or is the program "
      "another one?",
      index, trial.cell.ToString(), trial.repetition, what));
}

std::string_view EngineName(const CellName& cell) {
  return std::string_view(cell.engine).substr(0, cell.engine.find(':'));
}

// One per cell that runs, in the order of the plan.
void CheckSearches(const Plan& plan, const std::vector<MaxRate>& searches) {
  const bool fit = std::equal(
      searches.begin(), searches.end(), plan.runnable.begin(), plan.runnable.end(),
      [](const MaxRate& search, const TrialPlan& cell) { return search.cell == cell.cell; });
  if (fit) return;
  throw UsageError(
      "/kvs_bench/max_rates/cells: are not those of the plan: was the file edited by hand?");
}

// 0 without sessions.
uint64_t TrialsBeforeLastSession(const Run& run) {
  uint64_t trials = 0;
  if (!run.sessions) return trials;
  for (size_t i = 0; i + 1 < run.sessions->size(); ++i) trials += (*run.sessions)[i].trials;
  return trials;
}

void AddDifference(std::string_view name, const std::string& theirs, const std::string& ours,
                   std::vector<std::string>& differences) {
  if (theirs != ours) differences.push_back(fmt::format("{}: {}, now {}", name, theirs, ours));
}

}  // namespace

UnfinishedRun ReadUnfinishedRun(const std::filesystem::path& path, EngineTable engines) {
  UnfinishedRun unfinished;
  Run& run = unfinished.run;
  try {
    run = ReadRun(path);
  } catch (const ResultFileError& error) {
    throw UsageError(fmt::format("--resume: {}", error.what()));
  }
  if (run.complete) return unfinished;
  if (!run.plan) {
    throw UsageError(
        fmt::format("--resume: {}: does not say what was asked for (it is an arm of a comparison, "
                    "or older than kvs-bench {}); run it anew: {}",
                    path.string(), KVS_VERSION, run.command_line));
  }
  try {
    unfinished.options = ToRunOptions(run, engines);
    unfinished.plan = MakePlan(unfinished.options, engines);
    TakeOutFinished(unfinished.plan, run);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("--resume: {}: {}", path.string(), error.what()));
  }
  return unfinished;
}

void TakeOutFinished(Plan& plan, Run& run) {
  if (run.planned_trials != plan.size()) {
    throw UsageError(fmt::format(
        "/kvs_bench/planned_trials: {}, but the plan of the file makes {}: was the file edited by "
        "hand, or is the program another one?",
        run.planned_trials, plan.size()));
  }
  std::map<TrialId, uint64_t> open;  // to the seed
  for (const Trial& trial : plan.unsupported) open.emplace(IdOf(trial), trial.seed);
  std::map<std::string, uint64_t> records_to_load;  // by workload
  for (const TrialPlan& trial : plan.trials) {
    open.emplace(IdOf(trial), trial.seed);
    records_to_load[trial.cell.workload] = trial.workload.LoadCount();
  }
  for (size_t i = 0; i < run.trials.size(); ++i) {
    const Trial& trial = run.trials[i];
    const auto found = open.find(IdOf(trial));
    if (found == open.end())
      RefuseTrial(i, trial, "is not in the plan of the file, or there twice");
    if (found->second != trial.seed) {
      RefuseTrial(i, trial, fmt::format("has seed {}, planned is {}", trial.seed, found->second));
    }
    const uint64_t records = records_to_load[trial.cell.workload];
    if (trial.Measured() && trial.loaded_records > 0 && trial.loaded_records != records) {
      RefuseTrial(i, trial,
                  fmt::format("loaded {} records, planned are {}", trial.loaded_records, records));
    }
    if (trial.status != TrialStatus::kInterrupted) open.erase(found);
  }
  for (const Trial& trial : plan.unsupported) {
    if (!open.contains(IdOf(trial))) continue;
    throw UsageError(fmt::format(
        "{}: the file does not say that it is unsupported: was the file edited by hand, or is the "
        "program another one?",
        trial.cell.ToString()));
  }
  if (run.max_rates) CheckSearches(plan, run.max_rates->cells);
  std::erase_if(plan.trials, [&](const TrialPlan& trial) { return !open.contains(IdOf(trial)); });
  std::erase_if(run.trials,
                [](const Trial& trial) { return trial.status == TrialStatus::kInterrupted; });
  if (TrialsBeforeLastSession(run) > run.trials.size()) {
    throw UsageError("/kvs_bench/sessions: have more trials than the file: was it edited by hand?");
  }
}

void BeginSession(Run& run, const std::string& command_line) {
  if (!run.sessions) {
    run.sessions = {{.started_at = run.started_at,
                     .elapsed_s = run.elapsed_s,
                     .command_line = run.command_line,
                     .trials = 0,
                     .machine = std::nullopt}};
  }
  const uint64_t of_sessions_before = TrialsBeforeLastSession(run);
  assert(of_sessions_before <= run.trials.size());
  run.sessions->back().trials = run.trials.size() - of_sessions_before;
  run.sessions->push_back({.started_at = LocalTimestamp(),
                           .elapsed_s = 0,
                           .command_line = command_line,
                           .trials = 0,
                           .machine = std::nullopt});
}

std::vector<std::string> EnvironmentDifferences(const Run& run, const Properties& facts) {
  std::vector<std::string> differences;
  AddDifference("kvs-bench", run.version, KVS_VERSION, differences);
  const Properties theirs = run.machine && run.machine->facts ? *run.machine->facts : Properties{};
  const std::map<std::string, std::string> before(theirs.begin(), theirs.end());
  for (const auto& [name, value] : facts) {
    const auto found = before.find(name);
    AddDifference(name, found == before.end() ? "unknown" : found->second, value, differences);
  }
  return differences;
}

std::string LibraryIn(const Run& run, std::string_view engine) {
  for (const Trial& trial : run.trials) {
    if (EngineName(trial.cell) == engine && !trial.library.empty()) return trial.library;
  }
  return "";
}

std::vector<TrialPlan> LibraryQuestions(const Plan& plan, bool with_searches, const Run& run) {
  std::vector<TrialPlan> to_come = plan.trials;
  if (with_searches) {
    to_come.insert(to_come.end(), plan.runnable.begin(), plan.runnable.end());
  }
  std::vector<TrialPlan> questions;
  std::set<std::string> asked;
  for (const TrialPlan& trial : to_come) {
    if (LibraryIn(run, trial.engine).empty() || !asked.insert(trial.engine).second) continue;
    TrialPlan& question = questions.emplace_back(trial);
    question.existing_store = false;
    question.load_only = true;
    question.cold.reset();
    question.workload = LoadSpec("fillseq", {{"recordcount", "1"}});  // starts on an empty store
  }
  return questions;
}

std::string ResumeCommand::ToString() const {
  const auto absolute = [](const std::filesystem::path& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
  };
  // Without a slash, the program was found in PATH.
  const bool has_path = program.find('/') != std::string::npos;
  std::vector<std::string> words = {has_path ? absolute(program) : program, "--resume",
                                    absolute(result_file)};
  if (csv_file) words.insert(words.end(), {"--csv", absolute(*csv_file)});
  if (costs) words.emplace_back("--costs");
  return ShellCommand(words);
}

}  // namespace kvs
