// Several threads on few keys, everything recorded, and the record checked for linearizability.
#ifndef KVS_HARNESS_VERIFY_HISTORY_RUN_H_
#define KVS_HARNESS_VERIFY_HISTORY_RUN_H_

#include <nlohmann/json_fwd.hpp>

#include "engines/registry.h"
#include "harness/verify/verify_plan.h"
#include "harness/verify/verify_progress.h"

namespace kvs::verify {

// Runs the rounds of `plan` on a new store of `engine`, until all are done, one is not
// linearizable, or progress.stop is set. Between rounds the store is sometimes settled, or closed
// and opened again; the history goes on. Returns what was done, and the violation if there is one.
// Throws EngineError when the engine fails.
nlohmann::json RunHistory(const VerifyPlan& plan, const EngineDefinition& engine,
                          SharedProgress& progress);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_HISTORY_RUN_H_
