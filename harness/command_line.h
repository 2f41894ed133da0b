// From the words after `kvs-bench` to what shall be run.
#ifndef KVS_HARNESS_COMMAND_LINE_H_
#define KVS_HARNESS_COMMAND_LINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "harness/compare/compare_options.h"
#include "harness/doctor/doctor_options.h"
#include "harness/options/engine_choice.h"
#include "harness/run/run_options.h"
#include "harness/selftest/selftest_options.h"
#include "harness/verify/verify_options.h"

namespace kvs {

struct CommandLine {
  enum class Action : uint8_t {
    kRun,
    kResume,
    kList,
    kVerify,
    kDoctor,
    kSelftest,
    kCompare,
    kPrint
  };
  Action action = Action::kRun;
  RunOptions run;                      // kRun; kResume: only what belongs to output
  ResumeOptions resume;                // kResume
  bool list_as_json = false;           // kList
  verify::VerifyOptions verify;        // kVerify
  doctor::DoctorOptions doctor;        // kDoctor
  selftest::SelftestOptions selftest;  // kSelftest
  compare::CompareOptions compare;     // kCompare
  std::string text;                    // kPrint: help or version, for stdout
};

// Reads the command line. `engines` are those that --engine may name. Throws UsageError.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments, EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_COMMAND_LINE_H_
