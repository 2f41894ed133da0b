#include "harness/selftest/overhead.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/run/plan.h"
#include "harness/run/shuffle.h"
#include "results/statistics.h"

namespace kvs::selftest {
namespace {

constexpr double kMostReadNs = 15;
constexpr double kMostUpdateHalfNs = 25;  // of YCSB A, which encodes a value each other operation
constexpr double kLeastSpeedUp = 1.95;    // of 2 threads
constexpr double kMostDisturbance = 0.02;

// Of a pair: short, so that little of the machine changes from one to the next.
constexpr double kWindowS = 0.02;

constexpr const char* kReads = "ycsb-c";
constexpr const char* kReadsAndUpdates = "ycsb-a";

Arm FloorArm(const char* workload, unsigned threads) {
  return {.is_floor = true, .workload = workload, .threads = threads};
}

FigureDefinition DisturbanceOf(bool is_floor, unsigned threads) {
  const Arm sampled{.is_floor = is_floor, .workload = kReads, .threads = threads};
  Arm unsampled = sampled;
  unsampled.is_sampled = false;
  return {FigureKind::kDisturbance, sampled, unsampled, kMostDisturbance};
}

double ThroughputOf(const Slice& window) {
  return static_cast<double>(window.operations) / window.length_s;
}

double ValueOf(FigureKind kind, const Slice& measured, const Slice& reference) {
  const double ratio = ThroughputOf(measured) / ThroughputOf(reference);
  return kind == FigureKind::kSpeedUp ? ratio : 1 - ratio;
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
  run.seed = options.seed;
  // No engines beside it: no floor of its own.
  Plan plan = MakePlan(run, {});
  if (!plan.unsupported.empty()) {
    const Trial& refused = plan.unsupported.front();
    throw UsageError(fmt::format("{}: unsupported: {}", refused.cell.ToString(), refused.reason));
  }
  return std::move(plan.trials.front());
}

// As long in all as two trials.
WindowPairsPlan PairsWith(const Arm& reference, const OverheadOptions& options) {
  WindowPairsPlan pairs{.count = 1,
                        .reference_threads = reference.threads,
                        .reference_is_sampled = reference.is_sampled};
  if (!options.operations) {
    pairs.count = static_cast<unsigned>(std::max(1L, std::lround(options.duration_s / kWindowS)));
  }
  return pairs;
}

}  // namespace

std::vector<FigureDefinition> OverheadFigures(unsigned cpus) {
  std::vector<FigureDefinition> figures;
  for (const auto& [workload, limit_ns] :
       {std::pair(kReads, kMostReadNs), std::pair(kReadsAndUpdates, kMostUpdateHalfNs)}) {
    const Arm one = FloorArm(workload, 1);
    figures.push_back({FigureKind::kFloorNs, one, std::nullopt, limit_ns});
    if (cpus < 2) continue;
    const Arm two = FloorArm(workload, 2);
    figures.push_back({FigureKind::kFloorNs, two, std::nullopt, limit_ns});
    figures.push_back({FigureKind::kSpeedUp, two, one, kLeastSpeedUp});
  }
  for (const bool is_floor : {true, false}) {
    for (unsigned threads = 1; threads <= std::min(cpus, 2u); ++threads) {
      figures.push_back(DisturbanceOf(is_floor, threads));
    }
  }
  return figures;
}

std::vector<PlannedFigure> PlanRound(const OverheadOptions& options,
                                     std::span<const FigureDefinition> figures, unsigned round,
                                     std::mt19937_64& random) {
  std::vector<PlannedFigure> planned;
  for (size_t i = 0; i < figures.size(); ++i) {
    TrialPlan trial = PlanTrial(options, figures[i].measured);
    if (figures[i].reference) {
      trial.pairs = PairsWith(*figures[i].reference, options);
      trial.duration_s = std::min(kWindowS, options.duration_s);
    }
    trial.repetition = round;
    trial.seed = options.seed + round;
    planned.push_back({i, std::move(trial)});
  }
  Shuffle(planned, random);
  return planned;
}

RoundResult ResultOf(const FigureDefinition& definition, const Trial& trial) {
  const unsigned threads = definition.measured.threads;
  const double cpu_s = trial.user_cpu_s + trial.system_cpu_s;
  // The process has other threads, too, which are not asleep for all of a short window.
  const auto share_of = [cpu_s](double threads_s) { return std::min(1.0, cpu_s / threads_s); };
  if (!definition.reference) {
    return {.value = 1e9 * threads / trial.throughput_per_s,
            .cpu_share = share_of(trial.window_s * threads)};
  }
  const std::vector<Slice>& windows = trial.slices.value();
  std::vector<double> values;
  double threads_s = 0;
  for (size_t i = 0; i < windows.size(); i += 2) {
    values.push_back(ValueOf(definition.kind, windows[i], windows[i + 1]));
    threads_s += windows[i].length_s * threads;
    threads_s += windows[i + 1].length_s * definition.reference->threads;
  }
  return {.value = Median(values), .cpu_share = share_of(threads_s)};
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

Figure MakeFigure(const FigureDefinition& definition, std::span<const RoundResult> rounds,
                  bool judges) {
  Figure figure;
  figure.definition = definition;
  std::vector<double> cpu_shares;
  for (const RoundResult& round : rounds) {
    figure.values.push_back(round.value);
    cpu_shares.push_back(round.cpu_share);
  }
  figure.median = Median(figure.values);
  figure.cpu_share = Median(cpu_shares);
  figure.interval = NestedIntervals::OfMedian(figure.values).At(1 - kConfidence);
  if (judges && figure.interval) figure.verdict = Judge(figure);
  return figure;
}

}  // namespace kvs::selftest
