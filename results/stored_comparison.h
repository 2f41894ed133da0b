// Two result files as the arms of a comparison. Pure.
#ifndef KVS_RESULTS_STORED_COMPARISON_H_
#define KVS_RESULTS_STORED_COMPARISON_H_

#include <string>
#include <vector>

#include "results/comparison.h"
#include "results/model.h"

namespace kvs {

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

// Of what the cells of both runs were asked: workload properties, rate, sampling, memory budget.
// Figures of different questions cannot be compared.
std::vector<Mismatch> QuestionMismatches(const Run& baseline, const Run& candidate);
// And of how long their windows were, by which runs of files without a plan are told apart.
std::vector<Mismatch> WorkloadMismatches(const Run& baseline, const Run& candidate);

// What was wrong with the machine when the run began, as a clause; "" when nothing was.
std::string UnfitnessOf(const Run& run);
// Adds the effective options of an engine that differ between the runs.
void WarnOfOptions(const Run& baseline, const Run& candidate, std::vector<std::string>& warnings);

// The cells that both runs have, floors aside, with the figures of trial_figures.h, not judged yet.
//
// The design is kUnpaired: trial k of one run was not measured beside trial k of the other, and
// pairing them would take the machine's drift for something that cancels out.
Comparison CompareStored(const Run& baseline, const Run& candidate, bool judge_flush_bound);

}  // namespace kvs

#endif  // KVS_RESULTS_STORED_COMPARISON_H_
