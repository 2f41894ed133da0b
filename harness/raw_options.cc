#include "harness/raw_options.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/exit_code.h"
#include "harness/options/option_group.h"
#include "workloads/suggestion.h"

namespace kvs {
namespace {

constexpr std::string_view kExamples = R"(Examples:
  kvs-bench
      every engine, YCSB A and C, 1 and 2 threads, 3 trials: about 6 minutes
  kvs-bench --engine lockfree,rocksdb,lmdb --threads 1,2,4 --workload ycsb-b --out run.json
  kvs-bench --engine rocksdb:compression=lz4,block_size=16KiB,lmdb --workload ycsb-c
      two engines; what follows the colon are settings of rocksdb (see `kvs-bench list`)
  kvs-bench --records 10M --key-size 16 --value-size 100 --read-percent 95 --duration 30s
  kvs-bench --workload ./workloada -p recordcount=1000000 --operations 5M
  kvs-bench --engine lockfree,rocksdb --workload ycsb-b --threads 2 --rate 200k
      response times at 200,000 operations a second, whether the engine keeps up or not
  kvs-bench --engine lockfree,rocksdb --workload ycsb-b --find-max --slo 'p99<1ms,p99.9<10ms'
      the highest rate at which these response times hold
  kvs-bench --engine lmdb --workload ycsb-c --threads 1 --load-only --dir /mnt/disk
  kvs-bench --resume run.json
      goes on with a run that was interrupted or killed
  kvs-bench list
  kvs-bench doctor --dir /mnt/disk
      is this machine fit to measure on? (see `kvs-bench doctor --help`)
  kvs-bench compare --baseline ./before --candidate ./after --engine lockfree
      did anything get slower? (see `kvs-bench compare --help`)
  kvs-bench verify crash --engine lockfree --cycles 1000
      proof instead of figures (see `kvs-bench verify --help`)
  kvs-bench selftest overhead
      what kvs-bench itself adds (see `kvs-bench selftest --help`)

Counts take k, M, G (powers of 1000); sizes KiB, MiB, GiB, kB, MB, GB; durations us, ms, s, min, h.

Exit codes: 0 ok, 2 usage or nothing gave a figure, 4 the machine refuses (disk, directory),
5 an engine failed or gave a wrong answer, 130 interrupted (the result file is valid, partial).)";

// `engines_by_default`: what the help says of a missing --engine.
void DefineWhat(CLI::App& app, RawOptions& raw, const char* engines_by_default) {
  OptionGroup what(app, "What is measured");
  what.AddList("--engine", "NAME[:KEY=VALUE,...],...", raw.engines,
               fmt::format("engines with settings, or 'all' ({})", engines_by_default));
  what.AddList("--workload", "NAME|PATH,...", raw.workloads,
               "shipped workloads or paths of YCSB files (default: ycsb-a,ycsb-c)");
  what.AddList("--threads", "N,...", raw.threads, "thread counts (default: 1,2)");
  what.AddList("--pool", "POOL,...", raw.pools,
               "dedicated, naive, shared-queue, work-stealing (default: dedicated)");
  what.AddList("--durability", "TIER,...", raw.tiers,
               "what an acknowledged write survives: none, process (kill -9), sync (power loss) "
               "(default: process)");
  what.AddOne("--memory-budget", "SIZE", raw.memory_budget,
              "bound on each engine's caches and buffers (default: the engine's own)");

  OptionGroup custom(app, "A workload without a file (or changes to the given ones)");
  custom.AddOne("--records", "COUNT", raw.records, "records to load (default: 100k)");
  custom.AddOne("--key-size", "SIZE", raw.key_size,
                "bytes of a key (default: as YCSB writes keys)");
  custom.AddOne("--value-size", "SIZE", raw.value_size, "bytes of a value (default: 100)");
  custom.AddOne(
      "--compression-ratio", "R", raw.compression_ratio,
      "values compress to R of their size, 0 to 1, as db_bench's compression_ratio; 1: not "
      "at all (default: 1)");
  custom.AddOne("--read-percent", "PERCENT", raw.read_percent,
                "reads in percent, the others update (default: 50); not with --workload");
  custom.AddList("-p,--property", "KEY=VALUE", raw.properties,
                 "sets one property of every workload; repeatable");
}

// How a trial of every kind of run is measured.
void DefineTrial(OptionGroup& how, RawOptions& raw, const char* duration, const char* warmup) {
  how.AddOne(
      "--duration", "TIME", raw.duration,
      fmt::format("length of the measured window, seconds if no unit (default: {})", duration));
  how.AddOne("--operations", "COUNT", raw.operations, "measure this many operations instead");
  how.AddOne("--rate", "COUNT", raw.rate,
             "operations per second, all threads together, started on time however long they take "
             "(open loop)");
  how.AddOne("--arrivals", "poisson|constant", raw.arrivals,
             "gaps between the operations of --rate, or of --find-max's probes: random or equal "
             "(default: poisson)");
  how.AddOne("--warmup", "TIME", raw.warmup,
             fmt::format("time before the window (default: {})", warmup));
  how.AddFlagOrValue("--cold", raw.cold,
                     "begin without a warm-up on a store that was reopened and evicted from the "
                     "page cache; --cold=drop: drop the whole machine's caches, too (root)");
  how.AddOne("--sampling-period", "N", raw.sampling_period,
             "mean operations per latency sample; 1: every one; not with --rate (default: one in "
             "100 us of each thread, by the rate of the warm-up; without one, 64)");
  how.AddOne("--verify", "sample|full", raw.verify,
             "check every byte of a sample of the values read, or of all (default: sample)");
  how.AddOne("--timeout", "TIME", raw.timeout,
             "a trial that takes longer is killed (default: 10min beside warm-up and window)");
}

void DefineRun(CLI::App& app, RawOptions& raw) {
  DefineWhat(app, raw, "default: all");
  OptionGroup how(app, "How it is measured");
  how.AddOne("--trials", "N", raw.trials, "trials of every cell (default: 3)");
  DefineTrial(how, raw, "2s", "500ms");
  how.AddFlag("--find-max", raw.find_max,
              "after the trials, search the highest rate at which each cell holds --slo");
  how.AddOne("--slo", "[KIND:]pN<TIME,...", raw.slo,
             "percentiles of the response time and what they stay below, of all operations or a "
             "kind: p99<1ms,read:p99.9<10ms");
  how.AddOne("--seed", "N", raw.seed, "seed of operations, values and trial order (default: 1)");
  how.AddFlag("--no-floor", raw.no_floor,
              "leave out the trials of null that measure the harness itself");

  OptionGroup data(app, "Where the data lies");
  data.AddOne("--dir", "DIR", raw.directory,
              "the stores lie in a fresh directory made in here (default: ./kvs-bench-data)");
  data.AddFlag("--keep", raw.keep, "keep the stores after the run and say where");
  data.AddFlag("--load-only", raw.load_only, "load one store, keep it, and measure nothing");
  data.AddOne("--use-existing", "DIR", raw.use_existing,
              "measure on a store left by --load-only or --keep, in place");

  OptionGroup resumed(app, "A run that was interrupted");
  resumed.AddOne("--resume", "FILE", raw.resume,
                 "go on with the run of this result file, or show it again; only --csv, --costs, "
                 "--quiet, --no-color "
                 "may stand beside it");
  resumed.AddFlag("--allow-environment-mismatch", raw.allow_environment_mismatch,
                  "resume although machine, kvs-bench or an engine's library differ; the result "
                  "says so");

  OptionGroup output(app, "Output");
  output.AddOne("--out", "FILE", raw.out,
                "result file, a new one (default: ./kvs-bench-results/<date>-<time>.json)");
  output.AddOne("--csv", "FILE", raw.csv,
                "also write one line per trial, and probe, to this new file");
  output.AddFlag("--force", raw.force, "let --out and --csv replace files that are there");
  output.AddFlag("--costs", raw.costs,
                 "also print what an operation cost: CPU, switches, faults, I/O, amplification");
  output.AddFlag("--quiet", raw.quiet, "no progress, only warnings and the table");
  output.AddFlag("--no-color", raw.no_color, "no colours (also: NO_COLOR in the environment)");
}

// The options of a comparison that measures, beside those of compare_options.h.
void DefinePairedRun(CLI::App& command, RawOptions& raw) {
  DefineWhat(command, raw, "to be named, but for --baseline-engine");
  OptionGroup how(command, "How it is measured");
  DefineTrial(how, raw, compare::kDefaultDuration, compare::kDefaultWarmup);
  how.AddOne(
      "--seed", "N", raw.seed,
      "block k has this seed + k; the order of its trials is drawn anew each time (default: 1)");
  OptionGroup data(command, "Where the data lies");
  data.AddOne("--dir", "DIR", raw.directory,
              "copies of the programs and their stores lie in a fresh directory made in here "
              "(default: ./kvs-bench-data)");
  OptionGroup output(command, "Output");
  output.AddOne("--out", "DIR", raw.out,
                "the arms' result files, new ones: baseline.json, candidate.json, copy.json "
                "(default: ./kvs-bench-results/<date>-<time>-compare)");
  output.AddFlag("--quiet", raw.quiet, "no progress, only warnings and the table");
}

// Refuses words that CLI11 could not place, with the nearest option or command.
[[noreturn]] void RefuseExtra(const CLI::App& app, const std::string& extra) {
  std::vector<std::string> names;
  if (extra.starts_with('-')) {
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::string nearest = NearestName(extra.substr(0, extra.find('=')), names);
    throw UsageError(
        fmt::format("unknown option '{}'{}", extra,
                    nearest.empty() ? "" : fmt::format(": did you mean '{}'?", nearest)));
  }
  for (const CLI::App* command : app.get_subcommands(nullptr)) names.push_back(command->get_name());
  throw UsageError(fmt::format("unexpected argument '{}'{}", extra, DidYouMean(extra, names)));
}

// An option before `command` would belong to a run and do nothing.
void RefuseOptionsBefore(std::string_view command, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    throw UsageError(fmt::format("{} stands before '{}': write options after the command",
                                 option->get_name(), command));
  }
}

