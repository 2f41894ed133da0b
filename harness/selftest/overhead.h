// What kvs-bench itself adds to what it measures: what tells, what it tells, and whether that is
// little enough.
#ifndef KVS_HARNESS_SELFTEST_OVERHEAD_H_
#define KVS_HARNESS_SELFTEST_OVERHEAD_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/selftest/selftest_options.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"
#include "results/order_statistics.h"

namespace kvs::selftest {

// Of the interval of each figure.
inline constexpr double kConfidence = 0.95;
// Fewer have no such interval.
inline constexpr unsigned kFewestRounds = 6;

// What is run.
struct Arm {
  bool is_floor = true;  // `null`, or the other engine
  std::string workload;
  unsigned threads = 1;
  bool is_sampled = true;  // latencies are; otherwise none is, or one

  friend bool operator==(const Arm&, const Arm&) = default;
};

// With less than this the figures are as much those of who had the CPUs instead.
inline constexpr double kLeastCpuShare = 0.95;

enum class FigureKind : uint8_t {
  kFloorNs,      // ns per operation and thread; at most the limit
  kSpeedUp,      // of `measured` over `reference`, times; at least the limit
  kDisturbance,  // the share of its throughput that `measured` lacks of `reference`; at most
};

struct FigureDefinition {
  FigureKind kind = FigureKind::kFloorNs;
  Arm measured;
  std::optional<Arm> reference;  // differs in threads or in sampling; none of a floor
  double limit = 0;
};

// All figures, by threads, as far as there are CPUs for them: a floor and a speed-up of YCSB C and
// A, and the disturbance of YCSB C on both engines.
std::vector<FigureDefinition> OverheadFigures(unsigned cpus);

// How a figure is measured in one round.
struct PlannedFigure {
  size_t figure = 0;  // its index
  TrialPlan trial;    // of `measured`; in pairs where there is a reference
};

// All of `figures` once, in an order drawn from `random`, with the number of the round and its seed
// and without directories. Throws UsageError when an engine cannot do what is asked of it.
std::vector<PlannedFigure> PlanRound(const OverheadOptions& options,
                                     std::span<const FigureDefinition> figures, unsigned round,
                                     std::mt19937_64& random);

// What a round told of a figure.
struct RoundResult {
  double value = 0;
  double cpu_share = 0;  // of its threads' time in which they had a CPU
};
// By a trial that has measured. In pairs, the median of them.
RoundResult ResultOf(const FigureDefinition& definition, const Trial& trial);

enum class Verdict : uint8_t {
  kOk,            // the interval is within the limit
  kMissed,        // it is beyond, and the threads had their CPUs
  kInconclusive,  // it holds the limit, or is beyond while others had the CPUs
  kNotJudged,     // too few rounds, or nobody asked
};
// "OK", "MISSED", "INCONCLUSIVE", "not judged".
std::string_view ToString(Verdict verdict);

struct Figure {
  FigureDefinition definition;
  std::vector<double> values;  // one per round
  double median = 0;
  double cpu_share = 0;  // median of the rounds
  std::optional<Interval> interval;
  Verdict verdict = Verdict::kNotJudged;
};

// Makes the figure of one result per round, one at least, and judges it if `judges`.
Figure MakeFigure(const FigureDefinition& definition, std::span<const RoundResult> rounds,
                  bool judges);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_OVERHEAD_H_
