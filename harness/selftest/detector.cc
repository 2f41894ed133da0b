#include "harness/selftest/detector.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iterator>
#include <map>
#include <numeric>
#include <random>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <boost/math/distributions/binomial.hpp>

#include "harness/exit_code.h"
#include "harness/run/shuffle.h"
#include "harness/selftest/rivals.h"
#include "results/comparison.h"
#include "results/paired_comparison.h"
#include "results/trial_figures.h"

namespace kvs::detector {
namespace {

// The figures that `compare` makes of such trials, but for counts.
struct FigureDefinition {
  std::string_view name;
  std::string_view unit;
  bool higher_is_better = false;
  double percent = 0;  // 0: throughput
  std::optional<PoolLatency> PoolTrial::*latency = nullptr;
  uint64_t PoolLatency::*value_ns = nullptr;
};
constexpr FigureDefinition kFigures[] = {
    {.name = "throughput", .unit = "ops/s", .higher_is_better = true},
    {"read p50", "ns", false, 50, &PoolTrial::read, &PoolLatency::p50_ns},
    {"read p99", "ns", false, 99, &PoolTrial::read, &PoolLatency::p99_ns},
    {"read p99.9", "ns", false, 99.9, &PoolTrial::read, &PoolLatency::p999_ns},
    {"update p50", "ns", false, 50, &PoolTrial::update, &PoolLatency::p50_ns},
    {"update p99", "ns", false, 99, &PoolTrial::update, &PoolLatency::p99_ns},
    {"update p99.9", "ns", false, 99.9, &PoolTrial::update, &PoolLatency::p999_ns},
};

bool IsThroughput(const FigureDefinition& figure) { return figure.latency == nullptr; }

// A figure of one trial; nothing where it has too few samples for it.
std::optional<double> ValueOf(const FigureDefinition& figure, const PoolTrial& trial) {
  if (IsThroughput(figure)) return trial.throughput_per_s;
  const std::optional<PoolLatency>& latency = trial.*figure.latency;
  if (!latency) return std::nullopt;
  const double beyond =
      std::round(static_cast<double>(latency->samples) * (100 - figure.percent) / 100);
  if (beyond < static_cast<double>(kFewestSamplesBeyond)) return std::nullopt;
  return static_cast<double>((*latency).*figure.value_ns);
}

constexpr size_t kFigureCount = std::size(kFigures);
// All figures of one trial.
using TrialValues = std::array<std::optional<double>, kFigureCount>;
using ValueList = std::vector<TrialValues>;

// The trials of a cell: by arm, then by block (or run), in the order in which they ran.
struct CellValues {
  std::string name;
  std::map<std::string, std::vector<ValueList>, std::less<>> arms;
  size_t blocks = 0;
  double trial_s = 0;  // mean
};

std::vector<CellValues> GroupTrials(const Pool& pool) {
  std::vector<CellValues> cells;
  for (const std::string& name : pool.Cells()) {
    CellValues cell{.name = name, .arms = {}, .blocks = pool.Blocks()};
    double elapsed_s = 0;
    size_t trials = 0;
    for (const PoolTrial& trial : pool.trials) {
      if (trial.cell != name) continue;
      std::vector<ValueList>& blocks = cell.arms[trial.arm];
      blocks.resize(cell.blocks);
      TrialValues& values = blocks[trial.block].emplace_back();
      for (size_t i = 0; i < kFigureCount; ++i) values[i] = ValueOf(kFigures[i], trial);
      elapsed_s += trial.elapsed_s;
      ++trials;
    }
    cell.trial_s = elapsed_s / static_cast<double>(trials);
    cells.push_back(std::move(cell));
  }
  return cells;
}

// Throws unless each arm, those that are `needed` among them, has `trials` trials in each block.
void CheckBlocks(const std::vector<CellValues>& cells, size_t trials,
                 std::span<const std::string_view> needed) {
  for (const CellValues& cell : cells) {
    for (const std::string_view arm : needed) {
      if (cell.arms.contains(arm)) continue;
      throw UsageError(fmt::format("the pool has no arm '{}' in cell '{}'", arm, cell.name));
    }
    for (const auto& [arm, blocks] : cell.arms) {
      for (size_t block = 0; block < blocks.size(); ++block) {
        if (blocks[block].size() == trials) continue;
        throw UsageError(
            fmt::format("the pool has {} trials of arm '{}' of cell '{}' in block {}, expected {}",
                        blocks[block].size(), arm, cell.name, block, trials));
      }
    }
  }
}

// The trials of an arm in `blocks`, in their order.
ValueList TrialsIn(const CellValues& cell, std::string_view arm, std::span<const size_t> blocks) {
  const std::vector<ValueList>& all = cell.arms.find(arm)->second;
  ValueList trials;
  for (const size_t block : blocks) {
    trials.insert(trials.end(), all[block].begin(), all[block].end());
  }
  return trials;
}

// The figure at `figure` of every trial, or nothing if one lacks it.
std::optional<std::vector<double>> Values(size_t figure, const ValueList& trials) {
  std::vector<double> values;
  values.reserve(trials.size());
  for (const TrialValues& trial : trials) {
    if (!trial[figure]) return std::nullopt;
    values.push_back(*trial[figure]);
  }
  return values;
}

// The verdicts of one comparison.
struct Judged {
  std::vector<std::pair<const FigureDefinition*, Verdict>> figures;  // those that were judged
  bool untrusted = false;
  size_t blocks = 0;
};

Figure MakeFigure(const FigureDefinition& definition) {
  return {.name = std::string(definition.name),
          .unit = std::string(definition.unit),
          .higher_is_better = definition.higher_is_better};
}

Judged VerdictsOf(const Comparison& comparison,
                  const std::vector<const FigureDefinition*>& definitions) {
  const ComparedCell& cell = comparison.cells.front();
  Judged judged{.figures = {}, .untrusted = OutcomeOf(comparison) == Outcome::kUntrusted};
  for (size_t i = 0; i < definitions.size(); ++i) {
    judged.figures.emplace_back(definitions[i], cell.judgements[i].verdict);
  }
  return judged;
}

// By `compare`, in stages over equal parts of `blocks`, as ComparePaired and its runner do: another
// stage where a figure is undecided and the comparison is trusted, and each stage asks by itself
// what can be judged. (Not by ComparePaired itself, which wants whole trials: that would take ten
// times as long. A test compares the two.)
Judged JudgePaired(const CellValues& cell, std::string_view arm, std::span<const size_t> blocks,
                   const VerdictRules& rules) {
  const size_t per_stage = blocks.size() / rules.stages;
  Comparison comparison;
  comparison.design = Design::kPaired;
  comparison.rules = rules;
  ComparedCell& compared = comparison.cells.emplace_back();
  std::vector<const FigureDefinition*> definitions;
  size_t stages = 0;
  for (bool goes_on = true; goes_on && stages < rules.stages; ++stages) {
    const std::span<const size_t> part = blocks.subspan(stages * per_stage, per_stage);
    const ValueList ours = TrialsIn(cell, kBaseline, part), theirs = TrialsIn(cell, arm, part),
                    again = TrialsIn(cell, kCopy, part);
    for (size_t i = 0, next = 0; i < kFigureCount; ++i) {
      const auto baseline = Values(i, ours), candidate = Values(i, theirs), copy = Values(i, again);
      const bool can_be_judged = baseline && candidate && copy;
      if (stages == 0 && can_be_judged) {
        definitions.push_back(&kFigures[i]);
        compared.figures.push_back(MakeFigure(kFigures[i]));
      }
      if (next == definitions.size() || definitions[next] != &kFigures[i]) continue;
      Figure& figure = compared.figures[next++];
      if (!can_be_judged || figure.stages.size() != stages) continue;
      figure.stages.push_back({.baseline = *baseline,
                               .candidate = *candidate,
                               .baseline_copy = *copy,
                               .same_operations = true});
    }
    JudgeComparison(comparison);
    goes_on = IsUndecided(compared) && OutcomeOf(comparison) != Outcome::kUntrusted;
  }
  Judged judged = VerdictsOf(comparison, definitions);
  judged.blocks = stages * per_stage;
  return judged;
}

// By `compare` of two runs that were measured apart.
Judged JudgeUnpaired(const ValueList& baseline, const ValueList& candidate, VerdictRules rules) {
  rules.stages = 1;
  Comparison comparison;
  comparison.design = Design::kUnpaired;
  comparison.rules = rules;
  comparison.cells.resize(1);
  std::vector<const FigureDefinition*> definitions;
  for (size_t i = 0; i < kFigureCount; ++i) {
    auto ours = Values(i, baseline), theirs = Values(i, candidate);
    if (!ours || !theirs) continue;
    definitions.push_back(&kFigures[i]);
    Figure figure = MakeFigure(kFigures[i]);
    figure.stages = {{.baseline = std::move(*ours), .candidate = std::move(*theirs)}};
    comparison.cells.front().figures.push_back(std::move(figure));
  }
  JudgeComparison(comparison);
  return VerdictsOf(comparison, definitions);
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// By others, each of the same figures on its own.
Judged JudgeByRival(Method method, const ValueList& baseline, const ValueList& candidate) {
  Judged judged;
  for (size_t i = 0; i < kFigureCount; ++i) {
    const auto ours = Values(i, baseline), theirs = Values(i, candidate);
    if (!ours || !theirs) continue;
    const bool up = kFigures[i].higher_is_better;
    Verdict verdict = Verdict::kNotJudged;
    if (method == Method::kUTest) {
      verdict = JudgeByUTest(*ours, *theirs, up);
    } else if (method == Method::kMeanRatio) {
      verdict = JudgeByRatio(Mean(*ours), Mean(*theirs), up);
    } else {
      verdict = JudgeByRatio(ours->front(), theirs->front(), up);
    }
    judged.figures.emplace_back(&kFigures[i], verdict);
  }
  return judged;
}

void Count(const Judged& judged, const DetectorArm& arm, double threshold, Tally& tally) {
  ++tally.comparisons;
  tally.blocks += judged.blocks;
  if (judged.untrusted) {
    ++tally.untrusted;
    return;
  }
  Verdict throughput = Verdict::kNotJudged;
  bool any_regressed = false, any_improved = false;
  for (const auto& [figure, verdict] : judged.figures) {
    if (IsThroughput(*figure)) throughput = verdict;
    any_regressed = any_regressed || verdict == Verdict::kRegressed;
    any_improved = any_improved || verdict == Verdict::kImproved;
  }
  const bool is_same = arm.loss == 0 && !arm.has_tail && !arm.has_lock;
  tally.throughput_found += throughput == Verdict::kRegressed;
  tally.any_found += any_regressed;
  tally.false_verdicts +=
      is_same ? any_regressed || any_improved : throughput == Verdict::kImproved;
  tally.said_ok += arm.loss > threshold && throughput == Verdict::kOk;
  tally.undecided += throughput == Verdict::kInconclusive;
}

// Calls `use` with the blocks of each comparison of `count` blocks, drawn or consecutive.
using UseBlocks = std::function<void(std::span<const size_t> blocks)>;
void ForEachDraw(size_t blocks, size_t count, size_t draws, uint64_t seed, const UseBlocks& use) {
  if (count == 0 || count > blocks) return;
  std::mt19937_64 random(seed);
  std::vector<size_t> all(blocks);
  for (size_t draw = 0; draw < draws; ++draw) {
    std::iota(all.begin(), all.end(), size_t{0});
    Shuffle(all, random);
    use(std::span(all).first(count));
  }
}
void ForEachConsecutive(size_t blocks, size_t count, const UseBlocks& use) {
  if (count == 0) return;
  std::vector<size_t> some(count);
  for (size_t begin = 0; begin + count <= blocks; begin += count) {
    std::iota(some.begin(), some.end(), begin);
    use(some);
  }
}

class Detector {
 public:
  Detector(const Pool& paired, const Pool& sequential, const DetectorRules& rules)
      : rules_(rules), paired_(GroupTrials(paired)), sequential_(GroupTrials(sequential)) {
    constexpr std::string_view kNeeded[] = {kBaseline, kCopy, kSame, kFivePercent};
    CheckBlocks(paired_, kTrialsPerBlock, kNeeded);
    if (!sequential_.empty()) {
      sequential_trials_ = sequential_.front().arms.begin()->second.front().size();
      CheckBlocks(sequential_, sequential_trials_, std::span(kNeeded).first(1));
    }
    report_.origin = paired.origin;
    report_.blocks = paired.Blocks();
    report_.runs = sequential.Blocks();
    report_.rules = rules;
  }

  DetectorReport Measure() {
    for (size_t i = 0; i < paired_.size(); ++i) {
      const CellValues& cell = paired_[i];
      AddTruths(cell);
      const uint64_t seed = rules_.seed * 1000 + 10 * i;
      for (const double minutes : rules_.minutes) {
        // Three arms, each twice in a block.
        const auto blocks = static_cast<size_t>(minutes * 60 / (6 * cell.trial_s));
        AddInterleaved(cell, minutes, blocks, minutes == rules_.main_minutes, seed);
      }
      if (sequential_trials_ > 0) {
        AddInterleaved(cell, std::nullopt, sequential_trials_ / 2, true, seed);
      }
    }
    for (const CellValues& cell : sequential_) AddSequential(cell);
    return std::move(report_);
  }

 private:
  static std::vector<const DetectorArm*> CandidatesOf(const CellValues& cell) {
    std::vector<const DetectorArm*> arms;
    for (const DetectorArm& arm : kDetectorArms) {
      if (arm.name != kBaseline && arm.name != kCopy && cell.arms.contains(arm.name)) {
        arms.push_back(&arm);
      }
    }
    return arms;
  }

  void AddTruths(const CellValues& cell) {
    std::vector<size_t> all(cell.blocks);
    std::iota(all.begin(), all.end(), size_t{0});
    const auto baseline = *Values(0, TrialsIn(cell, kBaseline, all));
    for (const DetectorArm* arm : CandidatesOf(cell)) {
      std::vector<double> logs = *Values(0, TrialsIn(cell, arm->name, all));
      for (size_t i = 0; i < logs.size(); ++i) logs[i] = std::log(logs[i] / baseline[i]);
      const auto intervals = NestedIntervals::OfMedian(std::move(logs));
      ArmTruth truth{.cell = cell.name,
                     .arm = std::string(arm->name),
                     .blocks = cell.blocks,
                     .throughput_change = std::expm1(intervals.estimate())};
      if (const auto interval = intervals.At(1 - kShareConfidence)) {
        truth.interval =
            Interval{.low = std::expm1(interval->low), .high = std::expm1(interval->high)};
      }
      report_.truths.push_back(std::move(truth));
    }
  }

  // Rows of all changes, by `compare` and, if asked for, by the others on the same trials.
  void AddInterleaved(const CellValues& cell, std::optional<double> minutes, size_t blocks,
                      bool with_rivals, uint64_t seed) {
    blocks -= blocks % rules_.verdicts.stages;
    std::vector<Method> methods = {Method::kCompare};
    if (with_rivals) {
      methods.insert(methods.end(), {Method::kUTest, Method::kMeanRatio, Method::kSingleRatio});
    }
    for (const DetectorArm* arm : CandidatesOf(cell)) {
      for (const Method method : methods) {
        DetectorRow row{.cell = cell.name,
                        .arm = std::string(arm->name),
                        .order = Order::kInterleaved,
                        .method = method,
                        .minutes = minutes,
                        .trials = 2 * blocks,
                        .drawn = Tally()};
        const auto count_into = [&](Tally& tally) {
          return [&, this](std::span<const size_t> some) {
            Count(JudgeInterleaved(cell, *arm, method, some), *arm, rules_.verdicts.threshold,
                  tally);
          };
        };
        ForEachDraw(cell.blocks, blocks, rules_.draws, seed, count_into(*row.drawn));
        ForEachConsecutive(cell.blocks, blocks, count_into(row.disjoint));
        report_.rows.push_back(std::move(row));
      }
    }
  }

  Judged JudgeInterleaved(const CellValues& cell, const DetectorArm& arm, Method method,
                          std::span<const size_t> blocks) const {
    if (method == Method::kCompare) return JudgePaired(cell, arm.name, blocks, rules_.verdicts);
    return JudgeByRival(method, TrialsIn(cell, kBaseline, blocks),
                        TrialsIn(cell, arm.name, blocks));
  }

  void AddSequential(const CellValues& cell) {
    for (const DetectorArm* arm : CandidatesOf(cell)) {
      for (const Method method :
           {Method::kCompare, Method::kUTest, Method::kMeanRatio, Method::kSingleRatio}) {
        DetectorRow row{.cell = cell.name,
                        .arm = std::string(arm->name),
                        .order = Order::kSequential,
                        .method = method,
                        .trials = sequential_trials_};
        ForEachConsecutive(cell.blocks, 1, [&](std::span<const size_t> run) {
          const ValueList baseline = TrialsIn(cell, kBaseline, run);
          const ValueList candidate = TrialsIn(cell, arm->name, run);
          Count(method == Method::kCompare ? JudgeUnpaired(baseline, candidate, rules_.verdicts)
                                           : JudgeByRival(method, baseline, candidate),
                *arm, rules_.verdicts.threshold, row.disjoint);
        });
        report_.rows.push_back(std::move(row));
      }
    }
  }

  const DetectorRules rules_;
  const std::vector<CellValues> paired_;
  const std::vector<CellValues> sequential_;
  size_t sequential_trials_ = 0;  // of each arm of a run
  DetectorReport report_;
};

}  // namespace

std::string_view ToString(Method method) {
  switch (method) {
    case Method::kCompare:
      return "compare";
    case Method::kUTest:
      return "u-test";
    case Method::kMeanRatio:
      return "mean-10%";
    case Method::kSingleRatio:
      break;
  }
  return "single-10%";
}

std::string_view ToString(Order order) {
  return order == Order::kInterleaved ? "interleaved" : "sequential";
}

Interval ShareInterval(size_t count, size_t comparisons) {
  using Binomial = boost::math::binomial_distribution<double>;
  const auto trials = static_cast<double>(comparisons);
  const auto successes = static_cast<double>(count);
  constexpr double kEachSide = (1 - kShareConfidence) / 2;
  return {.low = Binomial::find_lower_bound_on_p(trials, successes, kEachSide),
          .high = Binomial::find_upper_bound_on_p(trials, successes, kEachSide)};
}

const DetectorRow* DetectorReport::Find(std::string_view cell, std::string_view arm, Order order,
                                        Method method, std::optional<double> minutes) const {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const DetectorRow& row) {
    return row.cell == cell && row.arm == arm && row.order == order && row.method == method &&
           row.minutes == minutes;
  });
  return found == rows.end() ? nullptr : &*found;
}

DetectorReport MeasureDetector(const Pool& paired, const Pool& sequential,
                               const DetectorRules& rules) {
  return Detector(paired, sequential, rules).Measure();
}

}  // namespace kvs::detector