// Throws `why` and the first option that was given and is none of `allowed`.
void RefuseAllBut(std::initializer_list<std::string_view> allowed, const CLI::App& app,
                  std::string_view why) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->count() == 0) continue;
    if (std::find(allowed.begin(), allowed.end(), option->get_name()) != allowed.end()) continue;
    throw UsageError(fmt::format("{}; leave out {}", why, option->get_name()));
  }
}

}  // namespace

RawOptions CollectOptions(const std::vector<std::string>& arguments) {
  CLI::App app("kvs-bench: measures key-value engines and says how sure it is.", "kvs-bench");
  RawOptions raw;
  app.set_help_flag("-h,--help", "print this and end")->group("Output");
  app.set_version_flag("--version", fmt::format("kvs-bench {}", KVS_VERSION),
                       "print the version and end")
      ->group("Output");
  app.footer(std::string(kExamples));
  app.allow_extras();
  DefineRun(app, raw);
  CLI::App* list = app.add_subcommand("list", "engines, workloads, pools and distributions");
  list->add_flag("--json", raw.list_as_json, "for programs");
  list->allow_extras();
  verify::DefineVerifyCommand(app, raw.verification);
  doctor::DefineDoctorCommand(app, raw.examination);
  selftest::DefineSelftestCommand(app, raw.selftest);
  DefinePairedRun(compare::DefineCompareCommand(app, raw.comparison), raw);

  try {
    // CLI11 takes the words in reverse order.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    raw.text = app.help();  // of the command that is used
    return raw;
  } catch (const CLI::CallForVersion& version) {
    raw.text = std::string(version.what()) + "\n";
    return raw;
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  raw.list = list->parsed();
  for (const CLI::App* level = &app; level != nullptr;) {
    const std::vector<std::string> extras = level->remaining();
    if (!extras.empty()) RefuseExtra(*level, extras.front());
    const std::vector<CLI::App*> commands = level->get_subcommands();
    level = commands.empty() ? nullptr : commands.front();
  }
  if (!raw.resume.empty()) {
    RefuseAllBut(
        {"--resume", "--allow-environment-mismatch", "--csv", "--costs", "--quiet", "--no-color"},
        app, "--resume: its file says what is measured and how");
  }
  if (!raw.comparison.files.empty()) {
    RefuseAllBut({"files", "--threshold", "--judge-flush-bound", "--allow-environment-mismatch",
                  "--format", "--no-color"},
                 *app.get_subcommand("compare"), "compare: two result files were measured before");
  }
  if (raw.verification.is_used) RefuseOptionsBefore("verify", app);
  if (raw.examination.is_used) RefuseOptionsBefore("doctor", app);
  if (raw.selftest.is_used) RefuseOptionsBefore("selftest", app);
  if (raw.comparison.is_used) RefuseOptionsBefore("compare", app);
  return raw;
}

}  // namespace kvs
