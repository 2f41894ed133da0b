#include "harness/compare/compare_options.h"

#include <charconv>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_group.h"
#include "harness/options/option_value.h"
#include "harness/raw_options.h"
#include "harness/run/run_options.h"

namespace kvs::compare {
namespace {

constexpr unsigned kMostBlocks = 10'000;
constexpr unsigned kMostStages = 10;

constexpr const char* kExamples = R"(Examples:
  kvs-bench compare --baseline ./kvs-bench-before --candidate ./kvs-bench-after --engine lockfree
      two builds of kvs-bench: did the change make lockfree slower?
  kvs-bench compare --baseline-engine lockfree --candidate-engine lockfree:ordered=true
      two engines, or settings of one, in this build
  kvs-bench compare --baseline A --candidate B --engine mutex --workload ycsb-c --threads 1
                    --duration 2s --blocks 20
  kvs-bench compare before.json after.json
      two runs that were measured apart (--trials 20 or more of each)
  kvs-bench compare before.json after.json --format markdown >comment.md
  kvs-bench compare before.json after.json --format action-json >benchmark.json

Builds and engines are measured beside each other, in blocks: in each block every cell, in random
order, and in each cell two trials of the baseline, the candidate, and a copy of the baseline, in
random order and back (ABCCBA ...), all with the same operations, each a fresh process on a fresh
store. Whatever the machine does meanwhile meets all arms alike. With --stages, cells with an undecided
figure are measured again, on fresh blocks, and judged by those alone. If the baseline differs from its
own copy, no verdict counts. p99 needs longer windows or a smaller --sampling-period than the default: a
percentile is judged where at least 100 samples lie beyond it in each trial.

Verdicts: REGRESSED and IMPROVED: a change that is sure and beyond the threshold. OK: surely no change
beyond the threshold. INCONCLUSIVE: the trials do not tell; what they could have shown, and how many
more would do, stands beside it. Of files, few trials are always inconclusive: from about 10 on there
is something to see; and two runs that were measured apart cannot tell a change of the program from
one of the machine. docs/verdicts.md has the rules.

Refused are files that share trials, and runs that were asked different things: workload, rate,
arrivals, sampling, memory budget, window, warm-up, cold or warm start, verification, a store of
their own or one that was there. Runs of different machines, builds, libraries or versions are
refused, too, unless --allow-environment-mismatch is given.

Exit codes: 0 ok or improved, 1 a regression, 2 usage, or results that cannot be read or compared,
3 inconclusive, or the baseline differs from itself, 4 the machine refuses (disk, directory), 5 an
engine failed or gave a wrong answer in the candidate, 130 interrupted: the blocks until then are
judged.)";

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

struct EnginePair {
  EngineChoice baseline;
  EngineChoice candidate;
};

EngineChoice OneEngine(std::string_view option, const std::string& text, EngineTable engines) {
  const std::vector<EngineChoice> choices = ChooseEngines({text}, engines);
  if (choices.size() == 1) return choices.front();
  throw UsageError(fmt::format("{}: '{}' are {} engines; name one", option, text, choices.size()));
}

std::vector<EnginePair> EnginePairs(const RawCompareOptions& raw, const RunOptions& run,
                                    EngineTable engines) {
  if (!raw.baseline_engine.empty()) {
    return {{OneEngine("--baseline-engine", raw.baseline_engine, engines),
             OneEngine("--candidate-engine", raw.candidate_engine, engines)}};
  }
  std::vector<EnginePair> pairs;
  for (const EngineChoice& engine : run.engines) pairs.push_back({engine, engine});
  return pairs;
}

// The options that are the same for all cells and both arms, as they were written.
std::vector<std::string> ForwardedOptions(const RawOptions& raw) {
  std::vector<std::string> words;
  const auto add = [&words](std::string_view option, const std::string& value) {
    if (!value.empty()) words.push_back(fmt::format("{}={}", option, value));
  };
  add("--memory-budget", raw.memory_budget);
  add("--records", raw.records);
  add("--key-size", raw.key_size);
  add("--value-size", raw.value_size);
  add("--compression-ratio", raw.compression_ratio);
  add("--read-percent", raw.read_percent);
  for (const std::string& property : raw.properties) add("--property", property);
  add("--operations", raw.operations);
  add("--rate", raw.rate);
  add("--arrivals", raw.arrivals);
  if (raw.cold == "true") {
    words.emplace_back("--cold");
  } else {
    add("--cold", raw.cold);
  }
  add("--sampling-period", raw.sampling_period);
  add("--verify", raw.verify);
  add("--timeout", raw.timeout);
  return words;
}

// A workload that counts its operations does so here, too, unless a duration is asked for.
void AddWindow(const RawOptions& raw, const Spec& workload, std::vector<std::string>& words) {
  const bool is_counted = raw.duration.empty() && workload.operation_count.has_value();
  if (!is_counted) {
    words.push_back("--duration=" + (raw.duration.empty() ? kDefaultDuration : raw.duration));
  }
  if (raw.cold.empty()) {
    words.push_back("--warmup=" + (raw.warmup.empty() ? kDefaultWarmup : raw.warmup));
  }
}

unsigned ParseUnsigned(const std::string& text, unsigned most) {
  return static_cast<unsigned>(ParseNumber(text, 1, most));
}

}  // namespace

