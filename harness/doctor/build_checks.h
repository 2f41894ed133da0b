// Judges this build of kvs-bench.
//
// Each check is a pure function of the facts and thread safe; beside it stands the name of its
// finding.
#ifndef KVS_HARNESS_DOCTOR_BUILD_CHECKS_H_
#define KVS_HARNESS_DOCTOR_BUILD_CHECKS_H_

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

Finding CheckBuildType(const MachineFacts& facts);   // build_type; assertions, too
Finding CheckSanitizers(const MachineFacts& facts);  // sanitizers

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_BUILD_CHECKS_H_
