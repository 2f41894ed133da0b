// `kvs-bench selftest detector`: how often are the verdicts of `compare` right?
#ifndef KVS_HARNESS_SELFTEST_DETECTOR_COMMAND_H_
#define KVS_HARNESS_SELFTEST_DETECTOR_COMMAND_H_

#include "harness/exit_code.h"
#include "harness/selftest/selftest_options.h"

namespace kvs::detector {

// Judges comparisons that it draws from the pools, and prints how often they were right; or records
// pools. The former measures nothing and prints the same each time. Throws UsageError and
// EnvironmentError.
ExitCode RunDetector(const selftest::DetectorOptions& options);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_DETECTOR_COMMAND_H_
