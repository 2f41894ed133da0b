#include "harness/command_line.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/exit_code.h"
#include "harness/suggestion.h"
#include "harness/units.h"

namespace kvs {
namespace {

constexpr unsigned kMostThreads = 4096;
constexpr unsigned kMostTrials = 1000;

constexpr std::string_view kExamples = R"(Examples:
  kvs-bench
      every engine, YCSB A and C, 1 and 2 threads, 3 trials: about 6 minutes
  kvs-bench --engine lockfree,rocksdb,lmdb --threads 1,2,4 --workload ycsb-b --out run.json
  kvs-bench --engine rocksdb:compression=lz4,block_size=16KiB,lmdb --workload ycsb-c
      two engines; what follows the colon are settings of rocksdb (see `kvs-bench list`)
  kvs-bench --records 10M --key-size 16 --value-size 100 --read-percent 95 --duration 30s
  kvs-bench --workload ./workloada -p recordcount=1000000 --operations 5M
  kvs-bench --engine lmdb --workload ycsb-c --threads 1 --load-only --dir /mnt/disk
  kvs-bench list

Counts take k, M, G (powers of 1000); sizes KiB, MiB, GiB, kB, MB, GB; durations us, ms, s, min, h.

Exit codes: 0 ok, 2 usage or nothing could run, 4 the machine refuses (disk, directory),
5 an engine failed or gave a wrong answer, 130 interrupted (the result file is valid, partial).)";

// The words as CLI11 collects them, before they mean anything.
struct RawOptions {
  std::vector<std::string> engines, workloads, threads, pools, tiers, properties;
  std::string trials, duration, operations, warmup, timeout;
  std::string records, key_size, value_size, read_percent;
  std::string seed, sampling_period, verify, memory_budget;
  std::string directory, use_existing, out, csv;
  bool keep = false;
  bool load_only = false;
  bool quiet = false;
  bool no_color = false;
  bool list_as_json = false;
};

CLI::Option* AddList(CLI::App& app, const std::string& name, std::vector<std::string>& target,
                     const std::string& help) {
  return app.add_option(name, target, help)->allow_extra_args(false)->take_all();
}

// An option with one value; given twice, the last one counts, so that a script can append.
CLI::Option* AddOne(CLI::App& app, const std::string& name, std::string& target,
                    const std::string& help) {
  return app.add_option(name, target, help)->take_last();
}

void DefineOptions(CLI::App& app, RawOptions& raw) {
  const std::string what = "What is measured";
  AddList(app, "--engine", raw.engines, "engines with settings, or 'all' (default: all)")
      ->type_name("NAME[:KEY=VALUE,...],...")
      ->group(what);
  AddList(app, "--workload", raw.workloads,
          "shipped workloads or paths of YCSB files (default: ycsb-a,ycsb-c)")
      ->type_name("NAME|PATH,...")
      ->group(what);
  AddList(app, "--threads", raw.threads, "thread counts (default: 1,2)")
      ->type_name("N,...")
      ->group(what);
  AddList(app, "--pool", raw.pools,
          "dedicated, naive, shared-queue, work-stealing (default: dedicated)")
      ->type_name("POOL,...")
      ->group(what);
  AddList(app, "--durability", raw.tiers,
          "what an acknowledged write survives: none, process (kill -9), sync (power loss) "
          "(default: process)")
      ->type_name("TIER,...")
      ->group(what);
  AddOne(app, "--memory-budget", raw.memory_budget,
         "bound on each engine's caches and buffers (default: the engine's own)")
      ->type_name("SIZE")
      ->group(what);

  const std::string custom = "A workload without a file (or changes to the given ones)";
  AddOne(app, "--records", raw.records, "records to load (default: 100k)")
      ->type_name("COUNT")
      ->group(custom);
  AddOne(app, "--key-size", raw.key_size, "bytes of a key (default: as YCSB writes keys)")
      ->type_name("SIZE")
      ->group(custom);
  AddOne(app, "--value-size", raw.value_size, "bytes of a value (default: 100)")
      ->type_name("SIZE")
      ->group(custom);
  AddOne(app, "--read-percent", raw.read_percent,
         "reads in percent, the others update (default: 50); not with --workload")
      ->type_name("PERCENT")
      ->group(custom);
  AddList(app, "-p,--property", raw.properties, "sets one property of every workload; repeatable")
      ->type_name("KEY=VALUE")
      ->group(custom);

  const std::string how = "How it is measured";
  AddOne(app, "--trials", raw.trials, "trials of every cell (default: 3)")
      ->type_name("N")
      ->group(how);
  AddOne(app, "--duration", raw.duration, "length of the measured window (default: 2s)")
      ->type_name("TIME")
      ->group(how);
  AddOne(app, "--operations", raw.operations, "measure this many operations instead")
      ->type_name("COUNT")
      ->group(how);
  AddOne(app, "--warmup", raw.warmup, "time before the window (default: 500ms)")
      ->type_name("TIME")
      ->group(how);
  AddOne(app, "--seed", raw.seed, "seed of operations, values and trial order (default: 1)")
      ->type_name("N")
      ->group(how);
  AddOne(app, "--sampling-period", raw.sampling_period,
         "mean operations per latency sample; 1: every one (default: 64)")
      ->type_name("N")
      ->group(how);
  AddOne(app, "--verify", raw.verify,
         "check every byte of a sample of the values read, or of all (default: sample)")
      ->type_name("sample|full")
      ->group(how);
  AddOne(app, "--timeout", raw.timeout, "a trial that takes longer is killed (default: 10min)")
      ->type_name("TIME")
      ->group(how);

  const std::string data = "Where the data lies";
  AddOne(app, "--dir", raw.directory,
         "the stores lie in a fresh directory made in here (default: ./kvs-bench-data)")
      ->type_name("DIR")
      ->group(data);
  app.add_flag("--keep", raw.keep, "keep the stores after the run and say where")->group(data);
  app.add_flag("--load-only", raw.load_only, "load one store, keep it, and measure nothing")
      ->group(data);
  AddOne(app, "--use-existing", raw.use_existing,
         "measure on a store left by --load-only or --keep, in place")
      ->type_name("DIR")
      ->group(data);

  const std::string output = "Output";
  AddOne(app, "--out", raw.out, "result file (default: ./kvs-bench-results/<date>-<time>.json)")
      ->type_name("FILE")
      ->group(output);
  AddOne(app, "--csv", raw.csv, "also write one line per trial to this file")
      ->type_name("FILE")
      ->group(output);
  app.add_flag("--quiet", raw.quiet, "no progress, only warnings and the table")->group(output);
  app.add_flag("--no-color", raw.no_color, "no colours (also: NO_COLOR in the environment)")
      ->group(output);
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> items;
  size_t begin = 0;
  for (;;) {
    const size_t end = text.find(separator, begin);
    items.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return items;
    begin = end + 1;
  }
}

// Calls `parse` on every comma-separated item of every value given to `option`.
template <typename T, typename Parse>
void ParseList(std::string_view option, const std::vector<std::string>& values,
               std::vector<T>& target, Parse parse) {
  if (values.empty()) return;
  target.clear();
  for (const std::string& value : values) {
    for (const std::string& item : Split(value, ',')) {
      if (item.empty()) throw UsageError(fmt::format("{}: empty item in '{}'", option, value));
      const T parsed = parse(item);
      if (std::find(target.begin(), target.end(), parsed) == target.end()) target.push_back(parsed);
    }
  }
}

// Runs `parse` on the value of `option` if one was given; names the option in what it throws.
template <typename T, typename Parse>
void ParseOne(std::string_view option, const std::string& text, T& target, Parse parse) {
  if (text.empty()) return;
  try {
    target = parse(text);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", option, error.what()));
  }
}

uint64_t ParseNumber(std::string_view text, uint64_t least, uint64_t most) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw UsageError(fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
  }
  return number;
}

