// Arbitrary runs and trials for rapidcheck: every member takes values, extremes included.
#ifndef KVS_TESTS_RESULTS_MODEL_GENERATORS_H_
#define KVS_TESTS_RESULTS_MODEL_GENERATORS_H_

#include <rapidcheck.h>

#include <vector>

#include "results/model.h"

namespace kvs {

// The throughput fits the operations and the window, as in every trial that ran.
rc::Gen<Trial> AnyTrial();

// A few of them, or none.
rc::Gen<std::vector<Trial>> AnyTrials();

rc::Gen<Run> AnyRun();

}  // namespace kvs

#endif  // KVS_TESTS_RESULTS_MODEL_GENERATORS_H_
