#include "results/stored_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "results/costs.h"
#include "results/flushes_per_write.h"

namespace kvs {
namespace {

using TrialList = std::vector<const Trial*>;

// The trials of one cell.
struct CellTrials {
  TrialList good;
  TrialList failed;  // or wrong
  TrialList unsupported;
  TrialList idle;  // completed no operation in the window
  size_t all = 0;
};

// The cells of a run in their order, floors aside.
struct Cells {
  std::vector<CellName> order;
  std::map<CellName, CellTrials> trials;

  explicit Cells(const Run& run) {
    for (const Trial& trial : run.trials) {
      if (trial.is_floor) continue;
      const auto [cell, is_new] = trials.try_emplace(trial.cell);
      if (is_new) order.push_back(trial.cell);
      ++cell->second.all;
      switch (trial.status) {
        case TrialStatus::kOk:
          (trial.Measured() ? cell->second.good : cell->second.idle).push_back(&trial);
          break;
        case TrialStatus::kFailed:
        case TrialStatus::kWrongAnswer:
          cell->second.failed.push_back(&trial);
          break;
        case TrialStatus::kUnsupported:
          cell->second.unsupported.push_back(&trial);
          break;
        case TrialStatus::kInterrupted:
          break;
      }
    }
  }

  const CellTrials* Find(const CellName& name) const {
    const auto found = trials.find(name);
    return found == trials.end() ? nullptr : &found->second;
  }
};

// Calls `use(name, trials of baseline, of candidate)` for each cell with good trials in both.
template <typename Use>
void ForEachCommonCell(const Run& baseline, const Run& candidate, Use use) {
  const Cells ours(baseline), theirs(candidate);
  for (const CellName& name : ours.order) {
    const CellTrials* other = theirs.Find(name);
    if (other == nullptr) continue;
    const CellTrials& own = *ours.Find(name);
    if (!own.good.empty() && !other->good.empty()) use(name, own.good, other->good);
  }
}

constexpr const char* kNotThere = "(not there)";

void AddIfDifferent(const std::string& field, const std::string& baseline,
                    const std::string& candidate, std::vector<Mismatch>& mismatches) {
  Mismatch mismatch{field, baseline, candidate};
  if (baseline == candidate ||
      std::find(mismatches.begin(), mismatches.end(), mismatch) != mismatches.end()) {
    return;
  }
  mismatches.push_back(std::move(mismatch));
}

void CompareProperties(const std::string& prefix, const Properties& baseline,
                       const Properties& candidate, const std::set<std::string_view>& left_out,
                       std::vector<Mismatch>& mismatches) {
  const auto value_of = [](const Properties& properties, const std::string& name) -> std::string {
    for (const auto& [other, value] : properties) {
      if (other == name) return value;
    }
    return kNotThere;
  };
  for (const auto& [name, value] : baseline) {
    if (!left_out.contains(name)) {
      AddIfDifferent(prefix + name, value, value_of(candidate, name), mismatches);
    }
  }
  for (const auto& [name, value] : candidate) {
    if (!left_out.contains(name) && value_of(baseline, name) == kNotThere) {
      AddIfDifferent(prefix + name, kNotThere, value, mismatches);
    }
  }
}

// The shortest of the windows, which no stall of the machine has stretched.
double ShortestWindowS(const TrialList& trials) {
  return (*std::min_element(
              trials.begin(), trials.end(),
              [](const Trial* a, const Trial* b) { return a->window_s < b->window_s; }))
      ->window_s;
}

bool HasOperationCount(const Run& run, const std::string& workload) {
  for (const Run::Workload& candidate : run.workloads) {
    if (candidate.name != workload) continue;
    for (const auto& [name, value] : candidate.properties) {
      if (name == "operationcount") return value != "0";  // no limit
    }
  }
  return false;
}

template <typename T>
std::string TextOf(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : kNotThere;
}

std::string Quantified(const TrialList& some, size_t all) {
  return fmt::format("{} of {} trial{}", some.size(), all, all == 1 ? "" : "s");
}

// Why the cell has no figures in an arm called `arm`; "" when it has.
std::string WhyNoFigures(std::string_view arm, const CellTrials& trials) {
  if (!trials.failed.empty()) {
    const Trial& first = *trials.failed.front();
    return fmt::format("{}: {} failed: {}: {}", arm, Quantified(trials.failed, trials.all),
                       ToString(first.status), first.reason);
  }
  if (!trials.idle.empty()) {  // leaving them out would flatter the arm
    return fmt::format("{}: {} completed no operation in the window", arm,
                       Quantified(trials.idle, trials.all));
  }
  if (!trials.good.empty()) return "";
  if (!trials.unsupported.empty()) {
    return fmt::format("{}: unsupported: {}", arm, trials.unsupported.front()->reason);
  }
  return fmt::format("{}: no trial was finished", arm);
}

using ValueOf = std::function<std::optional<double>(const Trial&)>;

// The value of every trial, or nothing if one lacks it.
std::optional<std::vector<double>> Collect(const TrialList& trials, const ValueOf& value_of) {
  std::vector<double> values;
  for (const Trial* trial : trials) {
    const std::optional<double> value = value_of(*trial);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

// Makes the figures of one cell.
class FigureMaker {
 public:
  FigureMaker(const TrialList& baseline, const TrialList& candidate, bool times_are_advisory)
      : baseline_(baseline),
        candidate_(candidate),
        times_are_advisory_(times_are_advisory),
        same_operations_(
            std::equal(baseline.begin(), baseline.end(), candidate.begin(), candidate.end(),
                       [](const Trial* a, const Trial* b) { return a->seed == b->seed; })) {}

  std::vector<Figure> Make() {
    const bool open_loop = baseline_.front()->rate_per_s.has_value();
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
  static const std::vector<Latency>& LatenciesOf(const Trial& trial, bool open_loop) {
    static const std::vector<Latency> none;
    if (!open_loop) return trial.latencies;
    return trial.response_times ? *trial.response_times : none;
  }

  struct SampledPercentile {
    double value_ns;
    // By rank; Percentile::samples_beyond leaves out those in the same bucket of the histogram.
    double samples_beyond;
  };
  static std::optional<SampledPercentile> FindPercentile(const Trial& trial, bool open_loop,
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

  // Of the first trial; "all" says nothing that the kinds do not.
  std::vector<std::string> Kinds(bool open_loop) const {
    std::vector<std::string> kinds;
    for (const Latency& latency : LatenciesOf(*baseline_.front(), open_loop)) {
      if (latency.what != "all") kinds.push_back(latency.what);
    }
    return kinds;
  }

  bool EveryTrial(const std::function<bool(const Trial&)>& holds) const {
    const auto holds_of = [&](const Trial* trial) { return holds(*trial); };
    return std::all_of(baseline_.begin(), baseline_.end(), holds_of) &&
           std::all_of(candidate_.begin(), candidate_.end(), holds_of);
  }

  void AddPercentile(bool open_loop, const std::string& what, double percent) {
    Figure figure{.name = fmt::format("{}{} p{:g}", what, open_loop ? " response" : "", percent),
                  .unit = "ns",
                  .is_advisory = times_are_advisory_};
    const auto find = [&](const Trial& trial) {
      return FindPercentile(trial, open_loop, what, percent);
    };
    if (!EveryTrial([&](const Trial& trial) { return find(trial).has_value(); })) {
      figure.why_not_judged = "not sampled in every trial";
      figure.stages.emplace_back();
      figures_.push_back(std::move(figure));
      return;
    }
    if (!EveryTrial([&](const Trial& trial) {
          return find(trial)->samples_beyond >= kFewestSamplesBeyond;
        })) {
      figure.why_not_judged =
          fmt::format("fewer than {} samples beyond it in a trial", kFewestSamplesBeyond);
    }
    Add(std::move(figure), [&](const Trial& trial) { return find(trial)->value_ns; });
  }

  // What is written is counted per byte that the operations asked to write, so that how many of
  // the operations wrote does not matter.
  void AddCounts() {
    if (baseline_.front()->cell.durability == "sync") {
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
    std::optional<std::vector<double>> baseline = Collect(baseline_, value_of);
    std::optional<std::vector<double>> candidate = Collect(candidate_, value_of);
    if (!baseline || !candidate) return;
    figure.stages.push_back({.baseline = std::move(*baseline),
                             .candidate = std::move(*candidate),
                             .same_operations = same_operations_});
    figures_.push_back(std::move(figure));
  }

  const TrialList& baseline_;
  const TrialList& candidate_;
  const bool times_are_advisory_;
  const bool same_operations_;
  std::vector<Figure> figures_;
};

// Whether writes of the cell wait for flushes: then times are those of the device.
bool IsFlushBound(const CellName& name, const TrialList& baseline, const TrialList& candidate) {
  const auto flushed = [](const Trial* trial) { return trial->flushes > 0; };
  return name.durability == "sync" && (std::any_of(baseline.begin(), baseline.end(), flushed) ||
                                       std::any_of(candidate.begin(), candidate.end(), flushed));
}

ComparedCell CompareCell(const CellName& name, const CellTrials& baseline,
                         const CellTrials& candidate, bool judge_flush_bound) {
  ComparedCell cell;
  cell.cell = name;
  cell.candidate_failed = !candidate.failed.empty();
  std::vector<std::string> reasons;
  for (const std::string& reason :
       {WhyNoFigures("candidate", candidate), WhyNoFigures("baseline", baseline)}) {
    if (!reason.empty()) reasons.push_back(reason);
  }
  cell.why_not_compared = fmt::format("{}", fmt::join(reasons, "; "));
  if (!reasons.empty()) return cell;
  const bool advisory = !judge_flush_bound && IsFlushBound(name, baseline.good, candidate.good);
  cell.figures = FigureMaker(baseline.good, candidate.good, advisory).Make();
  return cell;
}

// Of all its sessions, each once.
std::string Fingerprints(const Run& run) {
  std::vector<std::string> all = {run.machine ? run.machine->fingerprint : kNotThere};
  for (const Session& session : run.sessions.value_or(std::vector<Session>())) {
    if (!session.machine) continue;  // the first's is the run's
    const std::string& fingerprint = session.machine->fingerprint;
    if (std::find(all.begin(), all.end(), fingerprint) == all.end()) all.push_back(fingerprint);
  }
  return fmt::format("{}", fmt::join(all, ", then "));
}

std::string Libraries(const TrialList& trials) {
  std::set<std::string> all;
  for (const Trial* trial : trials) all.insert(trial->library);
  return fmt::format("{}", fmt::join(all, ", "));
}

void WarnOfRun(std::string_view arm, const Run& run, std::vector<std::string>& warnings) {
  for (const std::string& note : run.notes.value_or(std::vector<std::string>())) {
    warnings.push_back(fmt::format("{}: {}", arm, note));
  }
  if (run.max_rates) {
    warnings.push_back(fmt::format("{}: the rates that --find-max found are not compared", arm));
  }
  if (!run.complete) {
    warnings.push_back(fmt::format("{}: interrupted, {} of {} planned trials", arm,
                                   run.trials.size(), run.planned_trials));
  }
  if (!run.machine) return;
  std::vector<std::string> bad;
  for (const Finding& finding : run.machine->findings) {
    if (finding.IsBad()) bad.push_back(finding.name);
  }
  if (bad.empty()) return;
  warnings.push_back(fmt::format("{}: the machine was not fit: {}", arm, fmt::join(bad, ", ")));
}

void WarnOfOptions(const Run& baseline, const Run& candidate, std::vector<std::string>& warnings) {
  std::vector<Mismatch> mismatches;
  ForEachCommonCell(baseline, candidate,
                    [&](const CellName& name, const TrialList& ours, const TrialList& theirs) {
                      CompareProperties(name.engine + ": ", ours.front()->effective_options,
                                        theirs.front()->effective_options, {}, mismatches);
                    });
  for (const Mismatch& mismatch : mismatches) {
    warnings.push_back(fmt::format("effective option of {}: {}, then {}", mismatch.field,
                                   mismatch.baseline, mismatch.candidate));
  }
}

void WarnOfMissing(std::string_view arm, const std::vector<std::string>& cells,
                   std::vector<std::string>& warnings) {
  if (cells.empty()) return;
  warnings.push_back(fmt::format("only in the {}: {}", arm, fmt::join(cells, ", ")));
}

}  // namespace

std::vector<Mismatch> EnvironmentMismatches(const Run& baseline, const Run& candidate) {
  std::vector<Mismatch> mismatches;
  CompareProperties("host.", baseline.host, candidate.host, {"name", "device"}, mismatches);
  AddIfDifferent("num_cpus", fmt::to_string(baseline.context.num_cpus),
                 fmt::to_string(candidate.context.num_cpus), mismatches);
  AddIfDifferent("library_build_type", baseline.context.library_build_type,
                 candidate.context.library_build_type, mismatches);
  AddIfDifferent("machine.fingerprint", Fingerprints(baseline), Fingerprints(candidate),
                 mismatches);
  // What the fingerprint is of and the host does not say.
  if (baseline.machine && baseline.machine->facts && candidate.machine &&
      candidate.machine->facts) {
    std::set<std::string_view> said;
    for (const auto& [name, value] : baseline.host) said.insert(name);
    CompareProperties("machine.facts.", *baseline.machine->facts, *candidate.machine->facts, said,
                      mismatches);
  }
  AddIfDifferent("version of kvs-bench", baseline.version, candidate.version, mismatches);
  ForEachCommonCell(baseline, candidate,
                    [&](const CellName& name, const TrialList& ours, const TrialList& theirs) {
                      AddIfDifferent("library of " + name.engine, Libraries(ours),
                                     Libraries(theirs), mismatches);
                    });
  return mismatches;
}

std::vector<Mismatch> WorkloadMismatches(const Run& baseline, const Run& candidate) {
  std::vector<Mismatch> mismatches;
  for (const Run::Workload& ours : baseline.workloads) {
    for (const Run::Workload& theirs : candidate.workloads) {
      if (ours.name != theirs.name) continue;
      CompareProperties(fmt::format("workload {}: ", ours.name), ours.properties, theirs.properties,
                        {"description"}, mismatches);
    }
  }
  if (baseline.plan && candidate.plan) {
    AddIfDifferent("sampling period asked for", TextOf(baseline.plan->sampling_period),
                   TextOf(candidate.plan->sampling_period), mismatches);
    const auto compare = [&](std::string_view what, double ours, double theirs) {
      AddIfDifferent(std::string(what), fmt::to_string(ours), fmt::to_string(theirs), mismatches);
    };
    compare("warm-up in s", baseline.plan->warmup_s, candidate.plan->warmup_s);
    compare("every byte verified", baseline.plan->verify_fully, candidate.plan->verify_fully);
    compare("store that was there", baseline.plan->is_existing_store,
            candidate.plan->is_existing_store);
  }
  // A window that is longer by half is no other reading of the same duration.
  constexpr double kOtherDuration = 1.5;
  ForEachCommonCell(
      baseline, candidate,
      [&](const CellName& name, const TrialList& ours, const TrialList& theirs) {
        const Trial& own = *ours.front();
        const Trial& other = *theirs.front();
        AddIfDifferent("rate", TextOf(own.rate_per_s), TextOf(other.rate_per_s), mismatches);
        AddIfDifferent("cold start", TextOf(own.cold), TextOf(other.cold), mismatches);
        AddIfDifferent("arrivals", TextOf(own.arrivals), TextOf(other.arrivals), mismatches);
        AddIfDifferent("memory budget in bytes", fmt::to_string(own.memory_budget_bytes),
                       fmt::to_string(other.memory_budget_bytes), mismatches);
        if (HasOperationCount(baseline, name.workload)) return;
        const double own_s = ShortestWindowS(ours);
        const double other_s = ShortestWindowS(theirs);
        if (std::max(own_s, other_s) > kOtherDuration * std::min(own_s, other_s)) {
          AddIfDifferent(fmt::format("shortest window of {} in s", name.ToString()),
                         fmt::format("{:.3g}", own_s), fmt::format("{:.3g}", other_s), mismatches);
        }
      });
  return mismatches;
}

Comparison CompareStored(const Run& baseline, const Run& candidate, bool judge_flush_bound) {
  Comparison comparison;
  comparison.design = Design::kUnpaired;
  comparison.baseline = {
      .name = "", .started_at = baseline.started_at, .version = baseline.version};
  comparison.candidate = {
      .name = "", .started_at = candidate.started_at, .version = candidate.version};
  comparison.warnings.push_back(
      "unpaired: the runs were measured apart, so what the machine did meanwhile (drift) looks "
      "like "
      "a change of the program; no verdict here can tell the two");

  const Cells ours(baseline), theirs(candidate);
  std::vector<std::string> only_ours, only_theirs;
  for (const CellName& name : ours.order) {
    const CellTrials& own = *ours.Find(name);
    const CellTrials* other = theirs.Find(name);
    if (other == nullptr) {
      only_ours.push_back(name.ToString());
      continue;
    }
    const bool nobody_can =
        own.unsupported.size() == own.all && other->unsupported.size() == other->all;
    if (nobody_can) continue;
    comparison.cells.push_back(CompareCell(name, own, *other, judge_flush_bound));
  }
  for (const CellName& name : theirs.order) {
    if (ours.Find(name) == nullptr) only_theirs.push_back(name.ToString());
  }
  WarnOfMissing("baseline", only_ours, comparison.warnings);
  WarnOfMissing("candidate", only_theirs, comparison.warnings);
  WarnOfRun("baseline", baseline, comparison.warnings);
  WarnOfRun("candidate", candidate, comparison.warnings);
  WarnOfOptions(baseline, candidate, comparison.warnings);
  return comparison;
}

}  // namespace kvs
