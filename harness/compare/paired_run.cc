#include "harness/compare/paired_run.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <filesystem>
#include <numeric>
#include <optional>
#include <random>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/compare/arm_process.h"
#include "harness/compare/block_order.h"
#include "harness/exit_code.h"
#include "harness/options/shell_words.h"
#include "harness/output/claimed_run_writer.h"
#include "harness/output/file_claim.h"
#include "harness/output/run_directory.h"
#include "harness/output/status_line.h"
#include "harness/run/shuffle.h"
#include "harness/system/clock.h"
#include "harness/system/data_location.h"
#include "harness/system/stop_requests.h"
#include "harness/system/terminal.h"
#include "results/paired_comparison.h"
#include "results/stored_comparison.h"

namespace kvs::compare {
namespace {

constexpr double kStageSecondsPerCell = 120;
constexpr unsigned kFewestBlocks = 16;
constexpr unsigned kMostBlocksThatFit = 500;

enum ArmIndex : size_t { kBaseline, kCandidate, kCopy };

// Makes a new directory for a comparison that begins now, unless the system refuses.
std::filesystem::path MakeDefaultOutputDirectory(std::error_code& error) {
  const std::time_t now = std::time(nullptr);
  const std::filesystem::path parent = "kvs-bench-results";
  const std::string stem = fmt::format("{:%Y%m%d-%H%M%S}-compare", fmt::localtime(now));
  std::filesystem::create_directories(parent, error);
  std::filesystem::path path = parent / stem;
  for (int i = 2; !error && !std::filesystem::create_directory(path, error) && !error; ++i) {
    path = parent / fmt::format("{}-{}", stem, i);
  }
  return path;
}

std::string MinutesText(double seconds) {
  const auto whole_s = static_cast<uint64_t>(std::lround(std::max(0.0, seconds)));
  return fmt::format("{}:{:02}", whole_s / 60, whole_s % 60);
}

// Trials of one cell in one block, by arm.
struct CellBlock {
  std::vector<std::vector<Run>> trials;
  bool is_whole = false;
  bool has_failed = false;  // or is unsupported: the cell is not measured further
};

// Takes over what `run` says beside its trials: all of the first one, and of others what is new.
void MergeDescription(const Run& run, Run& arm) {
  if (run.version.empty()) return;  // of a trial that left no result
  if (arm.version.empty()) {
    arm.version = run.version;
    arm.context = run.context;
    arm.host = run.host;
    arm.machine = run.machine;
  }
  for (const Run::Workload& workload : run.workloads) {
    const auto known =
        std::find_if(arm.workloads.begin(), arm.workloads.end(),
                     [&](const Run::Workload& other) { return other.name == workload.name; });
    if (known == arm.workloads.end()) arm.workloads.push_back(workload);
  }
  if (!run.notes) return;
  if (!arm.notes) arm.notes.emplace();
  for (const std::string& note : *run.notes) {
    if (std::find(arm.notes->begin(), arm.notes->end(), note) == arm.notes->end()) {
      arm.notes->push_back(note);
    }
  }
}

class PairedRun {
 public:
  PairedRun(const CompareOptions& options, const std::vector<std::string>& words)
      : compare_(options),
        options_(std::get<PairedOptions>(options.arms)),
        data_parent_(DataDirectory(options_.data_directory)),
        random_(std::random_device()()),
        open_(options_.cells.size(), true),
        line_({.live = isatty(STDERR_FILENO) == 1,
               .quiet = options_.quiet,
               .color = UsesColor(STDERR_FILENO, options.color)}),
        runs_(options_.has_copy ? 3 : 2),
        writers_(runs_.size()) {
    for (Run& run : runs_) {
      run.command_line = ShellCommand(words);
      run.seed = options_.seed;
      run.complete = false;
    }
    for (const std::filesystem::path& path : FindLeftOvers(data_parent_)) {
      line_.Warn(DescribeLeftOver(path));
    }
  }

