#include "results/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "results/statistics.h"

namespace kvs {
namespace {

bool AllZero(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

bool AnyZero(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return value == 0; });
}

// The verdict on a change whose candidate lies higher, or lower.
Verdict ChangeTo(bool higher, const Figure& figure) {
  return higher == figure.higher_is_better ? Verdict::kImproved : Verdict::kRegressed;
}

Judgement Describe(const Arms& arms, unsigned stage) {
  Judgement judgement;
  judgement.stage = stage;
  judgement.baseline_trials = arms.baseline.size();
  judgement.candidate_trials = arms.candidate.size();
  if (arms.baseline.empty() || arms.candidate.empty()) return judgement;
  judgement.baseline_median = Median(arms.baseline);
  judgement.candidate_median = Median(arms.candidate);
  return judgement;
}

// By the exact rule; nothing where it does not apply.
std::optional<Judgement> JudgeExactly(const Figure& figure, const Arms& arms, unsigned stage) {
  const size_t streams = arms.baseline.size() / arms.trials_per_stream;
  if (!figure.is_count || !arms.same_operations || streams < kFewestExactStreams) {
    return std::nullopt;
  }
  std::vector<double> ratios;
  for (size_t i = 0; i < arms.baseline.size(); ++i) {
    const double baseline = arms.baseline[i];
    const double candidate = arms.candidate[i];
    ratios.push_back(candidate == baseline ? 1 : candidate / baseline);  // of 0: infinite
  }
  const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
  constexpr double kFactor = 1 + kExactTolerance;
  if (*most > *least * kFactor) return std::nullopt;  // it varies by itself
  Judgement judgement = Describe(arms, stage);
  judgement.is_exact = true;
  if (const double ratio = Median(ratios); std::isfinite(ratio)) judgement.change = ratio - 1;
  if (*least > kFactor || *most * kFactor < 1) {
    judgement.verdict = ChangeTo(*least > 1, figure);
  } else if (*most <= kFactor && *least * kFactor >= 1) {
    judgement.verdict = Verdict::kOk;
  } else {
    return std::nullopt;  // too near to the tolerance to tell by looking
  }
  return judgement;
}

std::string WhyNoRatio(const Arms& arms) {
  if (arms.baseline.empty() || arms.candidate.empty()) return "an arm has no trial";
  if (AllZero(arms.baseline) && AllZero(arms.candidate)) return "0 in all trials";
  if (AnyZero(arms.baseline) || AnyZero(arms.candidate)) return "0 in some trials";
  return "";
}

NestedIntervals LogRatios(const Arms& arms, Design design) {
  std::vector<double> baseline, candidate;
  for (const double value : arms.baseline) baseline.push_back(std::log(value));
  for (const double value : arms.candidate) candidate.push_back(std::log(value));
  if (design == Design::kUnpaired) return NestedIntervals::OfShift(baseline, candidate);
  assert(baseline.size() == candidate.size());
  for (size_t i = 0; i < candidate.size(); ++i) candidate[i] -= baseline[i];
  return NestedIntervals::OfMedian(std::move(candidate));
}

// A figure that statistics decide in this stage.
struct Candidate {
  size_t index;  // of the figure
  Judgement judgement;
  NestedIntervals log_ratio;
  bool can_be_change;  // otherwise it can be OK
  double p;            // least alpha at which it is what it can be
};

// Why and with how much more it would be decided. `interval` is that of log ratios.
void AddForecast(const Candidate& candidate, const std::optional<Interval>& interval, Design design,
                 double limit, Judgement& judgement) {
  const size_t fewest = design == Design::kPaired ? FewestForMedian(judgement.alpha)
                                                  : FewestForShift(judgement.alpha);
  if (!interval) {
    judgement.trials_needed = fewest;
    return;
  }
  const double estimate = candidate.log_ratio.estimate();
  const double above = interval->high - estimate;
  const double below = estimate - interval->low;
  judgement.detectable_change = std::expm1(std::max({limit, above, below}));
  // By what factor the interval must shrink; it does so with the root of the number of trials.
  const double factor = candidate.can_be_change
                            ? (estimate > 0 ? below : above) / std::fabs(estimate)
                            : std::max(above / (limit - estimate), below / (limit + estimate));
  const auto trials =
      static_cast<double>(std::min(judgement.baseline_trials, judgement.candidate_trials));
  const double needed = std::ceil(std::max(trials + 1, trials * factor * factor));
  judgement.trials_needed = std::max(
      fewest, static_cast<size_t>(std::min(needed, static_cast<double>(kMostTrialsNeeded))));
}

void Decide(const Figure& figure, Design design, double limit, double alpha, Candidate& candidate) {
  Judgement& judgement = candidate.judgement;
  const double estimate = candidate.log_ratio.estimate();
  const std::optional<Interval> interval = candidate.log_ratio.At(alpha);
  judgement.alpha = alpha;
  judgement.change = std::expm1(estimate);
  if (interval) {
    judgement.interval =
        Interval{.low = std::expm1(interval->low), .high = std::expm1(interval->high)};
  }
  if (candidate.p > alpha) {
    judgement.verdict = Verdict::kInconclusive;
    AddForecast(candidate, interval, design, limit, judgement);
  } else {
    judgement.verdict = candidate.can_be_change ? ChangeTo(estimate > 0, figure) : Verdict::kOk;
  }
}

// Judges the figures at `undecided` by their stage `stage`, and leaves those that it does not
// decide in it.
void JudgeStage(std::span<const Figure> figures, Design design, const VerdictRules& rules,
                unsigned stage, std::vector<size_t>& undecided,
                std::vector<Judgement>& judgements) {
  const double limit = std::log1p(rules.threshold);
  std::vector<Candidate> candidates;
  for (const size_t index : undecided) {
    const Figure& figure = figures[index];
    if (stage >= figure.stages.size()) continue;
    const Arms& arms = figure.stages[stage];
    if (std::optional<Judgement> exact = JudgeExactly(figure, arms, stage)) {
      judgements[index] = std::move(*exact);
      continue;
    }
    Judgement judgement = Describe(arms, stage);
    if (judgement.reason = WhyNoRatio(arms); !judgement.reason.empty()) {
      judgements[index] = std::move(judgement);
      continue;
    }
    NestedIntervals log_ratio = LogRatios(arms, design);
    const bool can_be_change = std::fabs(log_ratio.estimate()) > limit;
    const double p =
        can_be_change ? log_ratio.AlphaToExclude(0) : log_ratio.AlphaToLieWithin(limit);
    candidates.push_back({index, std::move(judgement), std::move(log_ratio), can_be_change, p});
  }

  const double q = rules.false_share / rules.stages;
  for (const bool change : {true, false}) {
    // What can only be of the other kind counts among the m, and is never selected.
    std::vector<double> p_values;
    for (const Candidate& candidate : candidates) {
      p_values.push_back(candidate.can_be_change == change ? candidate.p : 1.0);
    }
    const size_t selected = std::max<size_t>(1, CountSelected(p_values, q));
    const double alpha = q * static_cast<double>(selected) / static_cast<double>(p_values.size());
    for (Candidate& candidate : candidates) {
      if (candidate.can_be_change != change) continue;
      Decide(figures[candidate.index], design, limit, alpha, candidate);
      judgements[candidate.index] = std::move(candidate.judgement);
    }
  }
  std::erase_if(undecided, [&](size_t index) {
    return stage >= figures[index].stages.size() ||
           judgements[index].verdict != Verdict::kInconclusive;
  });
}

}  // namespace

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kRegressed:
      return "REGRESSED";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kImproved:
      return "IMPROVED";
    case Verdict::kOk:
      return "OK";
    case Verdict::kNotJudged:
      return "not judged";
  }
  return "?";
}

size_t CountSelected(std::vector<double> p_values, double q) {
  std::sort(p_values.begin(), p_values.end());
  const auto m = static_cast<double>(p_values.size());
  for (size_t rank = p_values.size(); rank > 0; --rank) {
    if (p_values[rank - 1] <= q * static_cast<double>(rank) / m) return rank;
  }
  return 0;
}

std::vector<Judgement> Judge(std::span<const Figure> figures, Design design,
                             const VerdictRules& rules) {
  assert(rules.threshold > 0 && rules.false_share > 0 && rules.false_share < 1);
  assert(rules.stages > 0);
  std::vector<Judgement> judgements(figures.size());
  std::vector<size_t> undecided;
  for (size_t i = 0; i < figures.size(); ++i) {
    assert(!figures[i].stages.empty() && figures[i].stages.size() <= rules.stages);
    judgements[i] = Describe(figures[i].stages.front(), 0);
    judgements[i].reason = figures[i].why_not_judged;
    if (figures[i].why_not_judged.empty()) undecided.push_back(i);
  }
  for (unsigned stage = 0; stage < rules.stages && !undecided.empty(); ++stage) {
    JudgeStage(figures, design, rules, stage, undecided, judgements);
  }
  return judgements;
}

}  // namespace kvs