Durability ParseDurability(const std::string& text) {
  const std::vector<std::string> names = {"none", "process", "sync"};
  for (const Durability tier : {Durability::kNone, Durability::kProcess, Durability::kSync}) {
    if (ToString(tier) == text) return tier;
  }
  throw UsageError(fmt::format("--durability: unknown tier '{}'{}", text, DidYouMean(text, names)));
}

PoolKind ParsePool(const std::string& text) {
  if (const std::optional<PoolKind> pool = ParsePoolKind(text)) return *pool;
  std::vector<std::string> names;
  for (const PoolKind pool :
       {PoolKind::kDedicated, PoolKind::kNaive, PoolKind::kSharedQueue, PoolKind::kWorkStealing}) {
    names.emplace_back(ToString(pool));
  }
  throw UsageError(fmt::format("--pool: unknown pool '{}'{}", text, DidYouMean(text, names)));
}

std::pair<std::string, std::string> ParseProperty(std::string_view option,
                                                  const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(fmt::format("{}: '{}' is not of the form KEY=VALUE", option, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

const EngineDefinition& EngineNamed(const std::string& name, EngineTable engines) {
  std::vector<std::string> names;
  for (const EngineDefinition* engine : engines) {
    if (engine->name == name) return *engine;
    names.emplace_back(engine->name);
  }
  for (const MissingEngine& missing : MissingEngines()) {
    if (missing.name == name) {
      throw UsageError(
          fmt::format("--engine: '{}' is not in this build because its library was missing: "
                      "apt-get install {}, then configure and build again",
                      name, missing.package));
    }
  }
  names.emplace_back("all");
  throw UsageError(fmt::format("--engine: unknown engine '{}'{}", name, DidYouMean(name, names)));
}

// Lets the engine judge its settings now, not in the first trial.
void CheckChoice(const EngineChoice& choice) {
  EngineOptions options;
  options.settings = choice.settings;
  try {
    CheckSettings(*choice.definition, options);
    choice.definition->capabilities(options);
  } catch (const EngineError& error) {
    throw UsageError(fmt::format("--engine: {}", error.what()));
  }
}

std::vector<EngineChoice> ReadEngines(const RawOptions& raw, EngineTable engines) {
  const std::vector<std::string> all = {"all"};
  std::vector<EngineChoice> chosen;
  for (const std::string& value : raw.engines.empty() ? all : raw.engines) {
    for (EngineChoice& choice : ParseEngines(value, engines)) {
      CheckChoice(choice);
      const std::string label = choice.Label();
      const bool known = std::any_of(chosen.begin(), chosen.end(), [&](const EngineChoice& other) {
        return other.Label() == label;
      });
      if (!known) chosen.push_back(std::move(choice));
    }
  }
  return chosen;
}

// What --records, --key-size and --value-size change in a workload, then what -p changes.
PropertyOverrides ReadOverrides(const RawOptions& raw) {
  PropertyOverrides overrides;
  uint64_t number = 0;
  if (!raw.records.empty()) {
    ParseOne("--records", raw.records, number, ParseCount);
    overrides.emplace_back("recordcount", fmt::to_string(number));
  }
  if (!raw.key_size.empty()) {
    ParseOne("--key-size", raw.key_size, number, ParseBytes);
    overrides.emplace_back("keysize", fmt::to_string(number));
  }
  if (!raw.value_size.empty()) {
    ParseOne("--value-size", raw.value_size, number, ParseBytes);
    overrides.emplace_back("valuesize", fmt::to_string(number));
  }
  if (!raw.operations.empty()) {
    ParseOne("--operations", raw.operations, number, ParseCount);
    if (number == 0) throw UsageError("--operations: must be at least 1");
    overrides.emplace_back("operationcount", fmt::to_string(number));
  }
  for (const std::string& property : raw.properties) {
    overrides.push_back(ParseProperty("-p", property));
  }
  return overrides;
}

// The workload that the simple options describe: the shipped `custom` with their changes.
Spec CustomWorkload(const RawOptions& raw, const PropertyOverrides& overrides) {
  PropertyOverrides changes;
  if (!raw.read_percent.empty()) {
    double read_percent = 0;
    const char* end = raw.read_percent.data() + raw.read_percent.size();
    const auto [stop, error] = std::from_chars(raw.read_percent.data(), end, read_percent);
    if (error != std::errc() || stop != end || !(read_percent >= 0 && read_percent <= 100)) {
      throw UsageError(
          fmt::format("--read-percent: '{}' is not a number from 0 to 100", raw.read_percent));
    }
    changes.emplace_back("readproportion", fmt::to_string(read_percent / 100));
    changes.emplace_back("updateproportion", fmt::to_string((100 - read_percent) / 100));
  }
  // Binary keys have any size from 8 bytes on, YCSB's only what their digits leave.
  if (!raw.key_size.empty()) changes.emplace_back("keyformat", "binary");
  changes.insert(changes.end(), overrides.begin(), overrides.end());
  return LoadSpec("custom", changes);
}

std::vector<Spec> ReadWorkloads(const RawOptions& raw) {
  const PropertyOverrides overrides = ReadOverrides(raw);
  std::vector<Spec> workloads;
  try {
    const bool custom = !raw.records.empty() || !raw.key_size.empty() || !raw.value_size.empty() ||
                        !raw.read_percent.empty();
    if (raw.workloads.empty() && custom) {
      workloads.push_back(CustomWorkload(raw, overrides));
    } else {
      if (!raw.read_percent.empty()) {
        throw UsageError(
            "--read-percent: the workload has its own mix; leave out --workload, or write "
            "-p readproportion=0.95 -p updateproportion=0.05");
      }
      std::vector<std::string> names = {"ycsb-a", "ycsb-c"};
      ParseList("--workload", raw.workloads, names, [](const std::string& name) { return name; });
      for (const std::string& name : names) workloads.push_back(LoadSpec(name, overrides));
    }
  } catch (const SpecError& error) {
    throw UsageError(error.what());
  }
  for (size_t i = 0; i < workloads.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (workloads[i].name == workloads[j].name) {
        throw UsageError(
            fmt::format("--workload: two workloads are called '{}'; results could "
                        "not tell them apart, so rename one of the files",
                        workloads[i].name));
      }
    }
    if (!raw.duration.empty()) workloads[i].operation_count.reset();
  }
  return workloads;
}

void CheckStoreOptions(const RunOptions& run) {
  if (!run.load_only && !run.existing_store) return;
  const char* option = run.load_only ? "--load-only" : "--use-existing";
  if (run.load_only && run.existing_store) {
    throw UsageError("--load-only and --use-existing exclude each other");
  }
  const size_t cells = run.engines.size() * run.workloads.size() * run.threads.size() *
                       run.pools.size() * run.tiers.size();
  if (cells != 1) {
    throw UsageError(fmt::format(
        "{}: needs exactly one engine, workload, thread count, pool and durability; this command "
        "line names {} combinations",
        option, cells));
  }
  if (run.load_only && (run.result_file || run.csv_file)) {
    throw UsageError("--load-only: measures nothing, so there is no result for --out or --csv");
  }
  if (run.existing_store && (run.data_directory || run.keep)) {
    throw UsageError(
        "--use-existing: the store lies where it is and stays; leave out --dir, --keep");
  }
  const Spec& workload = run.workloads.front();
  if (!workload.preload) {
    throw UsageError(
        fmt::format("{}: workload '{}' starts on an empty store", option, workload.name));
  }
  if (run.existing_store && workload.Proportion(OperationKind::kRemove) > 0) {
    throw UsageError(fmt::format(
        "--use-existing: workload '{}' removes records, and the next run on the store would miss "
        "them; let it load its own store",
        workload.name));
  }
}

RunOptions Interpret(const RawOptions& raw, EngineTable engines) {
  RunOptions run;
  run.engines = ReadEngines(raw, engines);
  if (!raw.duration.empty() && !raw.operations.empty()) {
    throw UsageError("--duration and --operations exclude each other");
  }
  run.workloads = ReadWorkloads(raw);
  ParseList("--threads", raw.threads, run.threads, [](const std::string& text) {
    unsigned threads = 0;
    ParseOne("--threads", text, threads, [](const std::string& number) {
      return static_cast<unsigned>(ParseNumber(number, 1, kMostThreads));
    });
    return threads;
  });
  ParseList("--pool", raw.pools, run.pools, ParsePool);
  ParseList("--durability", raw.tiers, run.tiers, ParseDurability);
  ParseOne("--trials", raw.trials, run.trials, [](const std::string& text) {
    return static_cast<unsigned>(ParseNumber(text, 1, kMostTrials));
  });
  ParseOne("--duration", raw.duration, run.duration_s, ParseDurationS);
  if (run.duration_s < 0.001) throw UsageError("--duration: must be at least 1ms");
  ParseOne("--warmup", raw.warmup, run.warmup_s, ParseDurationS);
  ParseOne("--timeout", raw.timeout, run.timeout_s, ParseDurationS);
  if (run.timeout_s <= 0) throw UsageError("--timeout: must be more than 0");
  ParseOne("--seed", raw.seed, run.seed, [](const std::string& text) {
    return ParseNumber(text, 0, std::numeric_limits<uint64_t>::max());
  });
  ParseOne("--sampling-period", raw.sampling_period, run.sampling_period,
           [](const std::string& text) {
             return static_cast<double>(ParseNumber(text, 1, 1'000'000'000));
           });
  ParseOne("--verify", raw.verify, run.verify_fully, [](const std::string& text) {
    if (text != "full" && text != "sample") {
      throw UsageError(fmt::format("'{}' is neither 'sample' nor 'full'", text));
    }
    return text == "full";
  });
  ParseOne("--memory-budget", raw.memory_budget, run.memory_budget_bytes, ParseBytes);
  if (!raw.directory.empty()) run.data_directory = raw.directory;
  if (!raw.use_existing.empty()) run.existing_store = raw.use_existing;
  if (!raw.out.empty()) run.result_file = raw.out;
  if (!raw.csv.empty()) run.csv_file = raw.csv;
  run.keep = raw.keep;
  run.load_only = raw.load_only;
  run.quiet = raw.quiet;
  run.color = !raw.no_color;
  CheckStoreOptions(run);
  return run;
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

}  // namespace

std::string EngineChoice::Label() const {
  std::string label(definition->name);
  char separator = ':';
  for (const auto& [key, value] : settings) {
    label += fmt::format("{}{}={}", separator, key, value);
    separator = ',';
  }
  return label;
}

std::vector<EngineChoice> ParseEngines(const std::string& text, EngineTable engines) {
  std::vector<EngineChoice> choices;
  bool takes_settings = false;  // the engine before this item was named, not meant by "all"
  const auto add_setting = [&](const std::string& setting) {
    const auto property = ParseProperty("--engine", setting);
    if (!choices.back().settings.insert(property).second) {
      throw UsageError(fmt::format("--engine: setting '{}' of {} is given twice", property.first,
                                   choices.back().definition->name));
    }
  };
  for (const std::string& item : Split(text, ',')) {
    const size_t colon = item.find(':');
    const size_t equals = item.find('=');
    if (item.empty()) {
      throw UsageError(fmt::format("--engine: empty item in '{}'", text));
    }
    if (equals != std::string::npos && (colon == std::string::npos || equals < colon)) {
      if (!takes_settings) {
        throw UsageError(fmt::format(
            "--engine: '{}' is a setting, but no engine stands before it; write NAME:{}", item,
            item));
      }
      add_setting(item);
      continue;
    }
    if (item == "all") {
      for (const EngineDefinition* engine : engines) choices.push_back({engine, {}});
      takes_settings = false;
      continue;
    }
    choices.push_back({&EngineNamed(item.substr(0, colon), engines), {}});
    takes_settings = true;
    if (colon != std::string::npos) add_setting(item.substr(colon + 1));
  }
  return choices;
}

CommandLine ParseCommandLine(const std::vector<std::string>& arguments, EngineTable engines) {
  CLI::App app("kvs-bench: measures key-value engines and says how sure it is.", "kvs-bench");
  RawOptions raw;
  app.set_help_flag("-h,--help", "print this and end")->group("Output");
  app.set_version_flag("--version", fmt::format("kvs-bench {}", KVS_VERSION),
                       "print the version and end")
      ->group("Output");
  app.footer(std::string(kExamples));
  app.allow_extras();
  DefineOptions(app, raw);
  CLI::App* list = app.add_subcommand("list", "engines, workloads, pools and distributions");
  list->add_flag("--json", raw.list_as_json, "for programs");
  list->allow_extras();

  CommandLine command_line;
  try {
    // CLI11 takes the words in reverse order.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    const CLI::App* shown = list->parsed() ? list : &app;
    return {.action = CommandLine::Action::kPrint, .run = {}, .text = shown->help()};
  } catch (const CLI::CallForVersion& version) {
    return {.action = CommandLine::Action::kPrint,
            .run = {},
            .text = std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
  const CLI::App* used = list->parsed() ? list : &app;
  for (const CLI::App* level : {static_cast<const CLI::App*>(&app), used}) {
    const std::vector<std::string> extras = level->remaining();
    if (!extras.empty()) RefuseExtra(*level, extras.front());
  }
  if (list->parsed()) {
    command_line.action = CommandLine::Action::kList;
    command_line.list_as_json = raw.list_as_json;
    return command_line;
  }
  command_line.run = Interpret(raw, engines);
  return command_line;
}

}  // namespace kvs