  PairedResult Execute() {
    StopRequests stop;
    directory_.emplace(data_parent_);
    CopyPrograms(stop);
    ChooseFiles();
    Comparison comparison;
    for (stage_ = 0; stage_ < options_.stages; ++stage_) {
      const std::vector<size_t> cells = stage_ == 0 ? AllCells() : UndecidedCells(comparison);
      if (cells.empty()) break;
      if (stage_ > 0) {
        line_.Say(fmt::format("stage {}: {} undecided cell{} once more, on fresh blocks",
                              stage_ + 1, cells.size(), cells.size() == 1 ? "" : "s"));
      }
      RunStage(cells, stop);
      comparison = JudgeSoFar();
      if (comparison.cells.empty()) RefuseWhatIsUnsupported();
      // A comparison that is not trusted cannot become so.
      if (is_interrupted_ || OutcomeOf(comparison) == Outcome::kUntrusted) break;
    }
    for (Run& run : runs_) run.complete = !is_interrupted_;
    Save();
    line_.Say(fmt::format("{}the arms' results: {}", is_interrupted_ ? "interrupted; " : "",
                          output_directory_.string()));
    return {.comparison = std::move(comparison),
            .candidate = std::move(runs_[kCandidate]),
            .is_interrupted = is_interrupted_};
  }

 private:
  void ChooseFiles() {
    std::error_code error;
    if (options_.output_directory) {
      output_directory_ = *options_.output_directory;
      std::filesystem::create_directory(output_directory_, error);
    } else {
      output_directory_ = MakeDefaultOutputDirectory(error);
    }
    if (error) {
      throw EnvironmentError(fmt::format("{}: making the directory of the results: {}",
                                         output_directory_.string(), error.message()));
    }
    if (!directory_claim_.Take(output_directory_)) {
      throw EnvironmentError(
          fmt::format("{}: is locked, as by another comparison that writes its results there; name "
                      "another directory",
                      output_directory_.string()));
    }
    for (size_t arm = 0; arm < runs_.size(); ++arm) {
      if (!std::filesystem::exists(FileOf(arm), error)) continue;
      throw UsageError(
          fmt::format("--out: {} is there already; name another directory", FileOf(arm).string()));
    }
    for (size_t arm = 0; arm < runs_.size(); ++arm) CheckWritable(FileOf(arm));
  }

  std::filesystem::path FileOf(size_t arm) const {
    constexpr std::array<const char*, 3> kNames = {"baseline.json", "candidate.json", "copy.json"};
    return output_directory_ / kNames[arm];
  }

  void CopyPrograms(StopRequests& stop) {
    const auto program = [](const std::filesystem::path& named) {
      return named.empty() ? std::filesystem::path("/proc/self/exe") : named;
    };
    const std::filesystem::path& directory = directory_->path();
    const auto add = [&](const char* role, const std::filesystem::path& named, const char* name) {
      arms_.emplace_back(role, program(named), directory / name, stop);
    };
    add("baseline", options_.baseline_program, "arm-0");
    add("candidate", options_.candidate_program, "arm-1");
    if (options_.has_copy) add("copy of the baseline", options_.baseline_program, "arm-2");
  }

  std::vector<size_t> AllCells() const {
    std::vector<size_t> all(options_.cells.size());
    std::iota(all.begin(), all.end(), size_t{0});
    return all;
  }

  std::vector<size_t> UndecidedCells(const Comparison& comparison) const {
    std::vector<size_t> undecided;
    for (size_t i = 0; i < options_.cells.size(); ++i) {
      const CellName name = options_.cells[i].names.Joined();
      for (const ComparedCell& cell : comparison.cells) {
        if (open_[i] && cell.cell == name && IsUndecided(cell)) undecided.push_back(i);
      }
    }
    return undecided;
  }

  void RunStage(std::vector<size_t> cells, StopRequests& stop) {
    const uint64_t stage_start_ns = NowNs();
    if (stage_ == 0) blocks_ = options_.blocks.value_or(0);
    for (unsigned block = 0; block == 0 || block < blocks_; ++block) {
      std::erase_if(cells, [this](size_t cell) { return !open_[cell]; });
      if (cells.empty()) return;
      Shuffle(cells, random_);
      left_ = cells.size() * (std::max(1U, blocks_) - block);
      for (const size_t cell : cells) {
        ShowProgress(block, cell, SecondsSince(stage_start_ns));
        is_interrupted_ = stop.Count() > 0 || !RunCell(stage_ * blocks_ + block, cell, stop);
        if (is_interrupted_) return;
        --left_;
      }
      for (Run& run : runs_) run.elapsed_s = SecondsSince(start_ns_);
      Save();
      const double elapsed_s = SecondsSince(stage_start_ns);
      if (blocks_ == 0) blocks_ = BlocksThatFit(elapsed_s, cells.size());
      if (block == 0) {
        line_.Say(fmt::format("{} block{} of {} cell{}: about {}", blocks_, blocks_ == 1 ? "" : "s",
                              cells.size(), cells.size() == 1 ? "" : "s",
                              MinutesText(elapsed_s * blocks_)));
      }
    }
  }

