// One property of one engine in one tier: what a check is given, and what it found.
#ifndef KVS_HARNESS_VERIFY_PROPERTY_CHECK_H_
#define KVS_HARNESS_VERIFY_PROPERTY_CHECK_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "harness/system/stop_requests.h"
#include "harness/verify/verify_options.h"
#include "harness/verify/verify_plan.h"
#include "harness/verify/verify_process.h"

namespace kvs::verify {

struct CheckResult {
  enum class Verdict : uint8_t { kHolds, kViolated, kInterrupted };
  Verdict verdict = Verdict::kHolds;
  std::string summary;      // what was done, in one line; also of an interrupted check
  std::string explanation;  // kViolated: for people, several lines
  nlohmann::json evidence;  // kViolated
};

struct CheckContext {
  const VerifyOptions& options;
  VerifyPlan plan;  // engine, settings, durability, directory, threads, keys, seed
  StopRequests& stop;
  // `done` of `all` things called `what`.
  std::function<void(uint64_t done, uint64_t all, std::string_view what)> show_progress;
};

// Why a wait for a process under test came to its end.
enum class WaitEnd : uint8_t { kReached, kEnded, kStopped, kHung };

// Waits until `reached` says so, the process ends, a stop is requested, or nothing has happened
// for the time-out. Looks every `step_us`.
WaitEnd WaitFor(VerifyProcess& process, const ProgressMemory& progress, CheckContext& context,
                uint64_t step_us, const std::function<bool()>& reached);

// What happened to a process that ended by itself or hung, in words, with its last ones.
std::string DescribeFailure(WaitEnd end, const std::string& ending, const std::string& last_words,
                            double timeout_s);

// `verify linearizability`: throws std::system_error when no process can be started.
CheckResult CheckLinearizability(CheckContext& context);
// `verify crash`: likewise.
CheckResult CheckCrashes(CheckContext& context);
// `verify contract`: likewise, and EnvironmentError when the suite cannot be run.
CheckResult CheckContract(CheckContext& context);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_PROPERTY_CHECK_H_
