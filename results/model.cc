#include "results/model.h"

#include <fmt/format.h>

#include <algorithm>

namespace kvs {
namespace {

const Latency* Find(const std::vector<Latency>& latencies, std::string_view what) {
  const auto found = std::find_if(latencies.begin(), latencies.end(),
                                  [&](const Latency& latency) { return latency.what == what; });
  return found == latencies.end() ? nullptr : &*found;
}

size_t FinishedSearches(const MaxRates& rates) {
  return static_cast<size_t>(std::count_if(
      rates.cells.begin(), rates.cells.end(),
      [](const MaxRate& search) { return search.outcome != SearchOutcome::kSearching; }));
}

}  // namespace

std::string CellName::ToString() const {
  return fmt::format("{}/engine:{}/threads:{}/pool:{}/durability:{}", workload, engine, threads,
                     pool, durability);
}

bool CellName::IsFloorEngine() const {
  return std::string_view(engine).substr(0, engine.find(':')) == kFloorEngine;
}

std::string_view ToString(TrialStatus status) {
  switch (status) {
    case TrialStatus::kOk:
      return "ok";
    case TrialStatus::kUnsupported:
      return "unsupported";
    case TrialStatus::kFailed:
      return "failed";
    case TrialStatus::kWrongAnswer:
      return "wrong-answer";
    case TrialStatus::kInterrupted:
      return "interrupted";
  }
  return "?";
}

std::optional<TrialStatus> ParseTrialStatus(std::string_view text) {
  for (const TrialStatus status :
       {TrialStatus::kOk, TrialStatus::kUnsupported, TrialStatus::kFailed,
        TrialStatus::kWrongAnswer, TrialStatus::kInterrupted}) {
    if (ToString(status) == text) return status;
  }
  return std::nullopt;
}

std::string_view ToString(FindingStatus status) {
  switch (status) {
    case FindingStatus::kOk:
      return "ok";
    case FindingStatus::kWarn:
      return "warn";
    case FindingStatus::kFail:
      return "fail";
    case FindingStatus::kUnknown:
      return "unknown";
  }
  return "?";
}

std::optional<FindingStatus> ParseFindingStatus(std::string_view text) {
  for (const FindingStatus status :
       {FindingStatus::kOk, FindingStatus::kWarn, FindingStatus::kFail, FindingStatus::kUnknown}) {
    if (ToString(status) == text) return status;
  }
  return std::nullopt;
}

std::string_view ToString(SearchOutcome outcome) {
  switch (outcome) {
    case SearchOutcome::kSearching:
      return "searching";
    case SearchOutcome::kFound:
      return "found";
    case SearchOutcome::kNotReached:
      return "not-reached";
    case SearchOutcome::kNotJudged:
      return "not-judged";
    case SearchOutcome::kFailed:
      return "failed";
  }
  return "?";
}

std::optional<SearchOutcome> ParseSearchOutcome(std::string_view text) {
  for (const SearchOutcome outcome :
       {SearchOutcome::kSearching, SearchOutcome::kFound, SearchOutcome::kNotReached,
        SearchOutcome::kNotJudged, SearchOutcome::kFailed}) {
    if (ToString(outcome) == text) return outcome;
  }
  return std::nullopt;
}

bool Trial::Measured() const {
  return (status == TrialStatus::kOk || status == TrialStatus::kInterrupted) && operations > 0 &&
         throughput_per_s > 0;
}

const Latency* Trial::FindLatency(std::string_view what) const { return Find(latencies, what); }

const Latency* Trial::FindResponseTime(std::string_view what) const {
  return response_times ? Find(*response_times, what) : nullptr;
}

std::optional<double> Trial::BacklogS() const {
  if (!backlog_operations || !rate_per_s) return std::nullopt;
  return static_cast<double>(*backlog_operations) / *rate_per_s;
}

bool Trial::FellBehind() const {
  const std::optional<double> backlog_s = BacklogS();
  return backlog_s && *backlog_s > kBacklogShareLimit * window_s &&
         *backlog_operations > cell.threads;
}

size_t Run::FinishedTrials() const {
  return static_cast<size_t>(std::count_if(trials.begin(), trials.end(), [](const Trial& trial) {
    return trial.status != TrialStatus::kInterrupted;
  }));
}

bool Run::IsDone() const {
  if (!TrialsAreDone()) return false;
  if (!max_rates) return !(plan && plan->slo);
  return FinishedSearches(*max_rates) == max_rates->cells.size();
}

std::string Run::FinishedPart() const {
  const auto unsupported =
      static_cast<size_t>(std::count_if(trials.begin(), trials.end(), [](const Trial& trial) {
        return trial.status == TrialStatus::kUnsupported;
      }));
  const size_t to_measure = std::max<size_t>(planned_trials, unsupported) - unsupported;
  std::string part = fmt::format("{} of {} planned trial{}", FinishedTrials() - unsupported,
                                 to_measure, to_measure == 1 ? "" : "s");
  if (max_rates) {
    const size_t searches = max_rates->cells.size();
    part += fmt::format(", {} of {} search{}", FinishedSearches(*max_rates), searches,
                        searches == 1 ? "" : "es");
  } else if (plan && plan->slo) {
    part += ", no search";
  }
  return part;
}

}  // namespace kvs
