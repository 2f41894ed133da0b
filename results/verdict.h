// Whether figures changed between two arms of a comparison: the rules. docs/verdicts.md explains
// them. Pure.
#ifndef KVS_RESULTS_VERDICT_H_
#define KVS_RESULTS_VERDICT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/order_statistics.h"

namespace kvs {

enum class Verdict : uint8_t {
  kRegressed,     // worse by more than the threshold, and surely worse
  kInconclusive,  // the trials do not tell
  kImproved,      // better by more than the threshold, and surely better
  kOk,            // no change beyond the threshold
  kNotJudged,     // the figure cannot be judged, and why is said
};
// "REGRESSED", "INCONCLUSIVE", "IMPROVED", "OK", "not judged".
std::string_view ToString(Verdict verdict);

// How the trials of the arms belong together.
enum class Design : uint8_t {
  // Elements k of the arms were measured beside each other in time, in random order, so that what
  // changes slowly changes both.
  kPaired,
  // The arms were measured apart, and what changed meanwhile is in the difference.
  kUnpaired,
};

// One figure of one cell, by trial, in the order in which they were measured; finite, from 0 on.
struct Arms {
  std::vector<double> baseline;
  std::vector<double> candidate;  // kPaired: as many
  // A/A arm: the baseline once more. Empty or, kPaired, as many.
  std::vector<double> baseline_copy = {};
  bool same_operations = false;    // element k of every arm is of the same stream of operations
  unsigned trials_per_stream = 1;  // so many elements in a row are of one stream

  friend bool operator==(const Arms&, const Arms&) = default;
};

// What is judged.
struct Figure {
  std::string name;  // "throughput", "read p99"
  std::string unit;  // "ops/s", "ns", "B/op", "/op"
  bool higher_is_better = false;
  bool is_count = false;            // of events or bytes: the exact rule applies where it can
  bool is_advisory = false;         // shown, but decides nothing
  std::string why_not_judged = {};  // "" when it is to be judged
  // Each is measured afresh after the one before left the figure undecided. At least one.
  std::vector<Arms> stages = {};
};

struct VerdictRules {
  // Changes by less than this factor, less 1, do not matter: 0.02 is from 1/1.02 to 1.02. > 0.
  double threshold = 0.02;
  // False changes among those reported, and false OKs among the OKs: at most this share of each is
  // to be expected. In 0..1, both excluded.
  double false_share = 0.05;
  // So many stages there may be; each gets an equal part of false_share. At least 1.
  unsigned stages = 1;
};

struct Judgement {
  Verdict verdict = Verdict::kNotJudged;
  std::string reason;  // why it was not judged

  // Of the stage that decided, or of the last one; all but the counts nothing when not judged.
  unsigned stage = 0;
  size_t baseline_trials = 0;
  size_t candidate_trials = 0;
  double baseline_median = 0;
  double candidate_median = 0;
  bool is_exact = false;  // by the exact rule: no interval
  // Candidate over baseline, less 1; nothing when the baseline is 0.
  std::optional<double> change;
  std::optional<Interval> interval;  // of `change`; nothing with too few trials
  double alpha = 0;                  // 1 - alpha is the interval's level

  // Of an inconclusive verdict. A change so large, less 1 as a factor, would have been noticed.
  std::optional<double> detectable_change;
  // Pairs (kUnpaired: trials of each arm) of a further stage that would decide, if they vary as
  // these did; a forecast. Capped at kMostTrialsNeeded.
  std::optional<size_t> trials_needed;

  friend bool operator==(const Judgement&, const Judgement&) = default;
};

inline constexpr size_t kMostTrialsNeeded = 10'000;

// Counts whose ratios agree to within this share are judged by the exact rule.
inline constexpr double kExactTolerance = 0.005;
// With fewer streams of operations, agreement may be chance: a count repeats itself on the same
// one.
inline constexpr size_t kFewestExactStreams = 3;

// Judges `figures` together, as one family: how much evidence one of them needs depends on how many
// there are. One judgement each, in their order. An earlier stage's verdict stays as it is when a
// later stage is added; figures that have no next stage stay as inconclusive as they are.
//
// Exact rule, for counts of the same operations whose ratios of candidate to baseline agree from
// trial to trial to kExactTolerance: a change when each of them is beyond kExactTolerance, OK when
// none is. Other counts, and times:
//
// The log ratio of candidate to baseline is estimated with an interval (NestedIntervals: OfMedian
// of the pairs' log ratios, or OfShift between unpaired logs). An estimate beyond the threshold
// can be a change, and is when its interval leaves out no change; an estimate within it can be OK,
// and is when its interval lies within. Both kinds are selected by Benjamini and Hochberg
// ("Controlling the false discovery rate", J. R. Statist. Soc. B 57 (1995), section 3.1) among all
// figures that the stage judges, and the intervals of R selected of m have the level 1 - R/m * q:
// Benjamini and Yekutieli, "False discovery rate-adjusted multiple confidence intervals for
// selected parameters", J. Am. Statist. Assoc. 100 (2005), section 3, where q is false_share /
// stages. Where nothing is selected, R is 1. Where nothing changed, a change is reported with a
// probability of at most q.
std::vector<Judgement> Judge(std::span<const Figure> figures, Design design,
                             const VerdictRules& rules);

// How many of `p_values` Benjamini and Hochberg's procedure selects at `q`.
size_t CountSelected(std::vector<double> p_values, double q);

}  // namespace kvs

#endif  // KVS_RESULTS_VERDICT_H_
