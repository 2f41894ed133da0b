// The watching side of `verify contract`.
#include <algorithm>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/verify/contract_suite.h"
#include "harness/verify/property_check.h"

namespace kvs::verify {
namespace {

// What people are shown of a violation; the evidence has everything.
constexpr size_t kTestsShown = 5;
constexpr size_t kLinesShown = 8;
constexpr size_t kColumnsShown = 120;
constexpr size_t kTestWordsBytes = 800;
constexpr size_t kOutputBytesKept = size_t{64} << 10;

// What GoogleTest has said on standard output until now.
struct SuiteOutput {
  uint64_t tests = 0;  // 0 before it said how many
  uint64_t begun = 0;
  bool failed = false;    // one of those that have ended
  std::string last_test;  // the last one that was begun
  bool is_under_way = false;
  std::string its_words;  // what was written since it was begun
};

SuiteOutput ReadOutput(const std::string& words) {
  constexpr std::string_view kHead = "[==========] Running ";
  constexpr std::string_view kBegun = "[ RUN      ] ";
  constexpr std::string_view kPassed = "[       OK ] ";
  constexpr std::string_view kFailed = "[  FAILED  ] ";
  SuiteOutput output;
  std::istringstream lines(words);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(kBegun)) {
      ++output.begun;
      output.last_test = line.substr(kBegun.size());
      output.is_under_way = true;
      output.its_words.clear();
      continue;
    }
    if (output.tests == 0 && line.starts_with(kHead)) {
      output.tests = std::stoull(line.substr(kHead.size()));
    }
    if (line.starts_with(kFailed)) output.failed = true;
    if (line.starts_with(kFailed) || line.starts_with(kPassed)) output.is_under_way = false;
    output.its_words += line + '\n';
  }
  while (output.its_words.ends_with('\n')) output.its_words.pop_back();
  return output;
}

// "Contract/StoringEngineTest.ClonesSeeEachOthersWrites" of what GoogleTest calls a test's suite
// and the test's name, without the case in it, of which there is one.
std::string TestName(const nlohmann::json& suite, const nlohmann::json& test) {
  const auto name = test.at("name").get<std::string>();
  return fmt::format("{}.{}", suite.at("name").get<std::string>(), name.substr(0, name.find('/')));
}

std::string Indented(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  size_t shown = 0;
  for (std::string line; std::getline(lines, line); ++shown) {
    if (shown == kLinesShown) return result + "    ...\n";
    if (line.size() > kColumnsShown) line = line.substr(0, kColumnsShown) + " ...";
    result += fmt::format("    {}\n", line);
  }
  return result;
}

// The suite ran to its end and reported.
class SuiteReport {
 public:
  SuiteReport(std::string text, std::string_view engine) {
    // GoogleTest escapes bytes beyond ASCII only where char is signed.
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }, '?');
    const std::string excluded = fmt::format("excluded_for_{}", engine);
    const nlohmann::json report = nlohmann::json::parse(text);
    for (const nlohmann::json& suite : report.at("testsuites")) {
      for (const nlohmann::json& test : suite.at("testsuite")) {
        ++tests_;
        if (test.contains(excluded)) excluded_ = test[excluded].get<std::string>();
        if (test.contains("failures")) AddFailed(TestName(suite, test), test["failures"]);
      }
    }
  }

  bool AllPassed() const { return failed_.empty(); }

  CheckResult Judge() const {
    CheckResult result;
    if (AllPassed()) {
      result.summary = fmt::format("{} tests passed", tests_);
      if (!excluded_.empty()) {
        result.summary += fmt::format("; excluded by what it declares: {}", excluded_);
      }
      return result;
    }
    result.verdict = CheckResult::Verdict::kViolated;
    result.summary = fmt::format("{} of {} tests failed", failed_.size(), tests_);
    for (size_t i = 0; i < std::min(failed_.size(), kTestsShown); ++i) {
      result.explanation += fmt::format("  {}\n{}", failed_[i]["test"].get<std::string>(),
                                        Indented(failed_[i]["failures"][0].get<std::string>()));
    }
    if (failed_.size() > kTestsShown) {
      result.explanation += fmt::format("  and {} more\n", failed_.size() - kTestsShown);
    }
    result.evidence = {{"tests", tests_}, {"excluded", excluded_}, {"failed", failed_}};
    return result;
  }

 private:
  void AddFailed(const std::string& test, const nlohmann::json& failures) {
    nlohmann::json texts = nlohmann::json::array();
    for (const nlohmann::json& failure : failures) texts.push_back(failure.at("failure"));
    failed_.push_back({{"test", test}, {"failures", texts}});
  }

  uint64_t tests_ = 0;
  std::string excluded_;
  nlohmann::json failed_ = nlohmann::json::array();
};

std::string Tail(const std::string& text, size_t bytes) {
  return text.substr(text.size() - std::min(text.size(), bytes));
}

// Tests take rights from directories that they give back at their end.
void MakeRemovable(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_directory()) continue;
    std::filesystem::permissions(entry.path(), std::filesystem::perms::owner_all,
                                 std::filesystem::perm_options::add);
  }
}

// The suite did not come to a good end: it was stopped, hung or died, if only after its last test.
CheckResult JudgeUnfinished(WaitEnd end, const std::string& ending, const std::string& words,
                            double timeout_s) {
  const SuiteOutput output = ReadOutput(words);
  CheckResult result;
  result.summary = fmt::format("{} of {} tests begun", output.begun, output.tests);
  if (end == WaitEnd::kStopped && !output.failed) {
    result.verdict = CheckResult::Verdict::kInterrupted;
    return result;
  }
  result.verdict = CheckResult::Verdict::kViolated;
  const std::string what =
      end == WaitEnd::kStopped
          ? "interrupted, but tests had failed until then: see the evidence"
          : fmt::format(
                "{} {}: {}", output.is_under_way ? "in" : "after", output.last_test,
                DescribeFailure(end, ending, Tail(output.its_words, kTestWordsBytes), timeout_s));
  result.explanation = fmt::format("  {}\n", what);
  result.evidence = {{"what", what}, {"output", Tail(words, kOutputBytesKept)}};
  return result;
}

}  // namespace

CheckResult CheckContract(CheckContext& context) {
  VerifyPlan plan = context.plan;
  plan.role = VerifyPlan::Role::kSuite;
  std::filesystem::create_directory(plan.directory);
  const ProgressMemory progress;
  VerifyProcess process(plan, progress);
  constexpr uint64_t kStepUs = 100'000;
  const WaitEnd end = WaitFor(process, progress, context, kStepUs, [&] {
    const SuiteOutput output = ReadOutput(process.Words());
    progress->steps = output.begun;
    if (output.begun > 0) context.show_progress(output.begun - 1, output.tests, "tests");
    return false;
  });
  process.Kill();
  MakeRemovable(plan.directory);
  std::error_code not_empty;  // then it holds the store that a test was working on
  std::filesystem::remove(plan.directory, not_empty);

  if (end == WaitEnd::kEnded) {
    if (const std::string text = process.Report(); !text.empty()) {
      const SuiteReport report(text, plan.engine);
      if (!report.AllPassed() || process.ending().empty()) return report.Judge();
    } else if (ReadOutput(process.Words()).begun == 0) {
      throw EnvironmentError(fmt::format(
          "{} ran no test: {}", ContractSuite().string(),
          DescribeFailure(end, process.ending(), process.LastWords(), context.options.timeout_s)));
    }
  }
  return JudgeUnfinished(end, process.ending(), process.Words(), context.options.timeout_s);
}

}  // namespace kvs::verify
