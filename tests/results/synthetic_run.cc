#include "tests/results/synthetic_run.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kvs {
namespace {

constexpr double kWindowS = 2;

// Operations per second of one thread, and how much of a second thread's it keeps.
struct Speed {
  double read_per_s;
  double write_per_s;
  double scaling;
};

const std::vector<std::pair<std::string, Speed>>& Speeds() {
  static const std::vector<std::pair<std::string, Speed>> speeds = {
      {"null", {31e6, 29e6, 0.98}},      {"single", {7.2e6, 2.6e6, 0}},
      {"mutex", {5.1e6, 2.1e6, 0.15}},   {"rwlock", {4.6e6, 1.9e6, 0.35}},
      {"lockfree", {6.6e6, 2.2e6, 0.9}}, {"rocksdb", {0.42e6, 0.21e6, 0.8}},
      {"lmdb", {0.95e6, 0.11e6, 0.85}},  {"sqlite", {0.19e6, 0.024e6, 0.4}},
  };
  return speeds;
}

Latency SyntheticLatency(const std::string& what, uint64_t samples, double typical_ns) {
  Latency latency;
  latency.what = what;
  latency.samples = samples;
  latency.mean_ns = 1.25 * typical_ns;
  latency.min_ns = static_cast<uint64_t>(0.6 * typical_ns);
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
    const double beyond = 1 - percent / 100;
    const double nines = percent == 100 ? 5.3 : -std::log10(beyond);
    latency.percentiles.push_back(
        {.percent = percent,
         .value_ns = static_cast<uint64_t>(typical_ns * (0.85 + 0.25 * std::pow(nines, 2.6))),
         .samples_beyond = static_cast<uint64_t>(beyond * static_cast<double>(samples))});
  }
  latency.max_ns = latency.percentiles.back().value_ns;
  return latency;
}

struct Mix {
  std::string read;
  double read_share;
  std::string write;
  double cost;  // of an operation, against a single read
};

Mix MixOf(const std::string& workload) {
  if (workload == "ycsb-c") return {"read", 1, "", 1};
  if (workload == "ycsb-e") return {"scan", 0.95, "insert", 12};
  return {"read", 0.5, "update", 1};
}

void AddCounts(const Mix& mix, double misses_share, Trial& trial) {
  const auto operations = static_cast<double>(trial.operations);
  OperationCounts reads;
  reads.operation = mix.read;
  reads.completed = static_cast<uint64_t>(operations * mix.read_share);
  if (mix.read == "scan") {
    reads.entries = 50 * reads.completed;
  } else {
    reads.misses = static_cast<uint64_t>(misses_share * static_cast<double>(reads.completed));
    reads.hits = reads.completed - reads.misses;
  }
  trial.counts.push_back(reads);
  if (mix.write.empty()) return;
  OperationCounts writes;
  writes.operation = mix.write;
  writes.completed = trial.operations - reads.completed;
  trial.counts.push_back(writes);
}

void AddLatencies(const Mix& mix, Trial& trial) {
  if (trial.throughput_per_s == 0) return;
  const double operation_ns = 1e9 * trial.cell.threads / trial.throughput_per_s;
  const auto samples = static_cast<double>(trial.operations) / trial.sampling_period;
  const auto read_samples = static_cast<uint64_t>(samples * mix.read_share);
  const auto all_samples = static_cast<uint64_t>(samples);
  trial.latencies.push_back(SyntheticLatency(mix.read, read_samples, 0.7 * operation_ns));
  if (!mix.write.empty()) {
    trial.latencies.push_back(
        SyntheticLatency(mix.write, all_samples - read_samples, 1.3 * operation_ns));
  }
  trial.latencies.push_back(SyntheticLatency("all", all_samples, operation_ns));
}

void AddNotes(Trial& trial) {
  const std::string& engine = trial.cell.engine;
  if (engine == "lmdb") {
    trial.library = "LMDB 0.9.24";
    trial.notes.push_back("after power loss in this tier the file may be corrupt");
    trial.notes.push_back("the memory budget is not honoured: the page cache serves all reads");
  } else if (engine == "sqlite") {
    trial.library = "SQLite 3.40.1";
    trial.notes.push_back("after power loss in this tier the file may be corrupt");
    trial.busy_waits = 17 * trial.cell.threads;
    trial.busy_wait_ns = 1000 * trial.busy_waits;
  } else if (engine == "rocksdb") {
    trial.library = "RocksDB 7.8.3";
    trial.effective_options = {{"block_cache", "64 MiB"}, {"compression", "none"}};
  } else {
    trial.library = engine;
    trial.effective_options = {{"segment_size", "64 MiB"}};
  }
}

