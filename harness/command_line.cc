#include "harness/command_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_value.h"
#include "harness/options/units.h"
#include "harness/raw_options.h"
#include "results/human_units.h"
#include "workloads/suggestion.h"

namespace kvs {
namespace {

constexpr unsigned kMostThreads = 4096;
constexpr unsigned kMostTrials = 1000;
constexpr uint64_t kLeastMemoryBudget = uint64_t{1} << 20;

PoolKind ParsePool(const std::string& text) {
  if (const std::optional<PoolKind> pool = ParsePoolKind(text)) return *pool;
  std::vector<std::string> names;
  for (const PoolKind pool :
       {PoolKind::kDedicated, PoolKind::kNaive, PoolKind::kSharedQueue, PoolKind::kWorkStealing}) {
    names.emplace_back(ToString(pool));
  }
  throw UsageError(fmt::format("--pool: unknown pool '{}'{}", text, DidYouMean(text, names)));
}

uint64_t ParseOperations(const std::string& text) {
  const uint64_t operations = ParseCount(text);
  if (operations == 0) throw UsageError("must be at least 1");
  return operations;
}

uint64_t ParseMemoryBudget(const std::string& text) {
  const uint64_t bytes = ParseBytes(text);
  if (bytes >= kLeastMemoryBudget) return bytes;
  throw UsageError(fmt::format("'{}' is {} bytes, and no engine can work with less than {}", text,
                               bytes, HumanBytes(kLeastMemoryBudget)));
}

double ParseRate(const std::string& text) {
  const uint64_t rate = ParseCount(text);
  if (rate == 0 || rate > kMostRatePerS) {
    throw UsageError("must be from 1 to 100M operations per second");
  }
  return static_cast<double>(rate);
}

Arrivals ParseArrivalsOption(const std::string& text) {
  if (const std::optional<Arrivals> arrivals = ParseArrivals(text)) return *arrivals;
  throw UsageError(fmt::format("'{}' is neither 'poisson' nor 'constant'", text));
}

std::optional<find_max::FindMaxOptions> ReadFindMax(const RawOptions& raw, const RunOptions& run) {
  if (!raw.find_max) {
    if (raw.slo.empty()) return std::nullopt;
    throw UsageError("--slo: is what --find-max searches the highest rate for; give that too");
  }
  if (raw.slo.empty()) throw UsageError("--find-max: needs what has to hold: --slo 'p99<1ms'");
  if (!raw.rate.empty()) throw UsageError("--find-max: seeks the rate; leave out --rate");
  if (raw.load_only) throw UsageError("--load-only: measures nothing, so there is no --find-max");
  if (run.cold) {
    throw UsageError(
        "--find-max: its windows differ in length, so none is as cold as another; leave out "
        "--cold");
  }
  if (!raw.operations.empty()) {
    throw UsageError("--find-max: needs windows of time; give --duration instead of --operations");
  }
  find_max::FindMaxOptions options;
  options.confirmations = run.trials;
  ParseOne("--slo", raw.slo, options.slo,
           [](const std::string& text) { return find_max::ParseSlo(text); });
  ParseOne("--arrivals", raw.arrivals, options.arrivals, ParseArrivalsOption);
  for (const Spec& workload : run.workloads) {
    if (!workload.CanWarmUp()) {
      throw UsageError(fmt::format(
          "--find-max: workload '{}' is over after one pass, so it keeps no rate", workload.name));
    }
    if (std::isinf(find_max::NeededWindowS(options.slo, workload, 1))) {
      throw UsageError(fmt::format("--slo: workload '{}' has no such operations as in '{}'",
                                   workload.name, options.slo.text));
    }
  }
  return options;
}

std::optional<OpenLoop> ReadOpenLoop(const RawOptions& raw) {
  if (raw.rate.empty()) {
    if (raw.arrivals.empty() || raw.find_max) return std::nullopt;
    throw UsageError("--arrivals: says how the operations of --rate arrive; give that too");
  }
  if (!raw.sampling_period.empty()) {
    throw UsageError("--sampling-period: with --rate, every operation is timed; leave it out");
  }
  if (raw.load_only) throw UsageError("--load-only: measures nothing, so there is no --rate");
  OpenLoop open_loop;
  ParseOne("--rate", raw.rate, open_loop.rate_per_s, ParseRate);
  ParseOne("--arrivals", raw.arrivals, open_loop.arrivals, ParseArrivalsOption);
  return open_loop;
}

void ReadColdStart(const RawOptions& raw, RunOptions& run) {
  if (raw.cold.empty()) return;
  run.cold = raw.cold == "true" ? ColdStart::kEvict : ParseColdStart(raw.cold);
  if (!run.cold) {
    throw UsageError(fmt::format("--cold: '{}' is neither 'evict' nor 'drop'", raw.cold));
  }
  if (!raw.warmup.empty() && run.warmup_s > 0) {
    throw UsageError("--cold: the window begins on a cold store; leave out --warmup");
  }
  if (raw.load_only) throw UsageError("--load-only: measures nothing, so there is no --cold");
  run.warmup_s = 0;
}

// A number from `least` to `most`.
double ParseReal(const std::string& text, double least, double most) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !(number >= least && number <= most)) {
    throw UsageError(fmt::format("'{}' is not a number from {} to {}", text, least, most));
  }
  return number;
}

