#include "results/stored_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "results/trial_figures.h"

namespace kvs {
namespace {

// The cells of a run in their order, floors aside.
struct Cells {
  std::vector<CellName> order;
  std::map<CellName, CellTrials> trials;

  explicit Cells(const Run& run) {
    for (const Trial& trial : run.trials) {
      if (trial.is_floor) continue;
      const auto [cell, is_new] = trials.try_emplace(trial.cell);
      if (is_new) order.push_back(trial.cell);
      cell->second.Add(trial);
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

std::vector<double> ValuesOf(const TrialList& trials, const TrialFigure& figure) {
  std::vector<double> values;
  if (figure.value_of == nullptr) return values;
  for (const Trial* trial : trials) values.push_back(figure.value_of(*trial));
  return values;
}

std::vector<Figure> StoredFigures(const TrialList& baseline, const TrialList& candidate,
                                  bool judge_flush_bound) {
  TrialList both = baseline;
  both.insert(both.end(), candidate.begin(), candidate.end());
  const bool same_operations =
      std::equal(baseline.begin(), baseline.end(), candidate.begin(), candidate.end(),
                 [](const Trial* a, const Trial* b) { return a->seed == b->seed; });
  std::vector<Figure> figures;
  for (const TrialFigure& figure : FiguresOf(both, judge_flush_bound)) {
    figures.push_back(figure.figure);
    figures.back().stages.push_back({.baseline = ValuesOf(baseline, figure),
                                     .candidate = ValuesOf(candidate, figure),
                                     .same_operations = same_operations});
  }
  return figures;
}

ComparedCell CompareCell(const CellName& name, const CellTrials& baseline,
                         const CellTrials& candidate, bool judge_flush_bound) {
  ComparedCell cell;
  cell.cell = name;
  cell.candidate_failed = !candidate.failed.empty();
  std::vector<std::string> reasons;
  for (const std::string& reason :
       {candidate.WhyNoFigures("candidate"), baseline.WhyNoFigures("baseline")}) {
    if (!reason.empty()) reasons.push_back(reason);
  }
  cell.why_not_compared = fmt::format("{}", fmt::join(reasons, "; "));
  if (!reasons.empty()) return cell;
  cell.figures = StoredFigures(baseline.good, candidate.good, judge_flush_bound);
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
    warnings.push_back(fmt::format("{}: interrupted, {}", arm, run.FinishedPart()));
  }
  if (const std::string unfit = UnfitnessOf(run); !unfit.empty()) {
    warnings.push_back(fmt::format("{}: {}", arm, unfit));
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

std::vector<Mismatch> QuestionMismatches(const Run& baseline, const Run& candidate) {
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
  ForEachCommonCell(
      baseline, candidate, [&](const CellName&, const TrialList& ours, const TrialList& theirs) {
        const Trial& own = *ours.front();
        const Trial& other = *theirs.front();
        AddIfDifferent("rate", TextOf(own.rate_per_s), TextOf(other.rate_per_s), mismatches);
        AddIfDifferent("cold start", TextOf(own.cold), TextOf(other.cold), mismatches);
        AddIfDifferent("arrivals", TextOf(own.arrivals), TextOf(other.arrivals), mismatches);
        AddIfDifferent("memory budget in bytes", fmt::to_string(own.memory_budget_bytes),
                       fmt::to_string(other.memory_budget_bytes), mismatches);
      });
  return mismatches;
}

std::vector<Mismatch> WorkloadMismatches(const Run& baseline, const Run& candidate) {
  std::vector<Mismatch> mismatches = QuestionMismatches(baseline, candidate);
  // A window that is longer by half is no other reading of the same duration.
  constexpr double kOtherDuration = 1.5;
  ForEachCommonCell(baseline, candidate,
                    [&](const CellName& name, const TrialList& ours, const TrialList& theirs) {
                      if (HasOperationCount(baseline, name.workload)) return;
                      const double own_s = ShortestWindowS(ours);
                      const double other_s = ShortestWindowS(theirs);
                      if (std::max(own_s, other_s) > kOtherDuration * std::min(own_s, other_s)) {
                        AddIfDifferent(fmt::format("shortest window of {} in s", name.ToString()),
                                       fmt::format("{:.3g}", own_s), fmt::format("{:.3g}", other_s),
                                       mismatches);
                      }
                    });
  return mismatches;
}

std::string UnfitnessOf(const Run& run) {
  std::vector<std::string> bad;
  if (run.machine) {
    for (const Finding& finding : run.machine->findings) {
      if (finding.IsBad()) bad.push_back(finding.name);
    }
  }
  return bad.empty() ? "" : fmt::format("the machine was not fit: {}", fmt::join(bad, ", "));
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