  void ShowProgress(unsigned block, size_t cell, double elapsed_s) {
    std::string text =
        blocks_ == 0 ? "first block" : fmt::format("block {} of {}", block + 1, blocks_);
    if (options_.stages > 1) text = fmt::format("stage {}, {}", stage_ + 1, text);
    text += ": " + options_.cells[cell].names.Joined().ToString();
    if (block > 0) {
      text += fmt::format(", about {} left", MinutesText(elapsed_s / block * (blocks_ - block)));
    }
    line_.Show(text);
  }

  // Returns false when it was stopped. The trials of a block that is not whole are kept only if
  // they show why.
  bool RunCell(unsigned block, size_t cell, StopRequests& stop) {
    CellBlock results = RunTrials(block, cell, stop);
    if (!results.is_whole && !results.has_failed) return false;
    for (size_t arm = 0; arm < runs_.size(); ++arm) {
      for (Run& result : results.trials[arm]) {
        MergeDescription(result, runs_[arm]);
        if (runs_[arm].started_at.empty()) runs_[arm].started_at = result.started_at;
        Trial& trial = result.trials.front();
        trial.repetition = block;
        runs_[arm].trials.push_back(std::move(trial));
      }
    }
    if (results.has_failed) open_[cell] = false;
    return true;
  }

  CellBlock RunTrials(unsigned block, size_t cell, StopRequests& stop) {
    CellBlock results;
    results.trials.resize(arms_.size());
    const CellRequest& request = options_.cells[cell];
    const ArmPlaces places{.data = directory_->StorePath("data"),
                           .result_file = directory_->StorePath("trial.json")};
    for (const size_t arm : BlockOrder(arms_.size(), random_)) {
      if (stop.Count() > 0) return results;
      const bool is_candidate = arm == kCandidate;
      std::optional<Run> run = arms_[arm].RunTrial(
          is_candidate ? request.names.candidate : request.names.baseline,
          is_candidate ? request.candidate_arguments : request.baseline_arguments,
          options_.seed + block, places, stop);
      if (!run) return results;  // it may still be dying; the directory goes as a whole
      directory_->RemoveStore("data");
      directory_->RemoveStore("trial.json");
      TellOfMachine(*run);
      const Trial& trial = run->trials.front();
      const bool is_good = trial.status == TrialStatus::kOk;
      if (!is_good) TellOfTrial(arm, trial);
      results.trials[arm].push_back(std::move(*run));
      if (!is_good) {
        results.has_failed = true;
        return results;
      }
    }
    results.is_whole = true;
    RefuseOtherQuestions(results);
    return results;
  }

  // What a run of a trial would warn of, once.
  void TellOfMachine(const Run& run) {
    if (has_told_of_machine_ || !run.machine) return;
    has_told_of_machine_ = true;
    for (const Finding& finding : run.machine->findings) {
      if (finding.IsBad()) line_.Warn(fmt::format("{}: {}", finding.name, finding.seen));
    }
  }

  void TellOfTrial(size_t arm, const Trial& trial) {
    line_.Warn(fmt::format("{}: {}: {}: {}; not measured further", trial.cell.ToString(),
                           arms_[arm].role(), ToString(trial.status), trial.reason));
  }

  // A workload, say, may have another default in the other build.
  static void RefuseOtherQuestions(const CellBlock& results) {
    const std::vector<Mismatch> found =
        QuestionMismatches(results.trials[kBaseline].front(), results.trials[kCandidate].front());
    if (found.empty()) return;
    std::string text = "the two programs understand the same command line differently:";
    for (const Mismatch& mismatch : found) {
      text += fmt::format("\n  {}: '{}', then '{}'", mismatch.field, mismatch.baseline,
                          mismatch.candidate);
    }
    throw UsageError(text);
  }