// Of an option and -p that say the same, neither would be what was meant.
void RefuseTwice(const PropertyOverrides& of_options, std::string_view property) {
  for (const PropertyOverride& other : of_options) {
    if (other.name != property || other.option.empty()) continue;
    throw UsageError(
        fmt::format("{} and -p {} say the same; leave one of them out", other.option, property));
  }
}

// What --records, --key-size, --value-size, --compression-ratio and --operations change in a
// workload, and -p.
PropertyOverrides ReadOverrides(const RawOptions& raw) {
  PropertyOverrides overrides;
  const auto read = [&overrides](std::string_view option, const std::string& text, auto parse,
                                 const char* property) {
    if (text.empty()) return;
    uint64_t number = 0;
    ParseOne(option, text, number, parse);
    overrides.emplace_back(property, fmt::to_string(number), fmt::format("{} {}", option, text));
  };
  read("--records", raw.records, ParseCount, "recordcount");
  read("--key-size", raw.key_size, ParseBytes, "keysize");
  read("--value-size", raw.value_size, ParseBytes, "valuesize");
  if (!raw.compression_ratio.empty()) {
    double ratio = 0;
    ParseOne("--compression-ratio", raw.compression_ratio, ratio,
             [](const std::string& text) { return ParseReal(text, 0, 1); });
    overrides.emplace_back("compressionratio", raw.compression_ratio,
                           "--compression-ratio " + raw.compression_ratio);
  }
  read("--operations", raw.operations, ParseOperations, "operationcount");
  for (const std::string& property : raw.properties) {
    auto [name, value] = ParseProperty("-p", property);
    RefuseTwice(overrides, name);
    overrides.emplace_back(std::move(name), std::move(value));
  }
  return overrides;
}

// The workload that the simple options describe: the shipped `custom` with their changes.
Spec CustomWorkload(const RawOptions& raw, const PropertyOverrides& overrides) {
  PropertyOverrides changes;
  if (!raw.read_percent.empty()) {
    double read_percent = 0;
    ParseOne("--read-percent", raw.read_percent, read_percent,
             [](const std::string& text) { return ParseReal(text, 0, 100); });
    const std::string option = "--read-percent " + raw.read_percent;
    changes.emplace_back("readproportion", fmt::to_string(read_percent / 100), option);
    changes.emplace_back("updateproportion", fmt::to_string((100 - read_percent) / 100), option);
  }
  for (const PropertyOverride& other : overrides) RefuseTwice(changes, other.name);
  // Binary keys have any size from 8 bytes on, YCSB's only what their digits leave.
  if (!raw.key_size.empty()) changes.emplace_back("keyformat", "binary");
  changes.insert(changes.end(), overrides.begin(), overrides.end());
  return LoadSpec("custom", changes);
}

