#include "harness/runner.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/clock.h"
#include "harness/data_location.h"
#include "harness/doctor/examination.h"
#include "harness/doctor/fingerprint.h"
#include "harness/environment.h"
#include "harness/file_claim.h"
#include "harness/flush_probe.h"
#include "harness/kept_store.h"
#include "harness/machine_facts.h"
#include "harness/plan.h"
#include "harness/progress.h"
#include "harness/resume.h"
#include "harness/run_directory.h"
#include "harness/run_request.h"
#include "harness/shell_words.h"
#include "harness/stop_requests.h"
#include "harness/terminal.h"
#include "harness/tier_notes.h"
#include "harness/trial.h"
#include "harness/trial_process.h"
#include "results/cost_table.h"
#include "results/csv.h"
#include "results/human_units.h"
#include "results/max_rate_table.h"
#include "results/result_file.h"
#include "results/summary.h"
#include "results/table.h"

namespace kvs {
namespace {

std::filesystem::path DefaultResultFile() {
  const std::time_t now = std::time(nullptr);
  const std::filesystem::path directory = "kvs-bench-results";
  const std::string stem = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(now));
  std::filesystem::path path = directory / (stem + ".json");
  for (int i = 2; std::filesystem::exists(path); ++i) {
    path = directory / fmt::format("{}-{}.json", stem, i);
  }
  return path;
}

void WriteCsv(const Run& run, const std::filesystem::path& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "we"), std::fclose);
  const std::string text = TrialsToCsv(run);
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {}", path.string(),
                                       std::generic_category().message(errno)));
  }
}

