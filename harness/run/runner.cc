#include "harness/run/runner.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/doctor/examination.h"
#include "harness/doctor/fingerprint.h"
#include "harness/find_max/cell_searches.h"
#include "harness/options/shell_words.h"
#include "harness/output/file_claim.h"
#include "harness/output/output_files.h"
#include "harness/output/progress.h"
#include "harness/output/run_directory.h"
#include "harness/output/run_report.h"
#include "harness/run/plan.h"
#include "harness/run/resume.h"
#include "harness/run/run_request.h"
#include "harness/run/tier_notes.h"
#include "harness/system/clock.h"
#include "harness/system/data_location.h"
#include "harness/system/environment.h"
#include "harness/system/flush_probe.h"
#include "harness/system/machine_facts.h"
#include "harness/system/stop_requests.h"
#include "harness/system/terminal.h"
#include "harness/trial/kept_store.h"
#include "harness/trial/trial.h"
#include "harness/trial/trial_process.h"
#include "results/human_units.h"
#include "results/max_rate_table.h"

namespace kvs {
namespace {

// What a run that is resumed has, and where.
struct EarlierSessions {
  Run run;
  OutputFiles files;
  bool allow_environment_mismatch = false;
};

// A session of a run, from the plan to the exit code.
class Runner {
 public:
  // `plan` is what is left to do; of `earlier`, if there is one.
  Runner(const RunOptions& options, Plan plan, const std::vector<std::string>& words,
         std::optional<EarlierSessions> earlier)
      : options_(options),
        plan_(std::move(plan)),
        words_(words),
        progress_({.live = isatty(STDERR_FILENO) == 1,
                   .quiet = options.quiet,
                   .color = UsesColor(STDERR_FILENO, options.color)},
                  plan_.trials.size()) {
    if (!earlier) RefuseAnEmptyPlan();
    CheckExistingStore();
    ChooseDirectory();
    if (earlier) {
      files_.emplace(std::move(earlier->files));
    } else if (!options_.load_only) {
      files_.emplace(
          OutputFiles::OfNewRun(options_.result_file, options_.csv_file, options_.replace));
    }
    CheckDisk();
    facts_ = ReadMachineFacts(data_parent_);
    if (earlier) {
      ContinueRun(std::move(earlier->run), earlier->allow_environment_mismatch);
    } else {
      DescribeRun();
    }
    NameLeftOvers();
  }

  ExitCode Execute() {
    StopRequests stop;
    if (NeedsDirectory()) directory_.emplace(data_parent_);
    ExamineMachine();
    if (IsResumed()) CheckLibraries(stop);
    if (files_ && !IsResumed()) files_->Begin(run_);
    progress_.Begin(MeasuringS(), WhatComesOnTop());
    for (TrialPlan& trial : plan_.trials) {
      if (stop.Count() > 0) break;
      RunOne(trial, stop);
      UpdateElapsed();
      Save();
    }
    if (options_.find_max) FindMaxRates(stop);
    // A request to stop that came too late to stop anything is none.
    run_.complete = run_.IsDone();
    Save();
    return Report();
  }

 private:
  bool IsResumed() const { return run_.sessions.has_value(); }

  bool NeedsDirectory() const {
    if (plan_.trials.empty() && !options_.find_max) return false;
    return !options_.existing_store || HasFloor() || IsResumed();
  }

  // Warm-ups and windows of all trials, but for windows that end with their operations.
  double MeasuringS() const {
    double total_s = 0;
    for (const TrialPlan& trial : plan_.trials) {
      if (trial.load_only) continue;
      if (trial.workload.CanWarmUp()) total_s += trial.warmup_s;
      if (!trial.operations) total_s += trial.duration_s;
    }
    return total_s;
  }

  // What takes time beside MeasuringS.
  std::string WhatComesOnTop() const {
    const bool any_by_operations =
        std::any_of(plan_.trials.begin(), plan_.trials.end(),
                    [](const TrialPlan& trial) { return trial.operations.has_value(); });
    std::vector<std::string> parts;
    if (!options_.existing_store) parts.emplace_back("loading");
    if (any_by_operations) parts.emplace_back("windows that end with their operations");
    if (options_.find_max) parts.emplace_back("the search");
    return fmt::format("{}", fmt::join(parts, ", "));
  }

  bool HasFloor() const {
    return std::any_of(plan_.trials.begin(), plan_.trials.end(),
                       [](const TrialPlan& trial) { return trial.is_floor; });
  }

  void RefuseAnEmptyPlan() const {
    const bool any = std::any_of(plan_.trials.begin(), plan_.trials.end(),
                                 [](const TrialPlan& trial) { return !trial.is_floor; });
    if (any) return;
    std::string message = "nothing can run:";
    for (const Trial& trial : plan_.unsupported) {
      message += fmt::format("\n  {}: unsupported: {}", trial.cell.ToString(), trial.reason);
    }
    throw UsageError(message);
  }

