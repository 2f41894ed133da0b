#include "harness/selftest/overhead.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/plan.h"
#include "harness/shuffle.h"
#include "results/statistics.h"

namespace kvs::selftest {
namespace {

constexpr double kMostReadNs = 15;
constexpr double kMostUpdateHalfNs = 25;  // of YCSB A, which encodes a value each other operation
constexpr double kLeastSpeedUp = 1.95;    // of 2 threads
constexpr double kMostDisturbance = 0.02;

constexpr const char* kReads = "ycsb-c";
constexpr const char* kReadsAndUpdates = "ycsb-a";

Arm FloorArm(const char* workload, unsigned threads) {
  return {.is_floor = true, .workload = workload, .threads = threads, .sampled = true};
}

FigureDefinition DisturbanceOf(bool is_floor, unsigned threads) {
  const Arm sampled{.is_floor = is_floor, .workload = kReads, .threads = threads, .sampled = true};
  Arm unsampled = sampled;
  unsampled.sampled = false;
  return {FigureKind::kDisturbance, sampled, unsampled, kMostDisturbance};
}

// Of one round.
double ValueOf(const FigureDefinition& definition, double measured_per_s, double reference_per_s) {
  switch (definition.kind) {
    case FigureKind::kFloorNs:
      return 1e9 * definition.measured.threads / measured_per_s;
    case FigureKind::kSpeedUp:
      return measured_per_s / reference_per_s;
    case FigureKind::kDisturbance:
      break;
  }
  return 1 - measured_per_s / reference_per_s;
}

// Of a figure with an interval.
Verdict Judge(const Figure& figure) {
  const double limit = figure.definition.limit;
  const bool at_least = figure.definition.kind == FigureKind::kSpeedUp;
  const auto is_within = [&](double value) { return at_least ? value >= limit : value <= limit; };
  const bool low_is = is_within(figure.interval->low);
  if (low_is != is_within(figure.interval->high)) return Verdict::kInconclusive;
  if (low_is) return Verdict::kOk;
  return figure.cpu_share < kLeastCpuShare ? Verdict::kInconclusive : Verdict::kMissed;
}

TrialPlan PlanTrial(const OverheadOptions& options, const Arm& arm) {
  RunOptions run;
  run.engines = {arm.is_floor ? options.floor : options.engine};
  // One field of 100 bytes.
  run.workloads = {LoadSpec(
      arm.workload, {{"recordcount", fmt::to_string(options.records)}, {"fieldcount", "1"}})};
  run.workloads.front().operation_count = options.operations;
  run.threads = {arm.threads};
  run.trials = 1;
  run.warmup_s = options.warmup_s;
  run.duration_s = options.duration_s;
  run.sampling_period = options.sampling_period;
  if (!arm.sampled) run.sampling_period = static_cast<double>(kLongestSamplingPeriod);
  run.seed = options.seed;
  // No engines beside it: no floor of its own.
  Plan plan = MakePlan(run, {});
  if (!plan.unsupported.empty()) {
    const Trial& refused = plan.unsupported.front();
    throw UsageError(fmt::format("{}: unsupported: {}", refused.cell.ToString(), refused.reason));
  }
  return std::move(plan.trials.front());
}

}  // namespace

std::vector<FigureDefinition> OverheadFigures(unsigned cpus) {
  std::vector<FigureDefinition> figures;
  for (const auto& [workload, limit_ns] :
       {std::pair(kReads, kMostReadNs), std::pair(kReadsAndUpdates, kMostUpdateHalfNs)}) {
    const Arm one = FloorArm(workload, 1);
    figures.push_back({FigureKind::kFloorNs, one, one, limit_ns});
    if (cpus < 2) continue;
    const Arm two = FloorArm(workload, 2);
    figures.push_back({FigureKind::kFloorNs, two, two, limit_ns});
    figures.push_back({FigureKind::kSpeedUp, two, one, kLeastSpeedUp});
  }
  for (const bool is_floor : {true, false}) {
    for (unsigned threads = 1; threads <= std::min(cpus, 2u); ++threads) {
      figures.push_back(DisturbanceOf(is_floor, threads));
    }
  }
  return figures;
}

std::vector<Arm> ArmsOf(std::span<const FigureDefinition> figures) {
  std::set<Arm> arms;
  for (const FigureDefinition& figure : figures) arms.insert({figure.measured, figure.reference});
  return {arms.begin(), arms.end()};
}

std::vector<PlannedArm> PlanRound(const OverheadOptions& options, std::span<const Arm> arms,
                                  unsigned round, std::mt19937_64& random) {
  // By what but sampling makes an arm.
  std::map<std::tuple<bool, std::string, unsigned>, std::vector<PlannedArm>> compared;
  for (const Arm& arm : arms) {
    TrialPlan trial = PlanTrial(options, arm);
    trial.repetition = round;
    trial.seed = options.seed + round;
    compared[{arm.is_floor, arm.workload, arm.threads}].push_back({arm, std::move(trial)});
  }
  std::vector<std::vector<PlannedArm>> groups;
  for (auto& [key, group] : compared) groups.push_back(std::move(group));
  Shuffle(groups, random);
  std::vector<PlannedArm> planned;
  for (std::vector<PlannedArm>& group : groups) {
    Shuffle(group, random);
    std::move(group.begin(), group.end(), std::back_inserter(planned));
  }
  return planned;
}

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "OK";
    case Verdict::kMissed:
      return "MISSED";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kNotJudged:
      break;
  }
  return "not judged";
}

Figure MakeFigure(const FigureDefinition& definition, const ArmResults& results, size_t rounds,
                  bool judges) {
  const std::vector<ArmResult>& measured = results.at(definition.measured);
  const std::vector<ArmResult>& reference = results.at(definition.reference);
  Figure figure;
  figure.definition = definition;
  std::vector<double> cpu_shares;
  for (size_t round = 0; round < rounds; ++round) {
    const ArmResult& one = measured.at(round);
    const ArmResult& other = reference.at(round);
    figure.values.push_back(ValueOf(definition, one.throughput_per_s, other.throughput_per_s));
    cpu_shares.push_back(std::min(one.cpu_share, other.cpu_share));
  }
  figure.median = Median(figure.values);
  figure.cpu_share = Median(cpu_shares);
  figure.interval = NestedIntervals::OfMedian(figure.values).At(1 - kConfidence);
  if (judges && figure.interval) figure.verdict = Judge(figure);
  return figure;
}

}  // namespace kvs::selftest
