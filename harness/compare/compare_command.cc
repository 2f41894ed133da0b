#include "harness/compare/compare_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/compare/paired_run.h"
#include "harness/system/terminal.h"
#include "results/action_json.h"
#include "results/comparison_markdown.h"
#include "results/comparison_table.h"
#include "results/result_file.h"
#include "results/stored_comparison.h"

namespace kvs::compare {
namespace {

Run Read(const std::filesystem::path& path) {
  try {
    return ReadRun(path);
  } catch (const ResultFileError& error) {
    throw UsageError(error.what());
  }
}

std::string Listed(const std::vector<Mismatch>& mismatches) {
  std::string text;
  for (const Mismatch& mismatch : mismatches) {
    text += fmt::format("\n  {}: '{}', then '{}'", mismatch.field, mismatch.baseline,
                        mismatch.candidate);
  }
  return text;
}

// `candidate`: its trials.
void Print(const CompareOptions& options, const Comparison& comparison, const Run& candidate) {
  switch (options.format) {
    case Format::kTable:
      fmt::print("{}", RenderComparison(comparison, UsesColor(STDOUT_FILENO, options.color)));
      break;
    case Format::kMarkdown:
      fmt::print("{}", ComparisonMarkdown(comparison));
      break;
    case Format::kActionJson:
      fmt::print("{}", ActionJson(candidate));
      break;
  }
}

// How many trials of `a` are those of `b`, too: what came out twice, to the last digit, was
// measured once.
size_t SharedTrials(const Run& a, const Run& b) {
  return static_cast<size_t>(
      std::count_if(a.trials.begin(), a.trials.end(), [&b](const Trial& trial) {
        return trial.status != TrialStatus::kUnsupported &&
               std::find(b.trials.begin(), b.trials.end(), trial) != b.trials.end();
      }));
}

// A line of what a run holds, floors aside.
std::string CellsOf(const std::filesystem::path& path, const Run& run) {
  std::vector<std::string> cells;
  for (const Trial& trial : run.trials) {
    if (trial.is_floor) continue;
    std::string cell = trial.cell.ToString();
    if (std::find(cells.begin(), cells.end(), cell) == cells.end()) cells.push_back(cell);
  }
  constexpr size_t kMostNamed = 4;
  const size_t others = cells.size() > kMostNamed ? cells.size() - kMostNamed : 0;
  cells.resize(cells.size() - others);
  return fmt::format("\n  {} holds {}{}", path.string(),
                     cells.empty() ? "none" : fmt::format("{}", fmt::join(cells, ", ")),
                     others == 0 ? "" : fmt::format(" and {} more", others));
}

ExitCode RunStored(const CompareOptions& options, const StoredOptions& files) {
  const Run baseline = Read(files.baseline);
  const Run candidate = Read(files.candidate);
  if (const size_t shared = SharedTrials(baseline, candidate); shared > 0) {
    throw UsageError(fmt::format(
        "{} and {} hold the same {} trial{}, so they are no two runs (is one the other, "
        "resumed?): measure again",
        files.baseline.string(), files.candidate.string(), shared, shared == 1 ? "" : "s"));
  }
  if (const std::vector<Mismatch> found = WorkloadMismatches(baseline, candidate); !found.empty()) {
    throw UsageError(
        fmt::format("the two runs were asked different things, so their figures cannot be "
                    "compared; measure one again as the other:{}",
                    Listed(found)));
  }
  const std::vector<Mismatch> environment = EnvironmentMismatches(baseline, candidate);
  if (!environment.empty() && !files.allow_environment_mismatch) {
    throw UsageError(
        fmt::format("the two runs are of different environments; measure one again where the other "
                    "was, or compare in spite of it with --allow-environment-mismatch:{}",
                    Listed(environment)));
  }

  Comparison comparison = CompareStored(baseline, candidate, options.judge_flush_bound);
  if (comparison.cells.empty()) {
    throw UsageError(fmt::format("{} and {} have no cell in common:{}{}", files.baseline.string(),
                                 files.candidate.string(), CellsOf(files.baseline, baseline),
                                 CellsOf(files.candidate, candidate)));
  }
  comparison.rules.threshold = options.threshold;
  comparison.baseline.name = files.baseline.string();
  comparison.candidate.name = files.candidate.string();
  for (const Mismatch& mismatch : environment) {
    comparison.warnings.push_back(fmt::format("different environments: {}: '{}', then '{}'",
                                              mismatch.field, mismatch.baseline,
                                              mismatch.candidate));
  }
  JudgeComparison(comparison);
  Print(options, comparison, candidate);
  return ExitCodeOf(OutcomeOf(comparison));
}

}  // namespace

ExitCode ExitCodeOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFailed:
      return ExitCode::kEngineFailed;
    case Outcome::kUntrusted:
    case Outcome::kInconclusive:
      return ExitCode::kInconclusive;
    case Outcome::kRegressed:
      return ExitCode::kRegression;
    case Outcome::kOk:
      break;
  }
  return ExitCode::kOk;
}

ExitCode RunCompare(const CompareOptions& options, const std::vector<std::string>& words) {
  if (const auto* files = std::get_if<StoredOptions>(&options.arms)) {
    return RunStored(options, *files);
  }
  const PairedResult result = RunPaired(options, words);
  Print(options, result.comparison, result.candidate);
  return result.is_interrupted ? ExitCode::kInterrupted : ExitCodeOf(OutcomeOf(result.comparison));
}

}  // namespace kvs::compare
