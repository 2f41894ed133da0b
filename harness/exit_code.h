// How kvs-bench ends, and the refusals that end it before anything is measured.
#ifndef KVS_HARNESS_EXIT_CODE_H_
#define KVS_HARNESS_EXIT_CODE_H_

#include <stdexcept>

namespace kvs {

enum class ExitCode : int {
  kOk = 0,
  kRegression = 1,     // `compare`: the candidate is worse; `selftest`: beyond a limit
  kUsage = 2,          // the command line or an input is wrong, or nothing gave a figure
  kInconclusive = 3,   // `compare`, `selftest`: cannot be told; the trials cannot be trusted
  kEnvironment = 4,    // the machine refuses: disk, directory, result file, `doctor --strict`
  kEngineFailed = 5,   // an engine failed, gave a wrong answer or broke a promise
  kInterrupted = 130,  // stopped by the user; the result file is valid and partial
};

// The command line cannot be obeyed. what() says what was wrong and what would be right.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The machine is not fit for the run as asked. what() names the path or the resource.
class EnvironmentError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace kvs

#endif  // KVS_HARNESS_EXIT_CODE_H_
