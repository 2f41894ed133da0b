#include "harness/find_max/cell_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "results/human_units.h"

namespace kvs::find_max {
namespace {

constexpr auto kHighestPerS = static_cast<double>(kMostRatePerS);

const char* ToString(ProbePurpose purpose) {
  switch (purpose) {
    case ProbePurpose::kBracket:
      return "bracket";
    case ProbePurpose::kBisect:
      return "bisect";
    case ProbePurpose::kConfirm:
      return "confirm";
  }
  return "?";
}

bool IsBroken(const Trial& trial) {
  return trial.status != TrialStatus::kOk && trial.status != TrialStatus::kInterrupted;
}

// Why no rate can hold, if a trial is enough to tell: "" when it is not. A response takes as long
// as the engine at least, and at a lower rate no operation is faster than the fastest of so many.
std::string WhyNeverHolds(const Slo& slo, const Trial& trial) {
  for (const SloClause& clause : slo.clauses) {
    const Latency* service = trial.FindLatency(clause.operation);
    if (service == nullptr || service->samples < kLeastSamplesBeyond) continue;
    if (service->min_ns < clause.limit_ns) continue;
    return fmt::format("the fastest of {} operations ({}) took the engine alone {}",
                       service->samples, clause.operation,
                       HumanNs(static_cast<double>(service->min_ns)));
  }
  return "";
}

// The mathematics library of another system may round another way.
bool IsSame(double rate_per_s, double planned_per_s) {
  return std::fabs(rate_per_s - planned_per_s) <= 1e-9 * planned_per_s;
}

}  // namespace

CellSearch::CellSearch(const FindMaxOptions& options, TrialPlan cell,
                       const std::vector<Trial>& closed_loop, MaxRate& record)
    : options_(options), cell_(std::move(cell)), record_(record) {
  if (record_.outcome != SearchOutcome::kSearching) return;
  Begin(closed_loop);
  Replay();
}

double CellSearch::LongestWindowS() const { return std::max(kLongestWindowS, cell_.duration_s); }

void CellSearch::Begin(const std::vector<Trial>& closed_loop) {
  double best_per_s = 0;
  std::string why_none;
  bool is_unsupported = true;
  for (const Trial& trial : closed_loop) {
    if (trial.cell != record_.cell || trial.is_floor) continue;
    if (trial.Measured()) best_per_s = std::max(best_per_s, trial.throughput_per_s);
    if (!trial.Measured() && why_none.empty()) why_none = trial.reason;
    is_unsupported &= trial.status == TrialStatus::kUnsupported;
  }
  if (best_per_s == 0) {
    record_.outcome = is_unsupported ? SearchOutcome::kNotJudged : SearchOutcome::kFailed;
    record_.reason = fmt::format("no trial in the closed loop has figures: {}", why_none);
    return;
  }
  record_.closed_loop_per_s = best_per_s;
  // What a window needs is in inverse proportion to the rate.
  const double lowest_per_s =
      std::max(1.0, NeededWindowS(options_.slo, cell_.workload, 1) / LongestWindowS());
  if (lowest_per_s >= std::min(best_per_s, kHighestPerS)) {
    record_.outcome = SearchOutcome::kNotJudged;
    record_.reason = fmt::format(
        "at its {}/s in the closed loop, {:.0f} s give fewer than {} samples beyond a percentile: "
        "it takes {:.0f} s (--duration)",
        HumanCount(best_per_s), LongestWindowS(), kLeastSamplesBeyond,
        std::ceil(NeededWindowS(options_.slo, cell_.workload, best_per_s / 2)));
    return;
  }
  record_.lowest_per_s = lowest_per_s;
  search_.emplace(RateBounds{.lowest_per_s = lowest_per_s,
                             .highest_per_s = std::min(best_per_s, kHighestPerS),
                             .resolution = kResolution,
                             .confirmations = options_.confirmations});
}

void CellSearch::Replay() {
  for (size_t i = 0; i < record_.probes.size(); ++i) {
    const RateProbe& probe = record_.probes[i];
    const std::optional<PlannedProbe> planned = search_ ? search_->Next() : std::nullopt;
    const Verdict verdict = Judge(options_.slo, probe.trial);
    if (!planned || !IsSame(probe.trial.rate_per_s.value_or(0), planned->rate_per_s) ||
        probe.held != verdict.held || IsBroken(probe.trial)) {
      throw UsageError(fmt::format(
          "/kvs_bench/max_rates: probe {} of {} is not the one that follows from those before it: "
          "was the file edited by hand?",
          i, record_.cell.ToString()));
    }
    search_->Take(probe.held);
  }
}

std::optional<TrialPlan> CellSearch::Next() const {
  if (record_.outcome != SearchOutcome::kSearching) return std::nullopt;
  const double rate_per_s = search_->Next()->rate_per_s;
  TrialPlan plan = cell_;
  plan.operations.reset();
  plan.open_loop = OpenLoop{.rate_per_s = rate_per_s, .arrivals = options_.arrivals};
  plan.duration_s =
      std::max(cell_.duration_s, NeededWindowS(options_.slo, cell_.workload, rate_per_s));
  // Operations and arrivals of its own, the same for every engine.
  const auto index = static_cast<unsigned>(record_.probes.size());
  plan.repetition = index;
  plan.seed = cell_.seed + options_.confirmations + index;
  return plan;
}

void CellSearch::Take(Trial trial) {
  const PlannedProbe planned = *search_->Next();
  Verdict verdict = Judge(options_.slo, trial);
  const bool is_broken = IsBroken(trial);
  record_.probes.push_back({.purpose = ToString(planned.purpose),
                            .held = verdict.held,
                            .why = verdict.why,
                            .trial = std::move(trial)});
  const Trial& probe = record_.probes.back().trial;
  if (is_broken) {
    record_.outcome = probe.status == TrialStatus::kUnsupported ? SearchOutcome::kNotJudged
                                                                : SearchOutcome::kFailed;
    record_.reason = std::move(verdict.why);
    return;
  }
  if (std::string why = WhyNeverHolds(options_.slo, probe); !why.empty()) {
    record_.outcome = SearchOutcome::kNotReached;
    record_.fails_at_per_s = planned.rate_per_s;
    record_.reason = std::move(why);
    return;
  }
  search_->Take(verdict.held);
  record_.fails_at_per_s = search_->fails_at_per_s();
  if (search_->Next()) return;
  record_.max_rate_per_s = search_->found_per_s();
  if (record_.max_rate_per_s) {
    record_.outcome = SearchOutcome::kFound;
  } else {
    record_.outcome = SearchOutcome::kNotReached;
    record_.reason = record_.probes.back().why;
  }
}

}  // namespace kvs::find_max
