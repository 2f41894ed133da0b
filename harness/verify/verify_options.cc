#include "harness/verify/verify_options.h"

#include <limits>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_group.h"
#include "harness/options/option_value.h"
#include "harness/options/units.h"
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
  kvs-bench verify contract --engine lockfree:ordered=true,sqlite --durability process,sync

Exit codes: 0 it holds, 2 usage or nothing could be verified, 4 the machine refuses,
5 a violation or an engine that failed (the evidence is in a file), 130 interrupted.)";

// How much an engine is given to do, where the property does not say it itself.
void DefineLoad(OptionGroup& how, RawVerifyOptions& raw, Property property) {
  how.AddOne("--threads", "N", raw.threads,
             "threads; an engine that serves fewer gets fewer (default: 4)");
  if (property == Property::kCrash) {
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
}

void DefineProperty(CLI::App& verify, RawVerifyOptions& raw, Property property,
                    const std::string& help) {
  CLI::App& command = *verify.add_subcommand(std::string(ToString(property)), help);
  command.callback([&raw, property] { raw.property = property; });
  command.allow_extras();
  command.footer(kExamples);
  OptionGroup what(command, "What is verified");
  what.AddList("--engine", "NAME[:KEY=VALUE,...],...", raw.engines,
               property == Property::kContract
                   ? "engines with settings (default: all)"
                   : "engines with settings, or 'all' (default: all that store data)");
  what.AddList("--durability", "TIER,...", raw.tiers, "none, process, sync (default: process)");
  OptionGroup how(command, "How");
  if (property != Property::kContract) DefineLoad(how, raw, property);
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

std::string_view ToString(Property property) {
  switch (property) {
    case Property::kLinearizability:
      return "linearizability";
    case Property::kCrash:
      return "crash";
    case Property::kContract:
      return "contract";
  }
  return "";
}

void DefineVerifyCommand(CLI::App& app, RawVerifyOptions& raw) {
  CLI::App* verify = app.add_subcommand(
      "verify", "checks what an engine promises: linearizability, crash, contract");
  verify->allow_extras();
  verify->require_subcommand(0, 1);
  verify->footer(kExamples);
  verify->callback([&raw] { raw.is_used = true; });
  DefineProperty(
      *verify, raw, Property::kLinearizability,
      "records what threads are told and checks that some order explains it, across restarts");
  DefineProperty(*verify, raw, Property::kCrash,
                 "kills a writing process at random moments and checks what is left, on and on");
  DefineProperty(
      *verify, raw, Property::kContract,
      "runs the tests of every operation, limit and error that engines/engine.h promises");
}

VerifyOptions InterpretVerify(const RawVerifyOptions& raw, EngineTable engines) {
  if (!raw.property) {
    throw UsageError(
        "verify: write 'verify linearizability', 'verify crash' or 'verify contract' (see "
        "`kvs-bench verify --help`)");
  }
  const bool is_crash = *raw.property == Property::kCrash;
  VerifyOptions options;
  options.property = *raw.property;
  options.keys = is_crash ? 100 : 4;
  options.operations = is_crash ? 2000 : 500;
  options.rounds = 100;
  if (raw.engines.empty() && options.property != Property::kContract) {
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
  const char* rounds_option = is_crash ? "--cycles" : "--rounds";
  ParseOne(rounds_option, is_crash ? raw.cycles : raw.rounds, options.rounds,
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

  if (is_crash && options.keys < options.threads) {
    throw UsageError(fmt::format(
        "--keys: {} keys are too few for {} threads, of which each writes keys of its own",
        options.keys, options.threads));
  }
  if (!is_crash &&
      options.operations > kMostRecordedOperations / options.threads / options.rounds) {
    throw UsageError(fmt::format(
        "--operations: {} by {} threads in {} rounds are more than can be recorded ({}); several "
        "runs with other seeds show as much",
        options.operations, options.threads, options.rounds, kMostRecordedOperations));
  }
  return options;
}

}  // namespace kvs::verify
