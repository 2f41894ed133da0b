// Tells environments apart by one short word.
#ifndef KVS_HARNESS_DOCTOR_FINGERPRINT_H_
#define KVS_HARNESS_DOCTOR_FINGERPRINT_H_

#include <string>

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

// The facts that the fingerprint is of, each of which moves figures and stays the same from run to
// run: processor model, number of CPUs, memory (to three digits: what the firmware keeps varies a
// little), frequency policy, turbo, SMT, virtualisation, limits of control groups, clock source,
// huge pages, kernel, type of the file system, kind of its device, compiler, build type,
// sanitizers, assertions, version of the library fmt. Not among them: what changes by itself (load,
// pressure, steal, swap in use, free space, the time of a flush), and names that do not (host,
// device, path). What is not known is "unknown".
Properties StableFacts(const MachineFacts& facts);

// 16 hexadecimal digits: XXH3 (64 bits) of the names and values of StableFacts. Thread safe.
std::string Fingerprint(const MachineFacts& facts);

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_FINGERPRINT_H_
