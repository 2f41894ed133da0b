// The machine and the build that figures depend on.
#ifndef KVS_HARNESS_SYSTEM_ENVIRONMENT_H_
#define KVS_HARNESS_SYSTEM_ENVIRONMENT_H_

#include <string>

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs {

// The machine and this build of kvs-bench as a result keeps them. What the system does not tell is
// left out.
Properties DescribeHost(const MachineFacts& facts);

// The same machine in Google Benchmark's words.
BenchmarkContext DescribeContext(const MachineFacts& facts);

// The present local time as ISO 8601 with offset: "2024-05-01T13:37:00+02:00".
std::string LocalTimestamp();

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_ENVIRONMENT_H_
