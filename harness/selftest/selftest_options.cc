#include "harness/selftest/selftest_options.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_group.h"
#include "harness/options/option_value.h"
#include "harness/options/units.h"
#include "harness/selftest/overhead.h"
#include "results/model.h"

namespace kvs::selftest {
namespace {

constexpr unsigned kMostRounds = 10'000;
constexpr uint64_t kSmokeRecords = 300;
constexpr uint64_t kSmokeOperations = 3000;

constexpr const char* kExamples = R"(Examples:
  kvs-bench selftest overhead
      about 6 minutes; on a machine with nothing else to do
  kvs-bench selftest overhead --rounds 41
      narrower intervals
  kvs-bench selftest overhead --engine rocksdb --sampling-period 1
      what it would cost to time every operation
  kvs-bench selftest overhead --smoke
  kvs-bench selftest detector
      how often verdicts of `compare` are right, by recorded trials; measures nothing
  kvs-bench-slowed selftest detector --record ./pool
      records such trials, for some hours; the same command goes on after an interrupt

Exit codes: 0 every figure is within its limit, 1 one is beyond it, 2 usage, 3 the interval of one
holds its limit, so that it cannot be told, 4 the machine refuses, 5 a trial failed, 130 interrupted.)";

constexpr unsigned kMostBlocks = 100'000;

// The one engine of `table` that `text` names.
EngineChoice OneEngine(const std::vector<std::string>& text, EngineTable table) {
  std::vector<EngineChoice> chosen = ChooseEngines(text, table);
  if (chosen.size() != 1) throw UsageError("--engine: takes one engine here");
  return std::move(chosen.front());
}

void DefineDetector(CLI::App& selftest, RawSelftestOptions& raw) {
  CLI::App& detector = *selftest.add_subcommand(
      "detector", "how often the verdicts of compare are right, and those of others");
  detector.callback([&raw] { raw.of_detector = true; });
  detector.allow_extras();
  detector.footer(kExamples);
  OptionGroup what(detector, "What is judged");
  what.AddOne("--pool", "DIR", raw.pool,
              "the recorded trials that comparisons are drawn from (default: results/detector)");
  what.AddOne("--seed", "N", raw.seed, "seed of what is drawn (default: 1)");
  OptionGroup record(detector, "Recording (kvs-bench-slowed)");
  record.AddOne("--record", "DIR", raw.record,
                "adds trials to the pool in this directory, instead of judging");
  record.AddOne("--blocks", "N", raw.blocks,
                "until there are so many blocks; each has all arms twice (default: 300)");
  record.AddOne("--runs", "N", raw.runs,
                "and so many runs of one arm after the other (default: 15)");
  record.AddFlag("--smoke", raw.smoke, "trials of a moment of one cell, to see that it works");
  record.AddOne("--dir", "DIR", raw.directory,
                "the stores lie in a fresh directory made in here (default: ./kvs-bench-data)");
  record.AddFlag("--quiet", raw.quiet, "no progress");
  OptionGroup output(detector, "Output");
  output.AddFlag("--markdown", raw.markdown, "the tables of docs/detector.md");
  output.AddFlag("--json", raw.json, "for programs; plot.py draws it");
}

SelftestOptions InterpretDetector(const RawSelftestOptions& raw, EngineTable engines) {
  DetectorOptions options;
  options.records = !raw.record.empty();
  if (options.records && (!raw.pool.empty() || raw.markdown || raw.json)) {
    throw UsageError("--record: records only; leave out --pool, --markdown and --json");
  }
  if (!options.records &&
      !(raw.blocks.empty() && raw.runs.empty() && raw.directory.empty() && !raw.smoke)) {
    throw UsageError("--blocks, --runs, --smoke and --dir are for --record");
  }
  if (raw.markdown && raw.json) throw UsageError("--markdown and --json: choose one");
  const bool has_slowed =
      std::any_of(engines.begin(), engines.end(),
                  [](const EngineDefinition* engine) { return engine->name == "slowed"; });
  if (options.records && !has_slowed) {
    throw UsageError("--record: needs engines that are slow on purpose: call kvs-bench-slowed");
  }
  if (!raw.pool.empty()) options.pool = raw.pool;
  if (options.records) options.pool = raw.record;
  options.engines = engines;
  ParseOne("--seed", raw.seed, options.seed, [](const std::string& text) {
    return ParseNumber(text, 0, std::numeric_limits<uint64_t>::max());
  });
  const auto parse_count = [](const std::string& text) {
    return static_cast<unsigned>(ParseNumber(text, 0, kMostBlocks));
  };
  ParseOne("--blocks", raw.blocks, options.blocks, parse_count);
  ParseOne("--runs", raw.runs, options.runs, parse_count);
  options.smoke = raw.smoke;
  if (!raw.directory.empty()) options.directory = raw.directory;
  if (raw.markdown) options.output = DetectorOptions::Output::kMarkdown;
  if (raw.json) options.output = DetectorOptions::Output::kJson;
  options.quiet = raw.quiet;
  return options;
}

}  // namespace

