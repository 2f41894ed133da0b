// The machine and the build that figures depend on.
#ifndef KVS_HARNESS_ENVIRONMENT_H_
#define KVS_HARNESS_ENVIRONMENT_H_

#include <filesystem>
#include <string>
#include <vector>

#include "results/model.h"

namespace kvs {

// The machine with `data_directory` on it, and this build of kvs-bench. What the system does not
// tell is left out.
Properties DescribeHost(const std::filesystem::path& data_directory);

// The same machine in Google Benchmark's words.
BenchmarkContext DescribeContext();

// Sentences about what makes every figure of this build or machine doubtful; empty when nothing
// does: assertions or a sanitizer in the build, data on a RAM disk, a CPU whose clock varies.
std::vector<std::string> EnvironmentWarnings(const std::filesystem::path& data_directory);

// The present local time as ISO 8601 with offset: "2024-05-01T13:37:00+02:00".
std::string LocalTimestamp();

}  // namespace kvs

#endif  // KVS_HARNESS_ENVIRONMENT_H_
