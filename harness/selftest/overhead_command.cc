#include "harness/selftest/overhead_command.h"

#include <unistd.h>

#include <algorithm>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "harness/doctor/examination.h"
#include "harness/output/progress.h"
#include "harness/output/run_directory.h"
#include "harness/run/plan.h"
#include "harness/selftest/overhead.h"
#include "harness/selftest/overhead_report.h"
#include "harness/system/data_location.h"
#include "harness/system/machine_facts.h"
#include "harness/system/stop_requests.h"
#include "harness/trial/trial_process.h"
#include "results/human_units.h"

namespace kvs::selftest {
namespace {

constexpr double kTrialTimeoutS = 600;

class OverheadRun {
 public:
  explicit OverheadRun(const OverheadOptions& options)
      : options_(options),
        definitions_(OverheadFigures(std::thread::hardware_concurrency())),
        data_parent_(options.directory.value_or(DefaultDataDirectory())),
        random_(options.seed),
        next_round_(PlanRound(options, definitions_, 0, random_)),
        results_(definitions_.size()),
        progress_({.live = isatty(STDERR_FILENO) == 1, .quiet = options.quiet},
                  definitions_.size() * options.rounds) {
    CheckDisk();
    ExamineMachine();
  }

  ExitCode Execute() {
    StopRequests stop;
    RunDirectory directory(data_parent_);
    std::optional<ExitCode> ended;
    while (!ended && report_.rounds < options_.rounds) ended = RunRound(directory, stop);
    if (ended) report_.notes.emplace_back("not all rounds were run, so that nothing is judged");
    if (report_.rounds > 0) {
      const bool judges = options_.judges && !ended;
      for (size_t i = 0; i < definitions_.size(); ++i) {
        const std::span<const RoundResult> rounds = std::span(results_[i]).first(report_.rounds);
        report_.figures.push_back(MakeFigure(definitions_[i], rounds, judges));
      }
    }
    fmt::print("{}",
               options_.json ? ReportAsJson(report_, options_) : ReportAsText(report_, options_));
    return ended.value_or(ExitCodeOf(report_));
  }

 private:
  void CheckDisk() const {
    uint64_t needed = 0;
    for (const PlannedFigure& planned : next_round_) {
      if (!definitions_[planned.figure].measured.is_floor)
        needed = std::max(needed, EstimateDiskBytes(planned.trial));
    }
    const uint64_t free = FreeDiskBytes(data_parent_);
    if (needed <= free) return;
    throw EnvironmentError(
        fmt::format("{}: {} free, but a trial may need {}: name another disk with --dir",
                    NearestExisting(data_parent_).string(), HumanBytes(free), HumanBytes(needed)));
  }

  void ExamineMachine() {
    report_.machine = doctor::Examine(ReadMachineFacts(data_parent_));
    for (const Finding& finding : report_.machine.findings) {
      if (finding.IsBad()) progress_.Warn(fmt::format("{}: {}", finding.name, finding.seen));
    }
    if (std::thread::hardware_concurrency() < 2) {
      report_.notes.emplace_back("what two threads do is not measured: there is one CPU");
    }
  }

  // Returns how the run ends, if it does here.
  std::optional<ExitCode> RunRound(const RunDirectory& directory, StopRequests& stop) {
    for (PlannedFigure& planned : next_round_) {
      if (stop.Count() > 0) return ExitCode::kInterrupted;
      planned.trial.directory = directory.StorePath(kStoreName);
      progress_.TrialStarted(planned.trial.cell);
      const TrialOutcome outcome =
          RunTrialProcess(planned.trial, kTrialTimeoutS + 4 * options_.duration_s, stop,
                          [this](const PhaseReport& report) { progress_.PhaseReached(report); });
      directory.RemoveStore(kStoreName);
      if (!outcome.trial || outcome.trial->status == TrialStatus::kInterrupted) {
        return ExitCode::kInterrupted;
      }
      const Trial& trial = *outcome.trial;
      progress_.TrialFinished(trial);
      if (trial.status != TrialStatus::kOk || !trial.Measured()) {
        report_.notes.push_back(fmt::format("{}: {}: {}", trial.cell.ToString(),
                                            kvs::ToString(trial.status), trial.reason));
        return ExitCode::kEngineFailed;
      }
      results_[planned.figure].push_back(ResultOf(definitions_[planned.figure], trial));
      if (trial.clock) report_.clocks.push_back(*trial.clock);
    }
    ++report_.rounds;
    next_round_ = PlanRound(options_, definitions_, static_cast<unsigned>(report_.rounds), random_);
    return std::nullopt;
  }

  static constexpr std::string_view kStoreName = "store";

  const OverheadOptions& options_;
  const std::vector<FigureDefinition> definitions_;
  const std::filesystem::path data_parent_;
  std::mt19937_64 random_;
  std::vector<PlannedFigure> next_round_;          // the first one shows early what cannot be done
  std::vector<std::vector<RoundResult>> results_;  // by figure
  Progress progress_;
  OverheadReport report_;
};

}  // namespace

ExitCode RunOverhead(const OverheadOptions& options) { return OverheadRun(options).Execute(); }

}  // namespace kvs::selftest
