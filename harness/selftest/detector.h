// How often verdicts are right: comparisons drawn from recorded trials, judged by the rules of
// `compare` and by those of others. Pure: measures nothing, and the same pools and rules give the
// same report everywhere.
#ifndef KVS_HARNESS_SELFTEST_DETECTOR_H_
#define KVS_HARNESS_SELFTEST_DETECTOR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/selftest/detector_pool.h"
#include "results/order_statistics.h"
#include "results/verdict.h"

namespace kvs::detector {

struct DetectorRules {
  VerdictRules verdicts = {};
  // Lengths of comparisons of one cell, with all stages: baseline, copy and candidate.
  std::vector<double> minutes = {1, 2, 5};
  double main_minutes = 2;  // one of them, at which the others are judged, too
  size_t draws = 300;       // comparisons drawn of each length and change
  uint64_t seed = 1;
};

enum class Method : uint8_t {
  kCompare,      // kvs-bench: paired by block, with an A/A arm; or two sequential runs
  kUTest,        // Google Benchmark's compare.py with its U test
  kMeanRatio,    // means of all trials that differ by more than 10%
  kSingleRatio,  // one trial of each arm that differ by more than 10%
};
// "compare", "u-test", "mean-10%", "single-10%".
std::string_view ToString(Method method);

// In which order the arms were measured.
enum class Order : uint8_t { kInterleaved, kSequential };
// "interleaved", "sequential".
std::string_view ToString(Order order);

// What became of comparisons of one kind.
struct Tally {
  size_t comparisons = 0;
  size_t throughput_found = 0;  // throughput REGRESSED, and the comparison is trusted
  size_t any_found = 0;         // some figure did, likewise
  // Trusted, and: where nothing changed, some figure REGRESSED or IMPROVED; otherwise throughput
  // IMPROVED.
  size_t false_verdicts = 0;
  size_t said_ok = 0;    // trusted, and throughput OK although it lost more than the threshold
  size_t undecided = 0;  // trusted, throughput INCONCLUSIVE
  size_t untrusted = 0;
  size_t blocks = 0;  // measured in all, as an early decision saves the later stages; kCompare only

  friend bool operator==(const Tally&, const Tally&) = default;
};

inline constexpr double kShareConfidence = 0.95;
// Clopper and Pearson's interval of the probability of what happened `count` times in
// `comparisons` > 0 (Biometrika 26, 1934).
Interval ShareInterval(size_t count, size_t comparisons);

// Of one cell, change, method and number of trials.
struct DetectorRow {
  std::string cell;
  std::string arm;  // the candidate's
  Order order = Order::kInterleaved;
  Method method = Method::kCompare;
  std::optional<double> minutes = {};  // nothing: as many trials as a sequential run has
  size_t trials = 0;                   // of each arm
  // Blocks drawn anew for each comparison, without putting back within one. They share blocks, so
  // that an interval of their share is about the drawing only: nothing of a sequential pool.
  std::optional<Tally> drawn = {};
  // Consecutive blocks, each in one comparison; or the runs of a sequential pool. These are
  // independent.
  Tally disjoint = {};
};

// What an arm of a cell really changed, by all blocks of the pool.
struct ArmTruth {
  std::string cell;
  std::string arm;
  size_t blocks = 0;
  double throughput_change = 0;           // of the median pair, less 1
  std::optional<Interval> interval = {};  // at kShareConfidence
};

struct DetectorReport {
  Properties origin;  // of the paired pool
  unsigned blocks = 0;
  unsigned runs = 0;
  DetectorRules rules;
  std::vector<ArmTruth> truths;
  std::vector<DetectorRow> rows;

  // Null when there is none. `minutes`: as in the row.
  const DetectorRow* Find(std::string_view cell, std::string_view arm, Order order, Method method,
                          std::optional<double> minutes) const;
};

// `sequential` may have no trials. Throws UsageError where the trials are no whole blocks and runs,
// or lack the arms that every pool needs.
DetectorReport MeasureDetector(const Pool& paired, const Pool& sequential,
                               const DetectorRules& rules);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_DETECTOR_H_
