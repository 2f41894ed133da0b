#include "harness/compare/compare_options.h"

#include <charconv>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/option_group.h"
#include "harness/option_value.h"

namespace kvs::compare {
namespace {

constexpr const char* kExamples = R"(Examples:
  kvs-bench --engine lockfree --workload ycsb-c --trials 20 --out before.json
  kvs-bench --engine lockfree --workload ycsb-c --trials 20 --out after.json
  kvs-bench compare before.json after.json
  kvs-bench compare before.json after.json --format markdown >comment.md
  kvs-bench compare before.json after.json --format action-json >benchmark.json

Verdicts: REGRESSED and IMPROVED: a change that is sure and beyond the threshold. OK: surely no change
beyond the threshold. INCONCLUSIVE: the trials do not tell; what they could have shown, and how many
more would do, stands beside it. Few trials are always inconclusive: from about 10 on there is
something to see. Two runs that were measured apart cannot tell a change of the program from one of
the machine: measure both at the same time of the day on a quiet machine, and repeat what matters.
docs/verdicts.md has the rules.

Exit codes: 0 ok or improved, 1 a regression, 2 usage, or results that cannot be read or compared,
3 inconclusive, 5 an engine failed or gave a wrong answer in the candidate.)";

// "2", "2%" or "0.5%", as a share.
double ParseThreshold(const std::string& text) {
  std::string_view number = text;
  if (number.ends_with('%')) number.remove_suffix(1);
  double percent = 0;
  const char* last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, percent);
  if (error != std::errc() || end != last || !(percent >= 0.01 && percent <= 100)) {
    throw UsageError(fmt::format("'{}' is not a percentage from 0.01 to 100", text));
  }
  return percent / 100;
}

Format ParseFormat(const std::string& text) {
  if (text == "table") return Format::kTable;
  if (text == "markdown") return Format::kMarkdown;
  if (text == "action-json") return Format::kActionJson;
  throw UsageError(fmt::format("'{}' is none of 'table', 'markdown', 'action-json'", text));
}

}  // namespace

void DefineCompareCommand(CLI::App& app, RawCompareOptions& raw) {
  CLI::App& command = *app.add_subcommand(
      "compare", "says which figures got worse or better from one result file to another");
  command.callback([&raw] { raw.is_used = true; });
  command.allow_extras();
  command.footer(kExamples);
  command.add_option("files", raw.files, "the result files of two runs: the older one first")
      ->type_name("BASELINE CANDIDATE");
  OptionGroup rules(command, "What counts");
  rules.AddOne("--threshold", "PERCENT", raw.threshold,
               "smaller changes than this do not matter (default: 2%)");
  rules.AddFlag("--judge-flush-bound", raw.judge_flush_bound,
                "let the times of cells that wait for flushes (tier sync) decide, too; otherwise "
                "they are advisory");
  rules.AddFlag("--allow-environment-mismatch", raw.allow_environment_mismatch,
                "compare in spite of different machines, builds or versions");
  OptionGroup output(command, "Output");
  output.AddOne("--format", "table|markdown|action-json", raw.format,
                "for a terminal, for a pull request, or the candidate's medians for "
                "github-action-benchmark (customSmallerIsBetter) (default: table)");
  output.AddFlag("--no-color", raw.no_color, "no colours (also: NO_COLOR in the environment)");
}

CompareOptions InterpretCompare(const RawCompareOptions& raw) {
  if (raw.files.size() != 2) {
    throw UsageError(
        fmt::format("compare: write 'compare BASELINE CANDIDATE' with two result files, not {}",
                    raw.files.size()));
  }
  CompareOptions options;
  options.baseline = raw.files[0];
  options.candidate = raw.files[1];
  ParseOne("--threshold", raw.threshold, options.threshold, ParseThreshold);
  ParseOne("--format", raw.format, options.format, ParseFormat);
  options.allow_environment_mismatch = raw.allow_environment_mismatch;
  options.judge_flush_bound = raw.judge_flush_bound;
  options.color = !raw.no_color;
  return options;
}

}  // namespace kvs::compare
