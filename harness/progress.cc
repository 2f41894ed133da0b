#include "harness/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "harness/clock.h"
#include "results/human_units.h"

namespace kvs {
namespace {

constexpr const char* kRed = "\033[31m";
constexpr const char* kYellow = "\033[33m";
constexpr const char* kPlain = "\033[0m";

// "ycsb-a lmdb 2 threads", with pool and durability where they are not the usual ones.
std::string Describe(const CellName& cell) {
  std::string text = fmt::format("{} {} {} thread{}", cell.workload, cell.engine, cell.threads,
                                 cell.threads == 1 ? "" : "s");
  if (cell.pool != "dedicated") text += " " + cell.pool;
  if (cell.durability != "process") text += " " + cell.durability;
  return text;
}

size_t TerminalColumns() {
  winsize size{};
  constexpr size_t kUsual = 80;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

std::string DescribeOutcome(const Trial& trial) {
  if (trial.Measured()) {
    std::string text = fmt::format("{} ops/s", HumanCount(trial.throughput_per_s));
    if (const Latency* all = trial.FindLatency("all")) {
      for (const Percentile& percentile : all->percentiles) {
        if (percentile.percent != 99) continue;
        text += fmt::format(", p99 {}", HumanNs(static_cast<double>(percentile.value_ns)));
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
    : options_(options), planned_(planned_trials), run_start_ns_(NowNs()) {}

Progress::~Progress() { ClearLine(); }

void Progress::ClearLine() {
  if (!line_shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  line_shown_ = false;
}

void Progress::Say(std::string_view message) {
  if (!options_.quiet) SayAnyway(message);
}

void Progress::SayAnyway(std::string_view message) {
  ClearLine();
  fmt::print(stderr, "{}\n", message);
}

void Progress::Warn(std::string_view message) {
  ClearLine();
  fmt::print(stderr, "{}warning:{} {}\n", options_.color ? kYellow : "",
             options_.color ? kPlain : "", message);
}

// The time that in min:s that the trials to come will take, if they take as long as those before;
// "" at first.
std::string Progress::Remaining() const {
  if (finished_ == 0) return "";
  const double per_trial_s = SecondsSince(run_start_ns_) / static_cast<double>(finished_);
  const auto left_s =
      static_cast<uint64_t>(per_trial_s * static_cast<double>(planned_ - finished_));
  return fmt::format(", about {}:{:02} left", left_s / 60, left_s % 60);
}

void Progress::TrialStarted(const CellName& cell) {
  ++started_;
  is_probe_ = false;
  label_ = fmt::format("[{}/{}] {}", started_, planned_, Describe(cell));
  phase_.clear();
  PhaseReached({.phase = "start", .fraction_done = 0, .operations = 0});
}

void Progress::PhaseReached(const PhaseReport& report) {
  if (!options_.live || options_.quiet) return;
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
  fmt::print(stderr, "\r\033[K{}", text.substr(0, TerminalColumns() - 1));
  std::fflush(stderr);
  line_shown_ = true;
}

void Progress::ProbeStarted(const CellName& cell, double rate_per_s) {
  is_probe_ = true;
  label_ = fmt::format("{} at {}/s", Describe(cell), HumanCount(rate_per_s));
  phase_.clear();
  PhaseReached({.phase = "start", .fraction_done = 0, .operations = 0});
}

void Progress::ProbeFinished(std::string_view outcome) {
  if (!options_.live) Say(fmt::format("{}: {}", label_, outcome));
}

void Progress::TrialFinished(const Trial& trial) {
  ++finished_;
  const bool good = trial.status == TrialStatus::kOk;
  if (options_.live && good && trial.Measured())
    return;  // the line of the next trial follows at once
  if (options_.quiet && good) return;
  ClearLine();
  const bool colored = options_.color && !good && trial.status != TrialStatus::kInterrupted;
  fmt::print(stderr, "[{}/{}] {}: {}{}{}\n", started_, planned_, Describe(trial.cell),
             colored ? kRed : "", DescribeOutcome(trial), colored ? kPlain : "");
}

}  // namespace kvs
