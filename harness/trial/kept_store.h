// Stores that outlive their run (--load-only, --keep), for runs that measure on them later.
#ifndef KVS_HARNESS_TRIAL_KEPT_STORE_H_
#define KVS_HARNESS_TRIAL_KEPT_STORE_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "harness/trial/trial_plan.h"

namespace kvs {

// What a kept store was loaded with: enough to refuse a workload that it does not fit. Lies beside
// the store in "<store>.kvs-bench.json".
struct KeptStore {
  std::string engine;  // the name without settings
  uint64_t value_seed = 0;
  Spec workload;  // that loaded it
};

// Writes what `plan` left at plan.directory. Throws EnvironmentError.
void DescribeKeptStore(const TrialPlan& plan);

// Reads what is known of the store at `directory`. Throws EnvironmentError when no run of kvs-bench
// kept a store there.
KeptStore ReadKeptStore(const std::filesystem::path& directory);

// Why `plan` cannot be measured on `store`: another engine, other keys, values or records than its
// workload expects, or a store that lost records. "" when it can.
std::string WhyStoreDoesNotFit(const KeptStore& store, const TrialPlan& plan);

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_KEPT_STORE_H_
