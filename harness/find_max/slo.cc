#include "harness/find_max/slo.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/exit_code.h"
#include "harness/options/option_value.h"
#include "harness/options/units.h"
#include "results/human_units.h"
#include "workloads/operation.h"
#include "workloads/suggestion.h"

namespace kvs::find_max {
namespace {

// Those of a result but the highest value, which only grows with the window.
constexpr double kPercents[] = {50, 90, 95, 99, 99.9, 99.99, 99.999};
constexpr double kSparePart = 0.5;

std::string ParseOperationName(const std::string& text) {
  std::vector<std::string> names = {"all"};
  for (size_t i = 0; i < kOperationKinds; ++i) {
    names.emplace_back(ToString(static_cast<OperationKind>(i)));
  }
  if (std::find(names.begin(), names.end(), text) != names.end()) return text;
  throw UsageError(fmt::format("unknown operation '{}'{}", text, DidYouMean(text, names)));
}

double ParsePercent(const std::string& text) {
  for (const double percent : kPercents) {
    if (text == fmt::format("p{}", percent)) return percent;
  }
  throw UsageError(fmt::format("'{}' is no percentile that results have; these are p{}", text,
                               fmt::join(kPercents, ", p")));
}

SloClause ParseClause(const std::string& text) {
  const size_t less = text.find('<');
  if (less == std::string::npos) {
    throw UsageError(fmt::format("'{}' has no '<'; write p99<1ms or read:p99<1ms", text));
  }
  SloClause clause;
  std::string percentile = text.substr(0, less);
  if (const size_t colon = percentile.find(':'); colon != std::string::npos) {
    clause.operation = ParseOperationName(percentile.substr(0, colon));
    percentile.erase(0, colon + 1);
  }
  clause.percent = ParsePercent(percentile);
  const std::string limit = text.substr(less + 1);
  if (limit.find_first_not_of("0123456789.") == std::string::npos) {
    throw UsageError(fmt::format("'{}' lacks the unit of its time; write {}ms", text, text));
  }
  clause.limit_ns = static_cast<uint64_t>(std::llround(ParseDurationS(limit) * 1e9));
  if (clause.limit_ns == 0) throw UsageError(fmt::format("'{}': nothing is below 0", text));
  return clause;
}

std::string Describe(const SloClause& clause) {
  return clause.operation == "all" ? fmt::format("p{}", clause.percent)
                                   : fmt::format("{} p{}", clause.operation, clause.percent);
}

double ShareBeyond(const SloClause& clause) { return (100 - clause.percent) / 100; }

double ShareOf(const SloClause& clause, const Spec& workload) {
  if (clause.operation == "all") return 1;
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const auto kind = static_cast<OperationKind>(i);
    if (ToString(kind) == clause.operation) return workload.Proportion(kind);
  }
  return 0;
}

// "" when the clause holds.
std::string WhyNot(const SloClause& clause, const Trial& trial) {
  const Latency* response = trial.FindResponseTime(clause.operation);
  if (response == nullptr) return fmt::format("no {} was timed", clause.operation);
  const auto percentile = std::find_if(
      response->percentiles.begin(), response->percentiles.end(),
      [&](const Percentile& candidate) { return candidate.percent == clause.percent; });
  if (percentile == response->percentiles.end()) {
    return fmt::format("{} is not known", Describe(clause));
  }
  if (percentile->value_ns >= clause.limit_ns) {
    return fmt::format("{} {}", Describe(clause),
                       HumanNs(static_cast<double>(percentile->value_ns)));
  }
  // Of the samples, for many may lie in the bucket of the percentile itself.
  const auto beyond = static_cast<uint64_t>(
      std::llround(ShareBeyond(clause) * static_cast<double>(response->samples)));
  if (beyond < kLeastSamplesBeyond) {
    return fmt::format("only {} samples beyond {}, {} are needed", beyond, Describe(clause),
                       kLeastSamplesBeyond);
  }
  return "";
}

}  // namespace

Slo ParseSlo(std::string_view text) {
  Slo slo;
  std::copy_if(text.begin(), text.end(), std::back_inserter(slo.text),
               [](char c) { return c != ' '; });
  for (const std::string& item : SplitItems(slo.text)) {
    const SloClause clause = ParseClause(item);
    for (const SloClause& other : slo.clauses) {
      if (other.operation == clause.operation && other.percent == clause.percent) {
        throw UsageError(fmt::format("{} has two limits", Describe(clause)));
      }
    }
    slo.clauses.push_back(clause);
  }
  return slo;
}

Verdict Judge(const Slo& slo, const Trial& trial) {
  if (!trial.Measured()) return {false, trial.reason.empty() ? "no figures" : trial.reason};
  std::vector<std::string> reasons;
  if (trial.FellBehind()) {
    reasons.push_back(fmt::format("fell behind by {}", HumanNs(1e9 * *trial.BacklogS())));
  }
  for (const SloClause& clause : slo.clauses) {
    if (std::string why = WhyNot(clause, trial); !why.empty()) reasons.push_back(std::move(why));
  }
  return {reasons.empty(), fmt::format("{}", fmt::join(reasons, ", "))};
}

double NeededWindowS(const Slo& slo, const Spec& workload, double rate_per_s) {
  constexpr double kSamplesBeyond = (1 + kSparePart) * static_cast<double>(kLeastSamplesBeyond);
  double needed_s = 0;
  for (const SloClause& clause : slo.clauses) {
    const double beyond_per_s = rate_per_s * ShareOf(clause, workload) * ShareBeyond(clause);
    needed_s = std::max(needed_s, beyond_per_s > 0 ? kSamplesBeyond / beyond_per_s
                                                   : std::numeric_limits<double>::infinity());
  }
  return needed_s;
}

}  // namespace kvs::find_max
