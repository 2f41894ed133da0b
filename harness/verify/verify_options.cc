#include "harness/verify/verify_options.h"

#include <limits>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/option_group.h"
#include "harness/option_value.h"
#include "harness/units.h"
#include "harness/verify/verify_progress.h"

namespace kvs::verify {
namespace {

// What is recorded is kept until the end, in about 50 bytes each.
constexpr uint64_t kMostRecordedOperations = 50'000'000;
constexpr uint32_t kMostKeys = 100'000;
constexpr uint64_t kMostCycles = 10'000'000;

constexpr const char* kExamples = R"(Examples:
  kvs-bench verify linearizability --engine lockfree
  kvs-bench verify linearizability --engine all --threads 8 --rounds 1000
  kvs-bench verify crash --engine lockfree:segment_size=64KiB --cycles 1000
  kvs-bench verify crash --engine rocksdb,lmdb --durability process,sync --cycles 200

Exit codes: 0 it holds, 2 usage or nothing could be verified, 4 the machine refuses,
5 a violation or an engine that failed (the evidence is in a file), 130 interrupted.)";

void DefineProperty(CLI::App& command, RawVerifyOptions& raw, bool is_crash) {
  command.allow_extras();
  command.footer(kExamples);
  OptionGroup what(command, "What is verified");
  what.AddList("--engine", "NAME[:KEY=VALUE,...],...", raw.engines,
               "engines with settings, or 'all' (default: all that store data)");
  what.AddList("--durability", "TIER,...", raw.tiers, "none, process, sync (default: process)");
  OptionGroup how(command, "How");
  how.AddOne("--threads", "N", raw.threads,
             "threads; an engine that serves fewer gets fewer (default: 4)");
  if (is_crash) {
    how.AddOne("--cycles", "COUNT", raw.cycles, "kills, each followed by a check (default: 100)");
    how.AddOne("--keys", "COUNT", raw.keys, "keys, each written by one thread (default: 100)");
    how.AddOne("--operations", "COUNT", raw.operations,
               "writes of all threads before a kill, at most (default: 2000)");
  } else {
    how.AddOne("--rounds", "COUNT", raw.rounds,
               "rounds, each checked before the next (default: 100)");
    how.AddOne("--keys", "COUNT", raw.keys, "keys, used by all threads (default: 4)");
    how.AddOne("--operations", "COUNT", raw.operations,
               "operations of each thread in a round (default: 500)");
  }
  how.AddOne("--seed", "N", raw.seed, "seed of operations and moments (default: 1)");
  how.AddOne("--timeout", "TIME", raw.timeout,
             "an engine that does nothing for so long hangs (default: 60s)");
  OptionGroup output(command, "Data and output");
  output.AddOne("--dir", "DIR", raw.directory,
                "the stores lie in a fresh directory made in here (default: ./kvs-bench-data)");
  output.AddOne(
      "--out", "FILE", raw.out,
      "evidence of a violation (default: ./kvs-bench-results/verify-<date>-<time>-N.json)");
  output.AddFlag("--quiet", raw.quiet, "no progress");
}

uint64_t ParseAtLeastOne(const std::string& text) {
  const uint64_t count = ParseCount(text);
  if (count == 0) throw UsageError("must be at least 1");
  return count;
}

}  // namespace

void DefineVerifyCommand(CLI::App& app, RawVerifyOptions& raw) {
  CLI::App* verify =
      app.add_subcommand("verify", "checks what an engine promises: linearizability, crash");
  verify->allow_extras();
  verify->footer(kExamples);
  verify->callback([&raw] { raw.is_used = true; });
  CLI::App* linearizability = verify->add_subcommand(
      "linearizability",
      "records what threads are told and checks that some order explains it, across restarts");
  linearizability->callback([&raw] { raw.linearizability = true; });
  DefineProperty(*linearizability, raw, false);
  CLI::App* crash = verify->add_subcommand(
      "crash", "kills a writing process at random moments and checks what is left, on and on");
  crash->callback([&raw] { raw.crash = true; });
  DefineProperty(*crash, raw, true);
}

VerifyOptions InterpretVerify(const RawVerifyOptions& raw, EngineTable engines) {
  if (raw.linearizability == raw.crash) {
    throw UsageError(
        "verify: write 'verify linearizability' or 'verify crash' (see `kvs-bench verify --help`)");
  }
  VerifyOptions options;
  options.property = raw.crash ? Property::kCrash : Property::kLinearizability;
  options.keys = raw.crash ? 100 : 4;
  options.operations = raw.crash ? 2000 : 500;
  options.rounds = 100;
  if (raw.engines.empty()) {
    for (EngineChoice& choice : ChooseEngines({}, engines)) {
      if (choice.definition->capabilities({}).stores_data) {
        options.engines.push_back(std::move(choice));
      }
    }
  } else {
    options.engines = ChooseEngines(raw.engines, engines);
  }
  ParseList("--durability", raw.tiers, options.tiers, ParseDurability);
  ParseOne("--threads", raw.threads, options.threads, [](const std::string& text) {
    return static_cast<unsigned>(ParseNumber(text, 1, kMostThreads));
  });
  ParseOne("--keys", raw.keys, options.keys, [](const std::string& text) {
    const uint64_t keys = ParseAtLeastOne(text);
    if (keys > kMostKeys) throw UsageError(fmt::format("must be at most {}", kMostKeys));
    return static_cast<uint32_t>(keys);
  });
  ParseOne("--operations", raw.operations, options.operations, ParseAtLeastOne);
  const char* rounds_option = raw.crash ? "--cycles" : "--rounds";
  ParseOne(rounds_option, raw.crash ? raw.cycles : raw.rounds, options.rounds,
           [](const std::string& text) {
             const uint64_t rounds = ParseAtLeastOne(text);
             if (rounds > kMostCycles) {
               throw UsageError(fmt::format("must be at most {}", kMostCycles));
             }
             return rounds;
           });
  ParseOne("--seed", raw.seed, options.seed, [](const std::string& text) {
    return ParseNumber(text, 0, std::numeric_limits<uint64_t>::max());
  });
  ParseOne("--timeout", raw.timeout, options.timeout_s, ParseDurationS);
  if (options.timeout_s <= 0) throw UsageError("--timeout: must be more than 0");
  if (!raw.directory.empty()) options.directory = raw.directory;
  if (!raw.out.empty()) options.evidence = raw.out;
  options.quiet = raw.quiet;

  if (raw.crash && options.keys < options.threads) {
    throw UsageError(fmt::format(
        "--keys: {} keys are too few for {} threads, of which each writes keys of its own",
        options.keys, options.threads));
  }
  if (!raw.crash &&
      options.operations > kMostRecordedOperations / options.threads / options.rounds) {
    throw UsageError(fmt::format(
        "--operations: {} by {} threads in {} rounds are more than can be recorded ({}); several "
        "runs with other seeds show as much",
        options.operations, options.threads, options.rounds, kMostRecordedOperations));
  }
  return options;
}

}  // namespace kvs::verify
