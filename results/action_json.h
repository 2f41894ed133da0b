// The figures that github-action-benchmark keeps from commit to commit.
#ifndef KVS_RESULTS_ACTION_JSON_H_
#define KVS_RESULTS_ACTION_JSON_H_

#include <string>

#include "results/model.h"

namespace kvs {

// For its tool `customSmallerIsBetter`: an array of objects with `name`, `unit`, `value`, `range`
// and `extra`. One per cell of `run` that has figures, floors aside: wall nanoseconds per
// operation, or in the open loop the p99 of the response time (only if it was sampled); the median
// of the trials. Names are unique and values finite.
std::string ActionJson(const Run& run);

}  // namespace kvs

#endif  // KVS_RESULTS_ACTION_JSON_H_
