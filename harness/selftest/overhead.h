// What kvs-bench itself adds to what it measures: which trials tell, what they tell, and whether
// that is little enough.
#ifndef KVS_HARNESS_SELFTEST_OVERHEAD_H_
#define KVS_HARNESS_SELFTEST_OVERHEAD_H_

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/selftest/selftest_options.h"
#include "harness/trial_plan.h"
#include "results/order_statistics.h"

namespace kvs::selftest {

// Of the interval of each figure.
inline constexpr double kConfidence = 0.95;
// Fewer have no such interval.
inline constexpr unsigned kFewestRounds = 6;

// What one trial of each round measures.
struct Arm {
  bool is_floor = true;  // `null`, or the other engine
  std::string workload;
  unsigned threads = 1;
  bool sampled = true;  // latencies are; otherwise none is, or one

  friend auto operator<=>(const Arm&, const Arm&) = default;
};

// What one trial told.
struct ArmResult {
  double throughput_per_s = 0;
  double cpu_share = 0;  // of its threads' time in which they had a CPU
};
// One per round.
using ArmResults = std::map<Arm, std::vector<ArmResult>>;

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
  Arm reference;  // measured in the same rounds; the same arm where there is none
  double limit = 0;
};

// All figures, by threads, as far as there are CPUs for them: a floor and a speed-up of YCSB C and
// A, and the disturbance of YCSB C on both engines.
std::vector<FigureDefinition> OverheadFigures(unsigned cpus);

// What the figures need.
std::vector<Arm> ArmsOf(std::span<const FigureDefinition> figures);

// The trials of one round, in an order drawn from `random`, with its number and seed and without
// directories. Arms that differ in sampling alone come one after the other, as they are compared:
// machines drift. Throws UsageError when an engine cannot do what is asked of it.
struct PlannedArm {
  Arm arm;
  TrialPlan trial;
};
std::vector<PlannedArm> PlanRound(const OverheadOptions& options, std::span<const Arm> arms,
                                  unsigned round, std::mt19937_64& random);

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
  double cpu_share = 0;  // median of the rounds, of the arm that had less
  std::optional<Interval> interval;
  Verdict verdict = Verdict::kNotJudged;
};

// Makes the figure of `rounds` >= 1 values of its arms, and judges it if `judges`.
Figure MakeFigure(const FigureDefinition& definition, const ArmResults& results, size_t rounds,
                  bool judges);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_OVERHEAD_H_
