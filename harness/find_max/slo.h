// A service level objective: which percentiles of the response time have to stay below what.
#ifndef KVS_HARNESS_FIND_MAX_SLO_H_
#define KVS_HARNESS_FIND_MAX_SLO_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "results/model.h"
#include "workloads/spec.h"

namespace kvs::find_max {

// A percentile is judged only with this many samples beyond it.
inline constexpr uint64_t kLeastSamplesBeyond = 100;

struct SloClause {
  std::string operation = "all";  // or a kind of operation: "read"
  double percent = 0;             // one that results have, below 100: 99.9
  uint64_t limit_ns = 0;          // the percentile has to be below it

  friend bool operator==(const SloClause&, const SloClause&) = default;
};

struct Slo {
  std::vector<SloClause> clauses;  // all of them have to hold; at least one
  std::string text;                // as written, without blanks: ParseSlo makes the same of it

  friend bool operator==(const Slo&, const Slo&) = default;
};

// Reads "p99<1ms", "read:p99<500us,p99.9<10ms". Throws UsageError.
Slo ParseSlo(std::string_view text);

// Whether a trial in the open loop held an SLO, and if not, why, with the figures.
struct Verdict {
  bool held = false;
  std::string why;  // empty when held
};

// Holds when the trial measured and did not fall behind, and every percentile rests on
// kLeastSamplesBeyond samples and is below its limit. Pure.
Verdict Judge(const Slo& slo, const Trial& trial);

// The window in s in which `rate_per_s`, all kinds of operations together, gives every percentile
// its samples, and half as many more to be sure; infinite when `workload` never does an operation
// that the SLO names. Pure.
double NeededWindowS(const Slo& slo, const Spec& workload, double rate_per_s);

}  // namespace kvs::find_max

#endif  // KVS_HARNESS_FIND_MAX_SLO_H_