// A session of a run, from the plan to the exit code.
class Runner {
 public:
  // `plan` is what is left to do, and `earlier`, if there is one, is the run so far, of which the
  // plan was made.
  Runner(const RunOptions& options, Plan plan, const std::vector<std::string>& words,
         std::optional<Run> earlier, bool allow_environment_mismatch)
      : options_(options),
        plan_(std::move(plan)),
        words_(words),
        allow_environment_mismatch_(allow_environment_mismatch),
        progress_({.live = isatty(STDERR_FILENO) == 1,
                   .quiet = options.quiet,
                   .color = UsesColor(STDERR_FILENO, options.color)},
                  plan_.trials.size()) {
    if (!earlier) RefuseAnEmptyPlan();
    CheckExistingStore();
    ChooseFiles();
    CheckDisk();
    facts_ = ReadMachineFacts(data_parent_);
    if (earlier) {
      ContinueRun(std::move(*earlier));
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
    for (TrialPlan& trial : plan_.trials) {
      if (stop.Count() > 0) break;
      RunOne(trial, stop);
      UpdateElapsed();
      Save();
    }
    if (options_.find_max) FindMaxRates(stop);
    const bool interrupted = WasInterrupted();
    run_.complete = !interrupted;
    Save();
    return Report(interrupted);
  }

 private:
  bool IsResumed() const { return run_.sessions.has_value(); }

  bool NeedsDirectory() const {
    if (plan_.trials.empty() && !options_.find_max) return false;
    return !options_.existing_store || HasFloor() || IsResumed();
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

  void ChooseFiles() {
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
    result_file_ = options_.result_file.value_or(DefaultResultFile());
    CheckWritable(result_file_, !options_.result_file);
    if (options_.csv_file) CheckWritable(*options_.csv_file, false);
  }

  // Stores of other trials are gone when one begins, unless they are kept.
  void CheckDisk() {
    uint64_t largest = 0;
    uint64_t kept = 0;
    for (const TrialPlan& trial : plan_.trials) {
      if (trial.is_floor || trial.existing_store || trial.engine == kFloorEngine) continue;
      const uint64_t bytes = EstimateDiskBytes(trial);
      largest = std::max(largest, bytes);
      if (IsKept(trial)) kept = std::min(kept + bytes, uint64_t{1} << 62);
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

  void ContinueRun(Run earlier) {
    run_ = std::move(earlier);
    earlier_s_ = run_.elapsed_s;
    AcceptOrRefuse(EnvironmentDifferences(run_, doctor::StableFacts(facts_)));
    if (!run_.sessions) {
      run_.sessions = {{.started_at = run_.started_at,
                        .elapsed_s = run_.elapsed_s,
                        .command_line = run_.command_line,
                        .trials = 0,
                        .machine = std::nullopt}};
    }
    // Interrupted trials are gone, and they were the last session's.
    earlier_trials_ = run_.trials.size();
    uint64_t of_sessions_before = 0;
    for (size_t i = 0; i + 1 < run_.sessions->size(); ++i) {
      of_sessions_before += (*run_.sessions)[i].trials;
    }
    if (of_sessions_before > earlier_trials_) {
      throw UsageError(fmt::format(
          "{}: /kvs_bench/sessions: have more trials than the file: was it edited by hand?",
          result_file_.string()));
    }
    run_.sessions->back().trials = earlier_trials_ - of_sessions_before;
    run_.sessions->push_back({.started_at = LocalTimestamp(),
                              .elapsed_s = 0,
                              .command_line = ShellCommand(words_),
                              .trials = 0,
                              .machine = std::nullopt});
    progress_.Say(fmt::format("{} of {} trials are there, {} to go", earlier_trials_,
                              run_.planned_trials, plan_.trials.size()));
  }

  // Figures of two environments do not belong into one run, unless the user says so.
  void AcceptOrRefuse(const std::vector<std::string>& differences) {
    if (differences.empty()) return;
    const std::string text = fmt::format("{}", fmt::join(differences, "; "));
    if (!allow_environment_mismatch_) {
      throw EnvironmentError(fmt::format(
          "{}: was measured in another environment ({}); run all of it anew, or resume it with "
          "--allow-environment-mismatch",
          result_file_.string(), text));
    }
    progress_.Warn(fmt::format("resumed in another environment: {}", text));
    if (!run_.notes) run_.notes.emplace();
    run_.notes->push_back(
        fmt::format("the run was resumed in another environment after {} of its {} trials: {}",
                    run_.trials.size(), run_.planned_trials, text));
  }

  // The libraries of the engines to come, asked in a process of each engine's own. An engine that
  // fails to tell will fail in its trials as well.
  void CheckLibraries(StopRequests& stop) {
    std::vector<std::string> differences;
    std::set<std::string> asked;
    std::vector<TrialPlan> to_come = plan_.trials;
    if (options_.find_max) {
      to_come.insert(to_come.end(), plan_.runnable.begin(), plan_.runnable.end());
    }
    for (const TrialPlan& trial : to_come) {
      const std::string before = LibraryIn(run_, trial.engine);
      if (before.empty() || !asked.insert(trial.engine).second) continue;
      TrialPlan question = trial;
      question.existing_store = false;
      question.load_only = true;
      question.cold.reset();
      question.workload = LoadSpec("fillseq", {{"recordcount", "1"}});  // starts on an empty store
      const std::string store_name = fmt::format("library-of-{}", trial.engine);
      question.directory = directory_->StorePath(store_name);
      const TrialOutcome outcome =
          RunTrialProcess(question, options_.timeout_s, stop, [](const PhaseReport&) {});
      directory_->RemoveStore(store_name);
      if (!outcome.trial || outcome.trial->library.empty()) continue;
      if (outcome.trial->library == before) continue;
      differences.push_back(
          fmt::format("{}: {}, now {}", trial.engine, before, outcome.trial->library));
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

  // Of all cells in turn, so that a drift of the machine touches all of them alike. Goes on with
  // what the result has.
  void FindMaxRates(StopRequests& stop) {
    if (!TrialsAreDone()) return;
    if (!run_.max_rates) {
      run_.max_rates = {.slo = options_.find_max->slo.text,
                        .arrivals = std::string(ToString(options_.find_max->arrivals)),
                        .resolution = find_max::kResolution,
                        .confirmations = options_.find_max->confirmations,
                        .cells = {}};
      for (const TrialPlan& cell : plan_.runnable) {
        run_.max_rates->cells.emplace_back().cell = cell.cell;
      }
    }
    std::vector<MaxRate>& records = run_.max_rates->cells;
    std::vector<find_max::CellSearch> searches;
    for (size_t i = 0; i < plan_.runnable.size(); ++i) {
      searches.emplace_back(*options_.find_max, plan_.runnable[i], run_.trials, records[i]);
    }
    for (bool any = true; any;) {
      any = false;
      for (size_t i = 0; i < searches.size(); ++i) {
        std::optional<TrialPlan> probe = searches[i].Next();
        if (!probe) continue;
        any = true;
        std::optional<Trial> trial;
        if (stop.Count() == 0) trial = RunProbe(*probe, stop);
        if (!trial || trial->status == TrialStatus::kInterrupted) return;
        searches[i].Take(std::move(*trial));
        SayProbe(records[i]);
        UpdateElapsed();
        Save();
      }
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
    if (options_.load_only) return;
    try {
      WriteRun(run_, result_file_);
      if (!claim_.Take(result_file_)) {
        throw EnvironmentError(
            fmt::format("{}: another run writes it, too", result_file_.string()));
      }
    } catch (const ResultFileError& error) {
      throw EnvironmentError(error.what());
    }
    if (options_.csv_file) WriteCsv(run_, *options_.csv_file);
  }

  bool TrialsAreDone() const {
    return run_.trials.size() >= run_.planned_trials &&
           std::none_of(run_.trials.begin(), run_.trials.end(), [](const Trial& trial) {
             return trial.status == TrialStatus::kInterrupted;
           });
  }

  bool SearchesAreDone() const {
    if (!options_.find_max) return true;
    return run_.max_rates && std::none_of(run_.max_rates->cells.begin(),
                                          run_.max_rates->cells.end(), [](const MaxRate& search) {
                                            return search.outcome == SearchOutcome::kSearching;
                                          });
  }

  // A request to stop that came too late to stop anything is none.
  bool WasInterrupted() const { return !TrialsAreDone() || !SearchesAreDone(); }

  // In the order in which cells were asked for; the result file has the order in which they ran.
  void PrintTables() const {
    Run ordered = run_;
    const auto rank = [this](const Trial& trial) {
      return std::find(plan_.cells.begin(), plan_.cells.end(), trial.cell) - plan_.cells.begin();
    };
    std::stable_sort(ordered.trials.begin(), ordered.trials.end(),
                     [&rank](const Trial& a, const Trial& b) { return rank(a) < rank(b); });
    const TableOptions table{.colour = UsesColor(STDOUT_FILENO, options_.color)};
    const std::vector<CellSummary> cells = Summarise(ordered.trials);
    fmt::print("{}", RenderTables(ordered, cells, table));
    if (run_.max_rates) fmt::print("{}", RenderMaxRateTables(*run_.max_rates));
    if (options_.costs) fmt::print("{}", RenderCostTables(cells));
    std::fflush(stdout);
  }

  ExitCode Report(bool interrupted) {
    if (!options_.load_only) {
      PrintTables();
      progress_.Say(fmt::format("{}result: {}", run_.complete ? "" : "interrupted; partial ",
                                result_file_.string()));
      if (!run_.complete) {
        const ResumeCommand command{.program = words_.front(),
                                    .result_file = result_file_.string(),
                                    .csv_file = options_.csv_file.value_or("").string(),
                                    .costs = options_.costs};
        progress_.SayAnyway(fmt::format("to go on with it: {}", command.ToString()));
      }
    }
    for (const auto& [cell, path] : kept_) fmt::print("kept: {} ({})\n", path.string(), cell);
    if (options_.load_only && !kept_.empty()) {
      progress_.Say(
          "to measure on it: the same command, with --use-existing and that path instead of "
          "--load-only and --dir");
    }
    if (interrupted) return ExitCode::kInterrupted;
    const bool failed = std::any_of(run_.trials.begin(), run_.trials.end(), [](const Trial& trial) {
      return trial.status == TrialStatus::kFailed || trial.status == TrialStatus::kWrongAnswer;
    });
    const bool search_failed =
        run_.max_rates &&
        std::any_of(run_.max_rates->cells.begin(), run_.max_rates->cells.end(),
                    [](const MaxRate& search) { return search.outcome == SearchOutcome::kFailed; });
    return failed || search_failed ? ExitCode::kEngineFailed : ExitCode::kOk;
  }

  struct Kept {
    std::string cell;
    std::filesystem::path path;
  };

  const RunOptions& options_;
  Plan plan_;  // what is left to do
  const std::vector<std::string>& words_;
  const bool allow_environment_mismatch_;
  Progress progress_;
  std::filesystem::path data_parent_;
  std::filesystem::path result_file_;
  FileClaim claim_;
  MachineFacts facts_;
  std::optional<RunDirectory> directory_;
  unsigned stores_made_ = 0;
  std::vector<Kept> kept_;
  Run run_;
  size_t earlier_trials_ = 0;  // in run_, of earlier sessions
  double earlier_s_ = 0;       // of earlier sessions
  const uint64_t start_ns_ = NowNs();
};

// Reads the run to resume.
Run ReadResumable(const std::filesystem::path& path) {
  Run run;
  try {
    run = ReadRun(path);
  } catch (const ResultFileError& error) {
    throw UsageError(fmt::format("--resume: {}", error.what()));
  }
  if (!run.complete && !run.plan) {
    throw UsageError(fmt::format(
        "--resume: {}: does not say what was asked for (it is an arm of a comparison, or older than "
        "kvs-bench {}); run it anew: {}",
        path.string(), KVS_VERSION, run.command_line));
  }
  return run;
}

}  // namespace

ExitCode RunBenchmark(const RunOptions& options, EngineTable engines,
                      const std::vector<std::string>& words) {
  return Runner(options, MakePlan(options, engines), words, std::nullopt, false).Execute();
}

ExitCode ResumeBenchmark(const ResumeOptions& resume, const RunOptions& output, EngineTable engines,
                         const std::vector<std::string>& words) {
  const std::filesystem::path& path = resume.result_file;
  FileClaim claim;
  if (!claim.Take(path)) {
    throw EnvironmentError(
        fmt::format("--resume: {}: a run is writing it right now", path.string()));
  }
  Run earlier = ReadResumable(path);
  if (earlier.complete) {
    fmt::print("{}: complete, nothing to do\n", path.string());
    return ExitCode::kOk;
  }
  RunOptions options;
  Plan plan;
  try {
    options = ToRunOptions(earlier, engines);
    plan = MakePlan(options, engines);
    TakeOutFinished(plan, earlier);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("--resume: {}: {}", path.string(), error.what()));
  }
  options.result_file = path;
  options.csv_file = output.csv_file;
  options.costs = output.costs;
  options.quiet = output.quiet;
  options.color = output.color;
  return Runner(options, std::move(plan), words, std::move(earlier),
                resume.allow_environment_mismatch)
      .Execute();
}

}  // namespace kvs
