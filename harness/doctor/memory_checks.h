// Judges memory: its limit, huge pages, swap.
//
// Each check is a pure function of the facts and thread safe; beside it stands the name of its
// finding. A fact that the system does not tell gives "unknown", never "ok".
#ifndef KVS_HARNESS_DOCTOR_MEMORY_CHECKS_H_
#define KVS_HARNESS_DOCTOR_MEMORY_CHECKS_H_

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

Finding CheckMemoryLimit(const MachineFacts& facts);  // cgroup_memory
Finding CheckHugePages(const MachineFacts& facts);    // transparent_huge_pages
Finding CheckSwap(const MachineFacts& facts);         // swap

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_MEMORY_CHECKS_H_
