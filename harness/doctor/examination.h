// All that `kvs-bench doctor` looks at, and what a result keeps of it.
#ifndef KVS_HARNESS_DOCTOR_EXAMINATION_H_
#define KVS_HARNESS_DOCTOR_EXAMINATION_H_

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

// Every check on `facts`, always the same ones in the same order, and the fingerprint. A pure
// function; thread safe.
//
// To add a check: a function in the fitting *_checks.h, a line in kChecks, a test of each status,
// and its name in examination_test.cc and tests/end_to_end/doctor_test.py.
MachineReport Examine(const MachineFacts& facts);

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_EXAMINATION_H_
