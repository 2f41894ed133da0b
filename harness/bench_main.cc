#include "harness/bench_main.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/command_line.h"
#include "harness/compare/compare_command.h"
#include "harness/doctor/doctor_command.h"
#include "harness/exit_code.h"
#include "harness/list_command.h"
#include "harness/run/runner.h"
#include "harness/selftest/detector_command.h"
#include "harness/selftest/overhead_command.h"
#include "harness/trial/trial_channel.h"
#include "harness/trial/trial_main.h"
#include "harness/verify/verify_command.h"
#include "harness/verify/verify_process.h"

namespace kvs {
namespace {

ExitCode RunSelftest(const selftest::SelftestOptions& options) {
  if (const auto* overhead = std::get_if<selftest::OverheadOptions>(&options)) {
    return selftest::RunOverhead(*overhead);
  }
  return detector::RunDetector(std::get<selftest::DetectorOptions>(options));
}

ExitCode RunCommand(const std::vector<std::string>& words, EngineTable engines) {
  const CommandLine command_line =
      ParseCommandLine({words.begin() + (words.empty() ? 0 : 1), words.end()}, engines);
  switch (command_line.action) {
    case CommandLine::Action::kPrint:
      fmt::print("{}", command_line.text);
      return ExitCode::kOk;
    case CommandLine::Action::kList:
      fmt::print("{}", command_line.list_as_json ? ListAsJson(engines) : ListAsText(engines));
      return ExitCode::kOk;
    case CommandLine::Action::kVerify:
      return verify::RunVerify(command_line.verify);
    case CommandLine::Action::kDoctor:
      return doctor::RunDoctor(command_line.doctor);
    case CommandLine::Action::kSelftest:
      return RunSelftest(command_line.selftest);
    case CommandLine::Action::kCompare:
      return compare::RunCompare(command_line.compare, words);
    case CommandLine::Action::kRun:
      return RunBenchmark(command_line.run, engines, words);
    case CommandLine::Action::kResume:
      return ResumeBenchmark(command_line.resume, command_line.run, engines, words);
  }
  return ExitCode::kUsage;
}

// Where the command that is used says what would be right.
std::string_view HelpFor(const std::vector<std::string>& words) {
  if (words.size() > 1 && words[1] == "verify") return "Try 'kvs-bench verify --help'.\n";
  if (words.size() > 1 && words[1] == "doctor") return "Try 'kvs-bench doctor --help'.\n";
  if (words.size() > 1 && words[1] == "selftest") return "Try 'kvs-bench selftest --help'.\n";
  if (words.size() > 1 && words[1] == "compare") return "Try 'kvs-bench compare --help'.\n";
  return "Try 'kvs-bench --help' or 'kvs-bench list'.\n";
}

int Fail(ExitCode code, std::string_view message, std::string_view hint) {
  fmt::print(stderr, "kvs-bench: {}\n{}", message, hint);
  return static_cast<int>(code);
}

}  // namespace

int BenchMain(int argc, char** argv, EngineTable engines) {
  const std::vector<std::string> words(argv, argv + argc);
  // A file that may not grow further is an error of the write, of this process and of its trials'.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    if (words.size() == 2 && words[1] == kTrialArgument) return TrialMain(engines);
    if (words.size() == 3 && words[1] == verify::kVerifyArgument) {
      return verify::VerifyProcessMain(words[2], engines);
    }
    const ExitCode code = RunCommand(words, engines);
    if (std::fflush(stdout) != 0) {
      return Fail(ExitCode::kEnvironment, "standard output cannot be written", "");
    }
    return static_cast<int>(code);
  } catch (const UsageError& error) {
    return Fail(ExitCode::kUsage, error.what(), HelpFor(words));
  } catch (const EnvironmentError& error) {
    return Fail(ExitCode::kEnvironment, error.what(), "");
  } catch (const std::exception& error) {
    return Fail(ExitCode::kEnvironment, error.what(), "");
  }
}

}  // namespace kvs