  void CheckExistingStore() {
    if (!options_.existing_store) return;
    const std::filesystem::path directory =
        std::filesystem::absolute(*options_.existing_store).lexically_normal();
    const KeptStore store = ReadKeptStore(directory);
    const auto use = [&](TrialPlan& trial) {
      if (trial.is_floor) return;
      if (const std::string why = WhyStoreDoesNotFit(store, trial); !why.empty()) {
        throw UsageError(fmt::format("--use-existing: {}: {}", directory.string(), why));
      }
      trial.directory = directory;
      trial.value_seed = store.value_seed;
    };
    for (TrialPlan& trial : plan_.trials) use(trial);
    for (TrialPlan& cell : plan_.runnable) use(cell);
  }

  void ChooseDirectory() {
    data_parent_ = options_.existing_store ? options_.existing_store->parent_path()
                                           : DataDirectory(options_.data_directory);
    if (data_parent_.empty()) data_parent_ = ".";
    if (options_.load_only) return;
    if (options_.cold == ColdStart::kDrop) {
      if (const int error = WhyCachesCannotBeDropped(); error != 0) {
        throw EnvironmentError(fmt::format(
            "--cold=drop: {}: {}: run as root outside of a container, or use --cold, which evicts "
            "the store's own files",
            kDropCachesFile, std::generic_category().message(error)));
      }
    }
  }

  // Stores of other trials and probes are gone when one begins, unless they are kept.
  void CheckDisk() {
    uint64_t largest = 0;
    uint64_t kept = 0;
    const auto needed_by = [](const TrialPlan& trial) -> uint64_t {
      if (trial.is_floor || trial.existing_store || trial.engine == kFloorEngine) return 0;
      return EstimateDiskBytes(trial);
    };
    for (const TrialPlan& trial : plan_.trials) {
      const uint64_t bytes = needed_by(trial);
      largest = std::max(largest, bytes);
      if (IsKept(trial)) kept = std::min(kept + bytes, uint64_t{1} << 62);
    }
    if (options_.find_max) {
      for (const TrialPlan& cell : plan_.runnable) largest = std::max(largest, needed_by(cell));
    }
    const uint64_t needed = largest + kept;
    const uint64_t free = FreeDiskBytes(data_parent_);
    if (needed <= free) return;
    throw EnvironmentError(fmt::format(
        "{}: {} free, but the run may need {}: ask for fewer records or smaller values, or name "
        "another disk with --dir",
        NearestExisting(data_parent_).string(), HumanBytes(free), HumanBytes(needed)));
  }

  void DescribeRun() {
    run_.version = KVS_VERSION;
    run_.command_line = ShellCommand(words_);
    run_.started_at = LocalTimestamp();
    run_.planned_trials = static_cast<unsigned>(plan_.size());
    run_.complete = false;
    run_.seed = options_.seed;
    run_.context = DescribeContext(facts_);
    run_.host = DescribeHost(facts_);
    run_.trials = plan_.unsupported;
    if (auto notes = NotesOnTiers(plan_.trials); !notes.empty()) run_.notes = std::move(notes);
    for (const Spec& spec : options_.workloads) {
      run_.workloads.push_back(
          {.name = spec.name, .properties = spec.properties, .notes = spec.notes});
    }
    run_.plan = ToRunRequest(options_, options_.existing_store.value_or(data_parent_));
  }

  void ContinueRun(Run earlier, bool allow_environment_mismatch) {
    run_ = std::move(earlier);
    allow_environment_mismatch_ = allow_environment_mismatch;
    earlier_s_ = run_.elapsed_s;
    earlier_trials_ = run_.trials.size();
    AcceptOrRefuse(EnvironmentDifferences(run_, doctor::StableFacts(facts_)));
    BeginSession(run_, ShellCommand(words_));
    progress_.Say(fmt::format("there already: {}", run_.FinishedPart()));
  }

  // Figures of two environments do not belong into one run, unless the user says so.
  void AcceptOrRefuse(const std::vector<std::string>& differences) {
    if (differences.empty()) return;
    const std::string text = fmt::format("{}", fmt::join(differences, "; "));
    if (!allow_environment_mismatch_) {
      throw EnvironmentError(fmt::format(
          "{}: was measured in another environment ({}); run all of it anew, or resume it with "
          "--allow-environment-mismatch",
          files_->result_file().string(), text));
    }
    progress_.Warn(fmt::format("resumed in another environment: {}", text));
    if (!run_.notes) run_.notes.emplace();
    run_.notes->push_back(
        fmt::format("the run was resumed in another environment, when it had {}: {}",
                    run_.FinishedPart(), text));
  }

