// Two result files as the arms of a comparison. Pure.
#ifndef KVS_RESULTS_STORED_COMPARISON_H_
#define KVS_RESULTS_STORED_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "results/comparison.h"
#include "results/model.h"

namespace kvs {

// A percentile is judged where each trial has at least so many samples beyond it.
inline constexpr uint64_t kFewestSamplesBeyond = 100;

// What differs between two runs although it should not.
struct Mismatch {
  std::string field;  // "host.kernel", "workload ycsb-a: recordcount"
  std::string baseline;
  std::string candidate;

  friend bool operator==(const Mismatch&, const Mismatch&) = default;
};

// Of machine, build, kvs-bench and the engines' libraries. What has a name of its own from machine
// to machine (the host, a device) is no difference; what is known of one run only, is.
std::vector<Mismatch> EnvironmentMismatches(const Run& baseline, const Run& candidate);

// Of what the cells of both runs were asked: workload properties, rate, sampling, memory budget,
// window. Figures of different questions cannot be compared.
std::vector<Mismatch> WorkloadMismatches(const Run& baseline, const Run& candidate);

// The cells that both runs have, floors aside, not judged yet. By closed loop the throughput and
// the service times of each kind of operation, by open loop the response times; of writes the
// flushes (tier sync) and the bytes per byte asked for; instructions per operation; each where both
// runs have it. Times of cells that wait for flushes are advisory unless `judge_flush_bound`.
//
// The design is kUnpaired: trial k of one run was not measured beside trial k of the other, and
// pairing them would take the machine's drift for something that cancels out.
Comparison CompareStored(const Run& baseline, const Run& candidate, bool judge_flush_bound);

}  // namespace kvs

#endif  // KVS_RESULTS_STORED_COMPARISON_H_
