#include "harness/output/progress.h"

#include <fmt/format.h>

#include "harness/system/clock.h"
#include "results/human_units.h"

namespace kvs {
namespace {

constexpr const char* kRed = "\033[31m";
constexpr const char* kPlain = "\033[0m";
constexpr double kShortS = 10;

std::string MinutesAndSeconds(double duration_s) {
  const auto whole_s = static_cast<uint64_t>(duration_s);
  return fmt::format("{}:{:02}", whole_s / 60, whole_s % 60);
}

// "ycsb-a lmdb 2 threads", with pool and durability where they are not the usual ones.
std::string Describe(const CellName& cell) {
  std::string text = fmt::format("{} {} {} thread{}", cell.workload, cell.engine, cell.threads,
                                 cell.threads == 1 ? "" : "s");
  if (cell.pool != "dedicated") text += " " + cell.pool;
  if (cell.durability != "process") text += " " + cell.durability;
  return text;
}

std::string DescribeOutcome(const Trial& trial) {
  if (trial.Measured()) {
    std::string text = fmt::format("{} ops/s", HumanCount(trial.throughput_per_s));
    const bool open_loop = trial.response_times.has_value();
    if (const Latency* all = open_loop ? trial.FindResponseTime("all") : trial.FindLatency("all")) {
      for (const Percentile& percentile : all->percentiles) {
        if (percentile.percent != 99) continue;
        text += fmt::format(", {}p99 {}", open_loop ? "response " : "",
                            HumanNs(static_cast<double>(percentile.value_ns)));
      }
    }
    if (trial.status == TrialStatus::kOk) return text;
    return fmt::format("{}: {} ({})", ToString(trial.status), text, trial.reason);
  }
  if (trial.status == TrialStatus::kOk) {  // of --load-only
    return fmt::format("loaded {} records, {}, in {:.3g} s", GroupedDigits(trial.loaded_records),
                       HumanBytes(trial.dataset_bytes), trial.load_s);
  }
  if (trial.reason.empty()) return std::string(ToString(trial.status));
  return fmt::format("{}: {}", ToString(trial.status), trial.reason);
}

}  // namespace

Progress::Progress(Options options, size_t planned_trials)
    : line_(options), planned_(planned_trials), run_start_ns_(NowNs()) {}

void Progress::Begin(double measuring_s, std::string_view beside) {
  if (measuring_s < kShortS) return;
  line_.Say(fmt::format("{} trial{}, {} min of warm-up and measuring{}{}", planned_,
                        planned_ == 1 ? "" : "s", MinutesAndSeconds(measuring_s),
                        beside.empty() ? "" : "; on top: ", beside));
}

// The time that the trials to come will take, if they take as long as those before; "" at first.
std::string Progress::Remaining() const {
  if (finished_ == 0) return "";
  const double per_trial_s = SecondsSince(run_start_ns_) / static_cast<double>(finished_);
  return fmt::format(", about {} left",
                     MinutesAndSeconds(per_trial_s * static_cast<double>(planned_ - finished_)));
}

void Progress::TrialStarted(const CellName& cell) {
  ++started_;
  is_probe_ = false;
  label_ = fmt::format("[{}/{}] {}", started_, planned_, Describe(cell));
  phase_.clear();
  PhaseReached({.phase = "start", .fraction_done = 0, .operations = 0});
}

void Progress::PhaseReached(const PhaseReport& report) {
  if (!line_.options().live || line_.options().quiet) return;
  if (report.phase != phase_) {
    phase_ = report.phase;
    phase_start_ns_ = NowNs();
    phase_start_operations_ = report.operations;
  }
  std::string text = fmt::format("{}: {}", label_, phase_);
  if (report.fraction_done > 0) text += fmt::format(" {:.0f}%", 100 * report.fraction_done);
  const double elapsed_s = SecondsSince(phase_start_ns_);
  if (report.operations > phase_start_operations_ && elapsed_s > 0) {
    const uint64_t done = report.operations - phase_start_operations_;
    text += fmt::format(", {} ops/s", HumanCount(static_cast<double>(done) / elapsed_s));
  }
  if (!is_probe_) text += Remaining();
  line_.Show(text);
}

void Progress::ProbeStarted(const CellName& cell, double rate_per_s) {
  is_probe_ = true;
  label_ = fmt::format("{} at {}/s", Describe(cell), HumanCount(rate_per_s));
  phase_.clear();
  PhaseReached({.phase = "start", .fraction_done = 0, .operations = 0});
}

void Progress::ProbeFinished(std::string_view outcome) {
  if (!line_.options().live) line_.Say(fmt::format("{}: {}", label_, outcome));
}

void Progress::TrialFinished(const Trial& trial) {
  ++finished_;
  const bool good = trial.status == TrialStatus::kOk;
  if (line_.options().live && good && trial.Measured())
    return;  // the line of the next trial follows at once
  if (line_.options().quiet && good) return;
  const bool colored = line_.options().color && !good && trial.status != TrialStatus::kInterrupted;
  line_.SayAnyway(fmt::format("[{}/{}] {}: {}{}{}", started_, planned_, Describe(trial.cell),
                              colored ? kRed : "", DescribeOutcome(trial), colored ? kPlain : ""));
}

}  // namespace kvs