CLI::App& DefineCompareCommand(CLI::App& app, RawCompareOptions& raw) {
  CLI::App& command = *app.add_subcommand(
      "compare", "says which figures got worse or better from one build, engine or run to another");
  command.callback([&raw] { raw.is_used = true; });
  command.allow_extras();
  command.footer(kExamples);
  command
      .add_option("files", raw.files,
                  "the result files of two runs, the older one first; nothing is measured then")
      ->type_name("BASELINE CANDIDATE");
  OptionGroup arms(command, "What is compared");
  arms.AddOne("--baseline", "PROGRAM", raw.baseline, "a build of kvs-bench (default: this one)");
  arms.AddOne("--candidate", "PROGRAM", raw.candidate, "another one");
  arms.AddOne("--baseline-engine", "NAME[:KEY=VALUE,...]", raw.baseline_engine,
              "an engine, in place of --engine");
  arms.AddOne("--candidate-engine", "NAME[:KEY=VALUE,...]", raw.candidate_engine,
              "and the one that is compared with it");
  OptionGroup blocks(command, "How it is compared");
  blocks.AddOne("--blocks", "N", raw.blocks,
                "blocks of a stage (default: as many as take about 2 minutes for each cell, but at "
                "least 16)");
  blocks.AddOne(
      "--stages", "N", raw.stages,
      "measure undecided cells again, on fresh blocks, up to so many stages in all (default: 1)");
  blocks.AddFlag("--no-copy", raw.no_copy,
                 "leave out the copy of the baseline, which vouches for the comparison");
  OptionGroup rules(command, "What counts");
  rules.AddOne("--threshold", "PERCENT", raw.threshold,
               "smaller changes than this do not matter (default: 2%)");
  rules.AddFlag("--judge-flush-bound", raw.judge_flush_bound,
                "let the times of cells that wait for flushes (tier sync) decide, too; otherwise "
                "they are advisory");
  rules.AddFlag("--allow-environment-mismatch", raw.allow_environment_mismatch,
                "compare files in spite of different machines, builds or versions");
  OptionGroup output(command, "Output");
  output.AddOne("--format", "table|markdown|action-json", raw.format,
                "for a terminal, for a pull request, or the candidate's medians for "
                "github-action-benchmark (customSmallerIsBetter) (default: table)");
  output.AddFlag("--no-color", raw.no_color, "no colours (also: NO_COLOR in the environment)");
  return command;
}