  // The libraries of the engines to come, asked in a process of each engine's own. An engine that
  // fails to tell will fail in its trials as well.
  void CheckLibraries(StopRequests& stop) {
    std::vector<std::string> differences;
    for (TrialPlan& question : LibraryQuestions(plan_, options_.find_max.has_value(), run_)) {
      const std::string store_name = fmt::format("library-of-{}", question.engine);
      question.directory = directory_->StorePath(store_name);
      const TrialOutcome outcome =
          RunTrialProcess(question, options_.timeout_s, stop, [](const PhaseReport&) {});
      directory_->RemoveStore(store_name);
      if (!outcome.trial || outcome.trial->library.empty()) continue;
      const std::string before = LibraryIn(run_, question.engine);
      if (outcome.trial->library == before) continue;
      differences.push_back(
          fmt::format("{}: {}, now {}", question.engine, before, outcome.trial->library));
    }
    AcceptOrRefuse(differences);
  }

  void UpdateElapsed() {
    const double elapsed_s = SecondsSince(start_ns_);
    run_.elapsed_s = earlier_s_ + elapsed_s;
    if (!IsResumed()) return;
    Session& session = run_.sessions->back();
    session.elapsed_s = elapsed_s;
    session.trials = run_.trials.size() - earlier_trials_;
  }

  void NameLeftOvers() {
    for (const std::filesystem::path& path : FindLeftOvers(data_parent_)) {
      progress_.Warn(DescribeLeftOver(path));
    }
  }

  // Once the run has its directory: nowhere else does a run write, so without one the flush is not
  // measured.
  void ExamineMachine() {
    if (directory_) facts_.flush = MeasureFlush(directory_->path());
    MachineReport machine = doctor::Examine(facts_);
    bool any_bad = false;
    for (const Finding& finding : machine.findings) {
      if (!finding.IsBad()) continue;
      any_bad = true;
      progress_.Warn(fmt::format("{}: {}", finding.name, finding.seen));
    }
    if (any_bad) progress_.Say("what to do about it: kvs-bench doctor, with the same --dir");
    (IsResumed() ? run_.sessions->back().machine : run_.machine) = std::move(machine);
  }

  // With --keep, the stores of the last round stay; those of a --load-only run always.
  bool IsKept(const TrialPlan& trial) const {
    if (trial.is_floor || trial.existing_store) return false;
    return options_.load_only || (options_.keep && trial.repetition + 1 == options_.trials);
  }

  void RunOne(TrialPlan& trial, StopRequests& stop) {
    const std::string store_name = fmt::format("store-{:04}", ++stores_made_);
    const bool makes_store = trial.directory.empty();
    if (makes_store) trial.directory = directory_->StorePath(store_name);
    progress_.TrialStarted(trial.cell);
    TrialOutcome outcome =
        RunTrialProcess(trial, options_.timeout_s, stop,
                        [this](const PhaseReport& report) { progress_.PhaseReached(report); });
    const bool ended_well = outcome.trial && outcome.trial->status == TrialStatus::kOk;
    if (outcome.trial) {
      Trial& result = *outcome.trial;
      if (trial.existing_store) {
        result.notes.push_back(
            fmt::format("measured in place on the kept store {}", trial.directory.string()));
      }
      progress_.TrialFinished(result);
      run_.trials.push_back(std::move(result));
    }
    if (!makes_store) return;
    if (IsKept(trial) && ended_well && std::filesystem::exists(trial.directory)) {
      if (kept_.empty()) directory_->Keep();
      DescribeKeptStore(trial);
      kept_.push_back({trial.cell.ToString(), trial.directory});
    } else {
      directory_->RemoveStore(store_name);
    }
  }

  void FindMaxRates(StopRequests& stop) {
    if (!run_.TrialsAreDone()) return;
    find_max::CellSearches searches(*options_.find_max, plan_.runnable, run_);
    while (std::optional<TrialPlan> probe = searches.Next()) {
      std::optional<Trial> trial;
      if (stop.Count() == 0) trial = RunProbe(*probe, stop);
      if (!trial || trial->status == TrialStatus::kInterrupted) return;
      SayProbe(searches.Take(std::move(*trial)));
      UpdateElapsed();
      Save();
    }
  }

