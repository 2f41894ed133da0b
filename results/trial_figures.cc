#include "results/trial_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "results/costs.h"
#include "results/flushes_per_write.h"

namespace kvs {
namespace {

std::string Quantified(const TrialList& some, size_t all) {
  return fmt::format("{} of {} trial{}", some.size(), all, all == 1 ? "" : "s");
}

using ValueOf = std::function<std::optional<double>(const Trial&)>;

struct SampledPercentile {
  double value_ns;
  // By rank; Percentile::samples_beyond leaves out those in the same bucket of the histogram.
  double samples_beyond;
};

const std::vector<Latency>& LatenciesOf(const Trial& trial, bool open_loop) {
  static const std::vector<Latency> none;
  if (!open_loop) return trial.latencies;
  return trial.response_times ? *trial.response_times : none;
}

std::optional<SampledPercentile> FindPercentile(const Trial& trial, bool open_loop,
                                                const std::string& what, double percent) {
  for (const Latency& latency : LatenciesOf(trial, open_loop)) {
    if (latency.what != what) continue;
    for (const Percentile& percentile : latency.percentiles) {
      if (percentile.percent != percent) continue;
      return SampledPercentile{.value_ns = static_cast<double>(percentile.value_ns),
                               .samples_beyond = std::round(static_cast<double>(latency.samples) *
                                                            (100 - percent) / 100)};
    }
  }
  return std::nullopt;
}

// Whether writes of the cell wait for flushes: then times are those of the device.
bool IsFlushBound(const TrialList& trials) {
  return trials.front()->cell.durability == "sync" &&
         std::any_of(trials.begin(), trials.end(),
                     [](const Trial* trial) { return trial->flushes > 0; });
}

// Makes the figures of one cell.
class FigureMaker {
 public:
  FigureMaker(const TrialList& trials, bool times_are_advisory)
      : trials_(trials), times_are_advisory_(times_are_advisory) {}

  std::vector<TrialFigure> Make() {
    const bool open_loop = trials_.front()->rate_per_s.has_value();
    if (!open_loop) {
      Add({.name = "throughput",
           .unit = "ops/s",
           .higher_is_better = true,
           .is_advisory = times_are_advisory_},
          [](const Trial& trial) { return trial.throughput_per_s; });
    }
    for (const std::string& what : Kinds(open_loop)) {
      for (const double percent : {50.0, 99.0, 99.9}) AddPercentile(open_loop, what, percent);
    }
    AddCounts();
    return std::move(figures_);
  }

 private:
  // Of the first trial; "all" says nothing that the kinds do not.
  std::vector<std::string> Kinds(bool open_loop) const {
    std::vector<std::string> kinds;
    for (const Latency& latency : LatenciesOf(*trials_.front(), open_loop)) {
      if (latency.what != "all") kinds.push_back(latency.what);
    }
    return kinds;
  }

  bool EveryTrial(const std::function<bool(const Trial&)>& holds) const {
    return std::all_of(trials_.begin(), trials_.end(),
                       [&](const Trial* trial) { return holds(*trial); });
  }

  void AddPercentile(bool open_loop, const std::string& what, double percent) {
    Figure figure{.name = fmt::format("{}{} p{:g}", what, open_loop ? " response" : "", percent),
                  .unit = "ns",
                  .is_advisory = times_are_advisory_};
    const auto find = [=](const Trial& trial) {
      return FindPercentile(trial, open_loop, what, percent);
    };
    if (!EveryTrial([&](const Trial& trial) { return find(trial).has_value(); })) {
      figure.why_not_judged = "not sampled in every trial";
      figures_.push_back({.figure = std::move(figure), .value_of = nullptr});
      return;
    }
    if (!EveryTrial([&](const Trial& trial) {
          return find(trial)->samples_beyond >= kFewestSamplesBeyond;
        })) {
      figure.why_not_judged =
          fmt::format("fewer than {} samples beyond it in a trial", kFewestSamplesBeyond);
    }
    Add(std::move(figure), [find](const Trial& trial) { return find(trial)->value_ns; });
  }

  // What is written is counted per byte that the operations asked to write, so that how many of
  // the operations wrote does not matter.
  void AddCounts() {
    if (trials_.front()->cell.durability == "sync") {
      AddCount({.name = "flushes", .unit = "/write", .is_count = true}, FlushesPerWrite);
    }
    const auto per_byte = [](std::optional<uint64_t> TrialCosts::*bytes) {
      return [bytes](const Trial& trial) -> std::optional<double> {
        if (!trial.costs || !((*trial.costs).*bytes) || trial.costs->written_bytes == 0) {
          return std::nullopt;
        }
        return static_cast<double>(*((*trial.costs).*bytes)) /
               static_cast<double>(trial.costs->written_bytes);
      };
    };
    AddCount({.name = "bytes by write calls", .unit = "/byte", .is_count = true},
             per_byte(&TrialCosts::call_write_bytes));
    AddCount({.name = "bytes to storage", .unit = "/byte", .is_count = true},
             per_byte(&TrialCosts::device_write_bytes));
    AddCount({.name = "instructions", .unit = "/op", .is_count = true},
             [](const Trial& trial) { return CostsOf(trial).instructions_per_operation; });
  }

  // As Add, but for what is 0 in all trials.
  void AddCount(Figure figure, const ValueOf& value_of) {
    if (EveryTrial([&](const Trial& trial) { return value_of(trial) == 0; })) return;
    Add(std::move(figure), value_of);
  }

  // Adds the figure, unless a trial lacks it.
  void Add(Figure figure, const ValueOf& value_of) {
    if (!EveryTrial([&](const Trial& trial) { return value_of(trial).has_value(); })) return;
    figures_.push_back({.figure = std::move(figure),
                        .value_of = [value_of](const Trial& trial) { return *value_of(trial); }});
  }

  const TrialList& trials_;
  const bool times_are_advisory_;
  std::vector<TrialFigure> figures_;
};

}  // namespace

void CellTrials::Add(const Trial& trial) {
  ++all;
  switch (trial.status) {
    case TrialStatus::kOk:
      (trial.Measured() ? good : idle).push_back(&trial);
      break;
    case TrialStatus::kFailed:
    case TrialStatus::kWrongAnswer:
      failed.push_back(&trial);
      break;
    case TrialStatus::kUnsupported:
      unsupported.push_back(&trial);
      break;
    case TrialStatus::kInterrupted:
      break;
  }
}

std::string CellTrials::WhyNoFigures(std::string_view arm) const {
  if (!failed.empty()) {
    const Trial& first = *failed.front();
    return fmt::format("{}: {} failed: {}: {}", arm, Quantified(failed, all),
                       ToString(first.status), first.reason);
  }
  if (!idle.empty()) {  // leaving them out would flatter the arm
    return fmt::format("{}: {} completed no operation in the window", arm, Quantified(idle, all));
  }
  if (!good.empty()) return "";
  if (!unsupported.empty()) {
    return fmt::format("{}: unsupported: {}", arm, unsupported.front()->reason);
  }
  return fmt::format("{}: no trial was finished", arm);
}

std::vector<TrialFigure> FiguresOf(const TrialList& trials, bool judge_flush_bound) {
  return FigureMaker(trials, !judge_flush_bound && IsFlushBound(trials)).Make();
}

}  // namespace kvs