CompareOptions InterpretCompare(const RawCompareOptions& raw) {
  CompareOptions options;
  if (raw.files.size() == 2) {
    options.arms = StoredOptions{.baseline = raw.files[0],
                                 .candidate = raw.files[1],
                                 .allow_environment_mismatch = raw.allow_environment_mismatch};
  } else if (!raw.files.empty()) {
    throw UsageError(
        fmt::format("compare: write 'compare BASELINE CANDIDATE' with two result files, not {}",
                    raw.files.size()));
  } else if (raw.allow_environment_mismatch) {
    throw UsageError(
        "--allow-environment-mismatch: belongs to two result files; builds that are measured "
        "beside "
        "each other may differ");
  }
  ParseOne("--threshold", raw.threshold, options.threshold, ParseThreshold);
  ParseOne("--format", raw.format, options.format, ParseFormat);
  options.judge_flush_bound = raw.judge_flush_bound;
  options.color = !raw.no_color;
  return options;
}

std::vector<std::string> ComparedEngines(const RawOptions& raw) {
  const RawCompareOptions& ours = raw.comparison;
  if (ours.baseline.empty() && ours.candidate.empty() && ours.baseline_engine.empty() &&
      ours.candidate_engine.empty()) {
    throw UsageError(
        "compare: name two result files, two programs (--baseline, --candidate) or two engines "
        "(--baseline-engine, --candidate-engine)");
  }
  if (ours.baseline.empty() != ours.candidate.empty()) {
    throw UsageError("compare: --baseline and --candidate belong together; give both");
  }
  if (ours.baseline_engine.empty() != ours.candidate_engine.empty()) {
    throw UsageError(
        "compare: --baseline-engine and --candidate-engine belong together; give both");
  }
  if (ours.baseline_engine.empty()) {
    if (!raw.engines.empty()) return raw.engines;
    throw UsageError(
        "compare: name the engines to compare with --engine; every cell takes about two minutes");
  }
  if (raw.engines.empty()) return {ours.baseline_engine, ours.candidate_engine};
  throw UsageError("--engine: leave it out beside --baseline-engine and --candidate-engine");
}

PairedOptions InterpretPaired(const RawOptions& raw, const RunOptions& run,
                              const std::vector<std::string>& workloads, EngineTable engines) {
  const RawCompareOptions& ours = raw.comparison;
  PairedOptions options;
  options.baseline_program = ours.baseline;
  options.candidate_program = ours.candidate;
  options.has_copy = !ours.no_copy;
  options.seed = run.seed;
  options.data_directory = run.data_directory;
  if (!raw.out.empty()) options.output_directory = raw.out;
  options.quiet = run.quiet;
  ParseOne("--blocks", ours.blocks, options.blocks,
           [](const std::string& text) { return ParseUnsigned(text, kMostBlocks); });
  ParseOne("--stages", ours.stages, options.stages,
           [](const std::string& text) { return ParseUnsigned(text, kMostStages); });

  const std::vector<EnginePair> pairs = EnginePairs(ours, run, engines);
  const std::vector<std::string> forwarded = ForwardedOptions(raw);
  for (size_t i = 0; i < run.workloads.size(); ++i) {
    const Spec& workload = run.workloads[i];
    for (const unsigned threads : run.threads) {
      for (const PoolKind pool : run.pools) {
        for (const Durability tier : run.tiers) {
          for (const EnginePair& pair : pairs) {
            std::vector<std::string> words = forwarded;
            if (!workloads.empty()) words.push_back("--workload=" + workloads[i]);
            words.push_back(fmt::format("--threads={}", threads));
            words.push_back(fmt::format("--pool={}", ToString(pool)));
            words.push_back(fmt::format("--durability={}", ToString(tier)));
            AddWindow(raw, workload, words);
            CellRequest cell;
            const auto ask = [&](const EngineChoice& engine, CellName& name,
                                 std::vector<std::string>& arguments) {
              name = {.workload = workload.name,
                      .engine = engine.Label(),
                      .threads = threads,
                      .pool = std::string(ToString(pool)),
                      .durability = std::string(ToString(tier))};
              arguments = words;
              arguments.push_back("--engine=" + engine.Label());
            };
            ask(pair.baseline, cell.names.baseline, cell.baseline_arguments);
            ask(pair.candidate, cell.names.candidate, cell.candidate_arguments);
            options.cells.push_back(std::move(cell));
          }
        }
      }
    }
  }
  return options;
}

}  // namespace kvs::compare
