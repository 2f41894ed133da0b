// How others tell whether a benchmark changed: what the verdicts of kvs-bench are compared with.
// Pure.
#ifndef KVS_HARNESS_SELFTEST_RIVALS_H_
#define KVS_HARNESS_SELFTEST_RIVALS_H_

#include <span>

#include "results/verdict.h"

namespace kvs::detector {

// p value of the two-sided Mann-Whitney test as Google Benchmark's compare.py computes it, which
// calls scipy.stats.mannwhitneyu: exact where a sample has at most 8 values and there are no ties,
// otherwise by the normal distribution with corrections for ties and continuity. Neither is empty.
double UTestP(std::span<const double> first, std::span<const double> second);

// compare.py paints a benchmark's p value as a difference below this, its --alpha.
inline constexpr double kUTestAlpha = 0.05;
// Of the repetitions of one figure, higher_is_better or not: a change where the test says so,
// towards where more of the candidate's values lie; otherwise OK, as no difference is shown.
Verdict JudgeByUTest(std::span<const double> baseline, std::span<const double> candidate,
                     bool higher_is_better);

// The rule that many a CI has: a ratio beyond a fixed limit is a change.
inline constexpr double kRatioLimit = 0.10;
// `candidate` is a change when it is below 1 - kRatioLimit or above 1 + kRatioLimit of `baseline`,
// which is above 0.
Verdict JudgeByRatio(double baseline, double candidate, bool higher_is_better);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_RIVALS_H_