void DefineSelftestCommand(CLI::App& app, RawSelftestOptions& raw) {
  CLI::App& selftest =
      *app.add_subcommand("selftest", "measures kvs-bench itself: overhead, detector");
  selftest.allow_extras();
  selftest.require_subcommand(0, 1);
  selftest.footer(kExamples);
  selftest.callback([&raw] { raw.is_used = true; });
  CLI::App& overhead = *selftest.add_subcommand(
      "overhead", "the floor, what sampling of latencies disturbs, the clock; against limits");
  overhead.callback([&raw] { raw.of_overhead = true; });
  overhead.allow_extras();
  overhead.footer(kExamples);
  OptionGroup what(overhead, "What is measured");
  what.AddList("--engine", "NAME[:KEY=VALUE,...]", raw.engines,
               "whose reads are measured with and without sampling, beside null's (default: "
               "lockfree)");
  what.AddOne("--sampling-period", "N", raw.sampling_period,
              "mean operations per latency sample (default: a run's own)");
  what.AddOne("--rounds", "N", raw.rounds,
              "each has a trial for every figure, in an order of its own (default: 11)");
  what.AddOne("--duration", "TIME", raw.duration,
              "measured in each trial; in pairs, of either kind (default: 1s)");
  what.AddOne("--seed", "N", raw.seed, "seed of operations, values and trial order (default: 1)");
  what.AddFlag("--smoke", raw.smoke,
               "one round of a moment, to see that it works; nothing is judged");
  OptionGroup output(overhead, "Data and output");
  output.AddOne("--dir", "DIR", raw.directory,
                "the stores lie in a fresh directory made in here (default: ./kvs-bench-data)");
  output.AddFlag("--json", raw.json, "for programs");
  output.AddFlag("--quiet", raw.quiet, "no progress");
  DefineDetector(selftest, raw);
}

SelftestOptions InterpretSelftest(const RawSelftestOptions& raw, EngineTable engines) {
  if (raw.of_detector) return InterpretDetector(raw, engines);
  if (!raw.of_overhead) {
    throw UsageError(
        "selftest: write 'selftest overhead' or 'selftest detector' (see `kvs-bench selftest "
        "--help`)");
  }
  if (raw.smoke && !(raw.rounds.empty() && raw.duration.empty())) {
    throw UsageError("--smoke: is one round of a moment; leave out --rounds and --duration");
  }
  OverheadOptions options;
  options.floor = OneEngine({std::string(kFloorEngine)}, engines);
  options.engine =
      OneEngine(raw.engines.empty() ? std::vector<std::string>{"lockfree"} : raw.engines, engines);
  if (options.engine.Label() == kFloorEngine) {
    throw UsageError("--engine: null is measured anyway; name another");
  }
  ParseOne("--rounds", raw.rounds, options.rounds, [](const std::string& text) {
    return static_cast<unsigned>(ParseNumber(text, kFewestRounds, kMostRounds));
  });
  ParseOne("--duration", raw.duration, options.duration_s, ParseDurationS);
  if (options.duration_s < 0.001) throw UsageError("--duration: must be at least 1ms");
  ParseOne("--sampling-period", raw.sampling_period, options.sampling_period,
           [](const std::string& text) {
             return static_cast<double>(ParseNumber(text, 1, kLongestSamplingPeriod));
           });
  ParseOne("--seed", raw.seed, options.seed, [](const std::string& text) {
    return ParseNumber(text, 0, std::numeric_limits<uint64_t>::max());
  });
  if (raw.smoke) {
    options.judges = false;
    options.rounds = 1;
    options.records = kSmokeRecords;
    options.warmup_s = 0;
    options.operations = kSmokeOperations;
  }
  if (!raw.directory.empty()) options.directory = raw.directory;
  options.json = raw.json;
  options.quiet = raw.quiet;
  return options;
}

}  // namespace kvs::selftest
