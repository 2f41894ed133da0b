// `kvs-bench verify`: proof for an engine, not figures.
#ifndef KVS_HARNESS_VERIFY_VERIFY_COMMAND_H_
#define KVS_HARNESS_VERIFY_VERIFY_COMMAND_H_

#include "harness/exit_code.h"
#include "harness/verify/verify_options.h"

namespace kvs::verify {

// Checks the property for every engine and tier asked for, says the outcome of each in a line on
// standard output, and writes the evidence of violations to a file. Throws UsageError when nothing
// can be checked, and EnvironmentError.
ExitCode RunVerify(const VerifyOptions& options);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_VERIFY_COMMAND_H_