// With hardware counters of all engines but sqlite's, which say why; and sqlite has no /proc.
void AddCosts(Trial& trial) {
  const uint64_t operations = trial.operations;
  TrialCosts costs;
  costs.voluntary_switches = 100 * trial.cell.threads;
  costs.involuntary_switches = 20 * trial.cell.threads;
  costs.minor_faults = operations / 50;
  costs.major_faults = 3;
  for (const OperationCounts& counts : trial.counts) {
    costs.found_bytes += 1000 * (counts.hits + counts.entries);
    if (counts.operation == "update" || counts.operation == "insert") {
      costs.written_bytes += 1023 * counts.completed;
    }
  }
  if (trial.cell.workload != "ycsb-e") costs.live_bytes = trial.dataset_bytes;
  if (trial.cell.engine == "sqlite") {
    costs.notes = {"bytes read and written: the kernel does not give /proc/self/io",
                   "hardware counters: not permitted"};
  } else {
    costs.call_read_bytes = 4096 * operations;
    costs.call_write_bytes = 2 * costs.written_bytes;
    costs.anonymous_begin_bytes = 20 << 20;
    costs.anonymous_end_bytes = 21 << 20;
    costs.device_read_bytes = 0;
    costs.device_write_bytes = 3 * costs.written_bytes;
    costs.instructions = 2100 * operations;
    costs.cycles = 1400 * operations;
    costs.cache_references = 20 * operations;
    costs.cache_misses = 5 * operations;
    costs.dtlb_load_misses = 2 * operations;
    costs.counter_running_share = 1;
  }
  trial.costs = costs;
}

void ClearFigures(Trial& trial, TrialStatus status, std::string reason) {
  Trial without;
  without.cell = trial.cell;
  without.repetition = trial.repetition;
  without.status = status;
  without.reason = std::move(reason);
  without.seed = trial.seed;
  trial = std::move(without);
}

// What goes wrong in this run, so that everything that can has an example.
void GoWrong(Trial& trial) {
  const CellName& cell = trial.cell;
  if (cell.engine == "single" && cell.threads > 1) {
    ClearFigures(trial, TrialStatus::kUnsupported, "serves 1 thread at most");
  } else if (cell.workload == "ycsb-e" && cell.engine != "rocksdb" && cell.engine != "lmdb" &&
             cell.engine != "sqlite" && cell.engine != "null") {
    ClearFigures(trial, TrialStatus::kUnsupported, "has no ordered scan");
  } else if (cell.engine == "sqlite" && cell.workload == "ycsb-a" && cell.threads == 4) {
    ClearFigures(trial, TrialStatus::kFailed,
                 "sqlite: set: /data/kvs/ycsb-a.db: database or disk is full");
  } else if (cell.engine == "rocksdb" && cell.workload == "ycsb-a" && cell.threads == 2 &&
             trial.repetition == 1) {
    ClearFigures(trial, TrialStatus::kFailed, "killed by signal 9 (Killed)");
  } else if (cell.engine == "rwlock" && cell.workload == "ycsb-c" && cell.threads == 4) {
    ClearFigures(trial, TrialStatus::kWrongAnswer, "key user42 read a value of key user17");
  } else if (cell.engine == "mutex" && cell.workload == "ycsb-c" && cell.threads == 4 &&
             trial.repetition == 2) {
    trial.status = TrialStatus::kInterrupted;
    trial.reason = "stopped by the user (SIGINT)";
  }
}

double ThroughputOf(const std::string& workload, const Speed& speed, unsigned threads,
                    unsigned repetition) {
  const Mix mix = MixOf(workload);
  const double ns_per_operation = mix.cost * (mix.read_share * 1e9 / speed.read_per_s +
                                              (1 - mix.read_share) * 1e9 / speed.write_per_s);
  const double parallel = 1 + (threads - 1) * speed.scaling;
  const double noise = 1 + 0.03 * std::sin(17.0 * repetition + ns_per_operation + threads);
  return 1e9 / ns_per_operation * parallel * noise;
}

void Describe(Run& run) {
  run.version = "0.0.0-synthetic";
  run.command_line = "kvs-bench --engine all --threads 1,2,4 --workload ycsb-a,ycsb-c,ycsb-e";
  run.started_at = "2001-02-03T04:05:06+00:00";
  run.elapsed_s = 512.5;
  run.complete = false;
  run.planned_trials = 220;
  run.seed = 18446744073709551615u;
  run.context = {.host_name = "synthetic-host",
                 .executable = "build/release/kvs-bench",
                 .num_cpus = 4,
                 .mhz_per_cpu = 2400,
                 .cpu_scaling_enabled = false,
                 .caches = {{"Data", 1, 32768, 1}, {"Unified", 2, 1048576, 1}},
                 .load_avg = {0.5, 0.25, 0.125},
                 .library_build_type = "release"};
  run.host = {{"name", "synthetic-host"},
              {"cpu", "Imaginary CPU at 2.4 GHz"},
              {"cores", "4"},
              {"memory", "16.0 GiB"},
              {"kernel", "Linux 6.1.0"},
              {"file_system", "ext4"},
              {"compiler", "g++ 12.2.0"},
              {"build", "Release"}};
  run.machine = MachineReport{
      .fingerprint = "0123456789abcdef",
      .facts = Properties{{"cpu", "a processor"}, {"kernel", "Linux 6.1"}},
      .findings = {{"build_type", FindingStatus::kOk, "Release", ""},
                   {"turbo", FindingStatus::kWarn, "on: the CPU's clock varies", "switch it off"},
                   {"file_system", FindingStatus::kFail, "tmpfs: nothing is durable", "use a disk"},
                   {"steal", FindingStatus::kUnknown, "the system does not count it", ""}}};
  for (const char* workload : {"ycsb-a", "ycsb-c", "ycsb-e"}) {
    run.workloads.push_back(
        {.name = workload,
         .properties = {{"recordcount", "100000"}, {"requestdistribution", "zipfian"}},
         .notes = {"The value is all fields together; update overwrites it."}});
  }
}

}  // namespace