// The workloads as they were written, or nothing where other options describe the only one.
std::vector<std::string> WorkloadNames(const RawOptions& raw) {
  const bool custom = !raw.records.empty() || !raw.key_size.empty() || !raw.value_size.empty() ||
                      !raw.read_percent.empty();
  if (raw.workloads.empty() && custom) return {};
  std::vector<std::string> names = {"ycsb-a", "ycsb-c"};
  ParseList("--workload", raw.workloads, names, [](const std::string& name) { return name; });
  return names;
}

std::vector<Spec> LoadWorkloads(const RawOptions& raw, const PropertyOverrides& overrides) {
  std::vector<Spec> workloads;
  try {
    const std::vector<std::string> names = WorkloadNames(raw);
    if (names.empty()) {
      workloads.push_back(CustomWorkload(raw, overrides));
    } else {
      if (!raw.read_percent.empty()) {
        throw UsageError(
            "--read-percent: the workload has its own mix; leave out --workload, or write "
            "-p readproportion=0.95 -p updateproportion=0.05");
      }
      for (const std::string& name : names) workloads.push_back(LoadSpec(name, overrides));
    }
  } catch (const SpecError& error) {
    throw UsageError(error.what());
  }
  return workloads;
}

std::vector<Spec> ReadWorkloads(const RawOptions& raw) {
  PropertyOverrides overrides = ReadOverrides(raw);
  std::vector<Spec> workloads = LoadWorkloads(raw, overrides);
  const bool counts_operations =
      std::any_of(workloads.begin(), workloads.end(),
                  [](const Spec& workload) { return workload.operation_count.has_value(); });
  if (!raw.duration.empty() && counts_operations) {
    overrides.emplace_back("operationcount", "0");  // no limit
    workloads = LoadWorkloads(raw, overrides);
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
  if (run.load_only && (run.result_file || run.csv_file || run.costs)) {
    throw UsageError(
        "--load-only: measures nothing, so there is no result for --out, --csv or --costs");
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
  if (!run.existing_store) return;
  if (workload.Proportion(OperationKind::kRemove) > 0) {
    throw UsageError(fmt::format(
        "--use-existing: workload '{}' removes records, and the next trial on the store would miss "
        "them; let it load its own store",
        workload.name));
  }
  if (workload.Proportion(OperationKind::kInsert) > 0) {
    throw UsageError(fmt::format(
        "--use-existing: workload '{}' inserts records, and the next trial on the store would "
        "insert the same ones, which are overwritten then; let it load its own store",
        workload.name));
  }
}

// A trial that cannot end in time would be begun and killed.
void CheckTimeout(const RunOptions& run) {
  for (const Spec& workload : run.workloads) {
    double needed_s = workload.CanWarmUp() ? run.warmup_s : 0;
    if (!workload.operation_count) {
      needed_s += run.duration_s;
    } else if (run.open_loop) {
      needed_s += static_cast<double>(*workload.operation_count) / run.open_loop->rate_per_s;
    }
    if (run.load_only || run.timeout_s > needed_s) continue;
    throw UsageError(fmt::format(
        "--timeout: {:g} s would end every trial of '{}' before its end: warm-up and window take "
        "{:g} s, the load not counted; give it more",
        run.timeout_s, workload.name, needed_s));
  }
}

// What a session of a run says and shows, and no more.
RunOptions InterpretOutput(const RawOptions& raw) {
  RunOptions run;
  if (!raw.csv.empty()) run.csv_file = raw.csv;
  run.costs = raw.costs;
  run.quiet = raw.quiet;
  run.color = !raw.no_color;
  return run;
}

// --csv is written anew as well.
void CheckFilesDiffer(const char* option, const std::filesystem::path& result_file,
                      const std::optional<std::filesystem::path>& csv_file) {
  if (!csv_file || std::filesystem::absolute(result_file).lexically_normal() !=
                       std::filesystem::absolute(*csv_file).lexically_normal()) {
    return;
  }
  throw UsageError(fmt::format("--csv: is the file of {}, too; each needs one of its own", option));
}

RunOptions Interpret(const RawOptions& raw, EngineTable engines) {
  if (raw.allow_environment_mismatch) {
    throw UsageError("--allow-environment-mismatch: belongs to --resume");
  }
  RunOptions run = InterpretOutput(raw);
  run.engines = ChooseEngines(raw.engines, engines);
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
  ReadColdStart(raw, run);
  run.timeout_s += run.warmup_s + run.duration_s;
  ParseOne("--timeout", raw.timeout, run.timeout_s, ParseDurationS);
  if (run.timeout_s <= 0) throw UsageError("--timeout: must be more than 0");
  ParseOne("--seed", raw.seed, run.seed, [](const std::string& text) {
    return ParseNumber(text, 0, std::numeric_limits<uint64_t>::max());
  });
  run.open_loop = ReadOpenLoop(raw);
  run.find_max = ReadFindMax(raw, run);
  ParseOne("--sampling-period", raw.sampling_period, run.sampling_period,
           [](const std::string& text) {
             return static_cast<double>(ParseNumber(text, 1, kLongestSamplingPeriod));
           });
  ParseOne("--verify", raw.verify, run.verify_fully, [](const std::string& text) {
    if (text != "full" && text != "sample") {
      throw UsageError(fmt::format("'{}' is neither 'sample' nor 'full'", text));
    }
    return text == "full";
  });
  ParseOne("--memory-budget", raw.memory_budget, run.memory_budget_bytes, ParseMemoryBudget);
  if (!raw.directory.empty()) run.data_directory = raw.directory;
  if (!raw.use_existing.empty()) run.existing_store = raw.use_existing;
  if (!raw.out.empty()) run.result_file = raw.out;
  if (run.result_file) CheckFilesDiffer("--out", *run.result_file, run.csv_file);
  run.has_floor = !raw.no_floor;
  run.replace = raw.force;
  if (run.replace && !run.result_file && !run.csv_file) {
    throw UsageError("--force: lets --out or --csv replace a file; name one");
  }
  run.keep = raw.keep;
  run.load_only = raw.load_only;
  CheckStoreOptions(run);
  CheckTimeout(run);
  return run;
}

// What the arms of a comparison are asked is checked as if it were a run of this program.
compare::PairedOptions InterpretComparison(RawOptions raw, EngineTable engines) {
  raw.engines = compare::ComparedEngines(raw);
  return compare::InterpretPaired(raw, Interpret(raw, engines), WorkloadNames(raw), engines);
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments, EngineTable engines) {
  const RawOptions raw = CollectOptions(arguments);
  CommandLine command_line;
  if (!raw.text.empty()) {
    command_line.action = CommandLine::Action::kPrint;
    command_line.text = raw.text;
  } else if (raw.list) {
    command_line.action = CommandLine::Action::kList;
    command_line.list_as_json = raw.list_as_json;
  } else if (raw.verification.is_used) {
    command_line.action = CommandLine::Action::kVerify;
    command_line.verify = verify::InterpretVerify(raw.verification, engines);
  } else if (raw.examination.is_used) {
    command_line.action = CommandLine::Action::kDoctor;
    command_line.doctor = doctor::InterpretDoctor(raw.examination);
  } else if (!raw.resume.empty()) {
    command_line.action = CommandLine::Action::kResume;
    command_line.run = InterpretOutput(raw);
    command_line.resume = {.result_file = raw.resume,
                           .allow_environment_mismatch = raw.allow_environment_mismatch};
    CheckFilesDiffer("--resume", raw.resume, command_line.run.csv_file);
  } else if (raw.selftest.is_used) {
    command_line.action = CommandLine::Action::kSelftest;
    command_line.selftest = selftest::InterpretSelftest(raw.selftest, engines);
  } else if (raw.comparison.is_used) {
    command_line.action = CommandLine::Action::kCompare;
    command_line.compare = compare::InterpretCompare(raw.comparison);
    if (raw.comparison.files.empty()) {
      command_line.compare.arms = InterpretComparison(raw, engines);
    }
  } else {
    command_line.run = Interpret(raw, engines);
  }
  return command_line;
}

}  // namespace kvs