  std::optional<Trial> RunProbe(TrialPlan& probe, StopRequests& stop) {
    const std::string store_name = fmt::format("store-{:04}", ++stores_made_);
    const bool makes_store = probe.directory.empty();
    if (makes_store) probe.directory = directory_->StorePath(store_name);
    progress_.ProbeStarted(probe.cell, probe.open_loop->rate_per_s);
    // A window that was made longer for its samples is no hang.
    const double timeout_s = options_.timeout_s + probe.duration_s - options_.duration_s;
    TrialOutcome outcome =
        RunTrialProcess(probe, timeout_s, stop,
                        [this](const PhaseReport& report) { progress_.PhaseReached(report); });
    if (makes_store) directory_->RemoveStore(store_name);
    return std::move(outcome.trial);
  }

  void SayProbe(const MaxRate& search) {
    const RateProbe& probe = search.probes.back();
    progress_.ProbeFinished(probe.held ? "holds" : probe.why);
    if (search.outcome == SearchOutcome::kFailed) {
      progress_.Warn(fmt::format("{}: {}", search.cell.ToString(), search.reason));
    } else if (search.outcome != SearchOutcome::kSearching) {
      progress_.Say(fmt::format("{}: {}", search.cell.ToString(), DescribeMaxRate(search)));
    }
  }

  void Save() {
    if (files_) files_->Save(run_);
  }

  ExitCode Report() {
    if (files_) ReportResult();
    for (const auto& [cell, path] : kept_) fmt::print("kept: {} ({})\n", path.string(), cell);
    if (options_.load_only && !kept_.empty()) {
      progress_.Say(
          "to measure on it: the same command, with --use-existing and that path instead of "
          "--load-only and --dir");
    }
    if (!run_.complete) return ExitCode::kInterrupted;
    const ExitCode code = ExitCodeOf(run_);
    // Loading alone has no figures.
    return options_.load_only && code == ExitCode::kUsage ? ExitCode::kOk : code;
  }

  void ReportResult() {
    PrintTables(run_, options_.costs, options_.color);
    progress_.Say(fmt::format("{}result: {}", run_.complete ? "" : "interrupted; partial ",
                              files_->result_file().string()));
    if (!run_.complete) {
      const ResumeCommand command{.program = words_.front(),
                                  .result_file = files_->result_file(),
                                  .csv_file = files_->csv_file(),
                                  .costs = options_.costs};
      progress_.SayAnyway(fmt::format("to go on with it: {}", command.ToString()));
    } else if (HasNoFigures(run_)) {
      progress_.Warn("no trial gave a figure; what was in the way stands in the tables");
    }
  }

  struct Kept {
    std::string cell;
    std::filesystem::path path;
  };

  const RunOptions& options_;
  Plan plan_;  // what is left to do
  const std::vector<std::string>& words_;
  bool allow_environment_mismatch_ = false;
  Progress progress_;
  std::filesystem::path data_parent_;
  std::optional<OutputFiles> files_;  // nothing with --load-only
  MachineFacts facts_;
  std::optional<RunDirectory> directory_;
  unsigned stores_made_ = 0;
  std::vector<Kept> kept_;
  Run run_;
  size_t earlier_trials_ = 0;  // in run_, of earlier sessions
  double earlier_s_ = 0;       // of earlier sessions
  const uint64_t start_ns_ = NowNs();
};

// What a complete run has left to do: to be shown.
ExitCode ShowAgain(const std::filesystem::path& path, const Run& run, const RunOptions& output) {
  if (output.csv_file) {
    CheckCsvMayBeReplaced(*output.csv_file);
    WriteCsv(run, *output.csv_file);
  }
  if (!output.quiet) fmt::print(stderr, "{}: complete, nothing to do\n", path.string());
  PrintTables(run, output.costs, output.color);
  return ExitCodeOf(run);
}

}  // namespace

ExitCode RunBenchmark(const RunOptions& options, EngineTable engines,
                      const std::vector<std::string>& words) {
  return Runner(options, MakePlan(options, engines), words, std::nullopt).Execute();
}

ExitCode ResumeBenchmark(const ResumeOptions& resume, const RunOptions& output, EngineTable engines,
                         const std::vector<std::string>& words) {
  const std::filesystem::path& path = resume.result_file;
  FileClaim claim;
  if (!claim.Take(path)) {
    throw EnvironmentError(
        fmt::format("--resume: {}: a run is writing it right now", path.string()));
  }
  UnfinishedRun unfinished = ReadUnfinishedRun(path, engines);
  if (unfinished.run.complete) return ShowAgain(path, unfinished.run, output);
  RunOptions& options = unfinished.options;
  options.costs = output.costs;
  options.quiet = output.quiet;
  options.color = output.color;
  EarlierSessions earlier{
      .run = std::move(unfinished.run),
      .files = OutputFiles::OfResumedRun(path, output.csv_file, std::move(claim)),
      .allow_environment_mismatch = resume.allow_environment_mismatch};
  return Runner(options, std::move(unfinished.plan), words, std::move(earlier)).Execute();
}

}  // namespace kvs
