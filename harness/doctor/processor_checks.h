// Judges the processor: its clock, and who else runs on it.
//
// Each check is a pure function of the facts and thread safe; beside it stands the name of its
// finding. A fact that the system does not tell gives "unknown", never "ok".
#ifndef KVS_HARNESS_DOCTOR_PROCESSOR_CHECKS_H_
#define KVS_HARNESS_DOCTOR_PROCESSOR_CHECKS_H_

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

Finding CheckGovernor(const MachineFacts& facts);        // cpu_governor
Finding CheckTurbo(const MachineFacts& facts);           // turbo
Finding CheckSmt(const MachineFacts& facts);             // smt
Finding CheckVirtualisation(const MachineFacts& facts);  // virtualisation
Finding CheckSteal(const MachineFacts& facts);           // steal
Finding CheckCpuLimit(const MachineFacts& facts);        // cgroup_cpu
Finding CheckLoad(const MachineFacts& facts);            // load
Finding CheckPressure(const MachineFacts& facts);        // pressure
Finding CheckClockSource(const MachineFacts& facts);     // clock_source

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_PROCESSOR_CHECKS_H_