  [[noreturn]] void RefuseWhatIsUnsupported() const {
    std::string why = "nothing can be compared:";
    for (size_t arm = 0; arm < runs_.size(); ++arm) {
      for (const Trial& trial : runs_[arm].trials) {
        if (trial.status != TrialStatus::kUnsupported) continue;
        why += fmt::format("\n  {}: {}: unsupported: {}", trial.cell.ToString(), arms_[arm].role(),
                           trial.reason);
      }
    }
    throw UsageError(why);
  }

  Comparison JudgeSoFar() const {
    PairedRuns runs{.baseline = runs_[kBaseline], .candidate = runs_[kCandidate], .copy = {}};
    if (options_.has_copy) runs.copy = runs_[kCopy];
    std::vector<PairedCell> cells;
    for (const CellRequest& cell : options_.cells) cells.push_back(cell.names);
    PairedRules rules{.blocks_per_stage = std::max(1U, blocks_),
                      .verdicts = {},
                      .judge_flush_bound = compare_.judge_flush_bound};
    rules.verdicts.threshold = compare_.threshold;
    rules.verdicts.stages = options_.stages;
    Comparison comparison = ComparePaired(runs, cells, rules);
    comparison.baseline.name = NameOf(kBaseline);
    comparison.candidate.name = NameOf(kCandidate);
    if (is_interrupted_) {
      comparison.warnings.insert(
          comparison.warnings.begin(),
          fmt::format("interrupted in stage {}: what was measured until then is judged",
                      stage_ + 1));
    }
    JudgeComparison(comparison);
    return comparison;
  }

  // The program, and the engine where there is one alone that differs.
  std::string NameOf(size_t arm) const {
    const PairedCell& cell = options_.cells.front().names;
    const std::filesystem::path& program =
        arm == kBaseline ? options_.baseline_program : options_.candidate_program;
    std::string name = program.empty() ? "this kvs-bench" : program.string();
    if (cell.baseline.engine == cell.candidate.engine) return name;
    return fmt::format("{} of {}", (arm == kBaseline ? cell.baseline : cell.candidate).engine,
                       name);
  }

  void Save() {
    if (!has_files_) MakeFiles();
    for (size_t arm = 0; arm < runs_.size(); ++arm) {
      Run& run = runs_[arm];
      run.planned_trials = static_cast<unsigned>(run.trials.size() + left_ * kTrialsPerBlock);
      writers_[arm].Write(run, FileOf(arm));
    }
  }

  void MakeFiles() {
    for (size_t arm = 0; arm < runs_.size(); ++arm) {
      if (writers_[arm].Make(FileOf(arm))) continue;
      std::error_code ignored;  // empty files, which would only be in the way
      for (size_t made = 0; made < arm; ++made) std::filesystem::remove(FileOf(made), ignored);
      throw EnvironmentError(
          fmt::format("{}: was not there when the comparison began, and is left as it is; name "
                      "another directory",
                      FileOf(arm).string()));
    }
    has_files_ = true;
  }

  const CompareOptions& compare_;
  const PairedOptions& options_;
  const std::filesystem::path data_parent_;
  std::filesystem::path output_directory_;
  FileClaim directory_claim_;  // from before there are files to claim
  // Of the order. Not by the seed: two comparisons begun together would run in step, and each arm
  // of one always meet the same arm of the other.
  std::mt19937_64 random_;
  std::vector<bool> open_;  // by cell: is measured further
  StatusLine line_;
  std::optional<RunDirectory> directory_;
  std::vector<ArmProgram> arms_;
  std::vector<Run> runs_;                  // by arm
  std::vector<ClaimedRunWriter> writers_;  // by arm
  bool has_files_ = false;
  unsigned blocks_ = 0;  // of a stage; 0: not known before the end of the first block
  unsigned stage_ = 0;
  size_t left_ = 0;  // blocks that cells of this stage still have
  bool is_interrupted_ = false;
  bool has_told_of_machine_ = false;
  const uint64_t start_ns_ = NowNs();
};

}  // namespace

unsigned BlocksThatFit(double first_block_s, size_t cells) {
  const double fit = kStageSecondsPerCell * static_cast<double>(cells) / first_block_s;
  return static_cast<unsigned>(
      std::clamp(fit, static_cast<double>(kFewestBlocks), static_cast<double>(kMostBlocksThatFit)));
}

PairedResult RunPaired(const CompareOptions& options, const std::vector<std::string>& words) {
  return PairedRun(options, words).Execute();
}

}  // namespace kvs::compare
