// The members of a result file, as JSON: those of ours and those of Google Benchmark.
#ifndef KVS_RESULTS_MODEL_JSON_H_
#define KVS_RESULTS_MODEL_JSON_H_

#include "results/json_archive.h"
#include "results/model.h"
#include "results/summary.h"

namespace kvs {

// All throw JsonError: see json_archive.h.

Json ToJson(const Trial& trial);
void FromJson(const Json& json, Trial& trial);

Json ToJson(const MachineReport& machine);
Json ToJson(const Properties& properties);

// The whole file, with an empty array where its trials belong.
Json ToJsonWithoutTrials(const Run& run);
void FromJson(const Json& json, Run& run);

}  // namespace kvs

#endif  // KVS_RESULTS_MODEL_JSON_H_