CellName SyntheticCell(const std::string& engine, unsigned threads) {
  return {"ycsb-a", engine, threads, "dedicated", "process"};
}

Trial SyntheticTrial(const CellName& cell, unsigned repetition, double throughput_per_s) {
  const Mix mix = MixOf(cell.workload);
  Trial trial;
  trial.cell = cell;
  trial.repetition = repetition;
  trial.seed = 1000 + repetition;
  trial.window_s = kWindowS;
  trial.operations = static_cast<uint64_t>(throughput_per_s * kWindowS);
  trial.throughput_per_s = static_cast<double>(trial.operations) / kWindowS;
  trial.operations_per_second = {trial.operations / 2, trial.operations / 2};
  MakeDrift(0, trial);
  trial.sampling_period = 64;
  trial.clock = {.source = "tsc", .cost_ns = 17.5, .resolution_ns = 17, .deviation_ppm = 0.25};
  trial.loaded_records = 100000;
  trial.open_s = 0.01;
  trial.load_s = 0.8;
  trial.settle_s = 0.05;
  trial.warmup_s = 0.5;
  trial.values_checked = trial.operations / 2;
  trial.values_checked_fully = trial.operations / 128;
  trial.read_back = 1000;
  trial.dataset_bytes = 102300000;
  if (cell.engine != "null") trial.page_cache = {134217728, 134217728 - 10000000 * repetition};
  trial.directory_bytes = 134217728;
  trial.memory_budget_bytes = 67108864;
  trial.peak_rss_bytes = 201326592;
  trial.user_cpu_s = 0.9 * kWindowS * cell.threads;
  trial.system_cpu_s = 0.1 * kWindowS * cell.threads;
  AddCounts(mix, cell.engine == "null" ? 1 : 0, trial);
  AddLatencies(mix, trial);
  AddNotes(trial);
  AddCosts(trial);
  return trial;
}

void MakeDrift(double change_share, Trial& trial) {
  constexpr unsigned kSlices = 20;
  trial.slices.emplace();
  for (unsigned i = 0; i < kSlices; ++i) {
    const double noise = 0.02 * std::sin(11.0 * i + trial.repetition);
    const double drift = change_share * ((i + 0.5) / kSlices - 0.5);
    const double operations = static_cast<double>(trial.operations) / kSlices * (1 + noise + drift);
    trial.slices->push_back({kWindowS / kSlices, static_cast<uint64_t>(operations)});
  }
}

void MakeOpenLoop(double rate_per_s, Trial& trial) {
  trial.rate_per_s = rate_per_s;
  trial.arrivals = "poisson";
  if (!trial.Measured()) return;
  const auto intended = static_cast<uint64_t>(rate_per_s * trial.window_s);
  trial.operations = std::min(trial.operations, intended);
  trial.throughput_per_s = static_cast<double>(trial.operations) / trial.window_s;
  trial.backlog_operations = intended - trial.operations;
  trial.sampling_period = 1;
  trial.response_times = trial.latencies;
  for (Latency& response : *trial.response_times) {
    response.mean_ns *= 10;
    response.max_ns *= 10;
    for (Percentile& percentile : response.percentiles) percentile.value_ns *= 10;
  }
  if (trial.FellBehind()) trial.notes.push_back("did not keep up");
}

Run SyntheticOpenLoopRun() {
  Run run = SyntheticRun();
  for (Trial& trial : run.trials) MakeOpenLoop(1e6, trial);
  return run;
}

Run SyntheticRun() {
  Run run;
  Describe(run);
  for (unsigned repetition = 0; repetition < 3; ++repetition) {
    for (const char* workload : {"ycsb-a", "ycsb-c", "ycsb-e"}) {
      for (const unsigned threads : {1u, 2u, 4u}) {
        for (const auto& [engine, speed] : Speeds()) {
          const CellName cell{workload, engine, threads, "dedicated", "process"};
          run.trials.push_back(
              SyntheticTrial(cell, repetition, ThroughputOf(workload, speed, threads, repetition)));
          if (engine == "rocksdb") MakeDrift(repetition == 0 ? 0.05 : 0.3, run.trials.back());
          if (engine == "lmdb") MakeDrift(-0.15 * threads, run.trials.back());
          GoWrong(run.trials.back());
        }
      }
    }
  }
  return run;
}

}  // namespace kvs
