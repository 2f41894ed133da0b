#include "harness/selftest/detector_record.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/compare/block_order.h"
#include "harness/options/engine_choice.h"
#include "harness/output/run_directory.h"
#include "harness/run/plan.h"
#include "harness/run/shuffle.h"
#include "harness/system/clock.h"
#include "harness/system/data_location.h"
#include "harness/system/environment.h"
#include "harness/system/machine_facts.h"
#include "harness/system/stop_requests.h"
#include "harness/trial/trial_process.h"
#include "results/atomic_file.h"
#include "results/human_units.h"

namespace kvs::detector {
namespace {

constexpr double kTrialTimeoutS = 120;
constexpr double kWarmupS = 0.05;
constexpr uint64_t kRecords = 20'000;  // more take longer to load than to measure
constexpr uint64_t kSmokeRecords = 300;
constexpr uint64_t kSmokeOperations = 2000;
constexpr std::string_view kLongerHold = "100%";
constexpr std::array<std::string_view, 3> kSequentialCandidates = {"same", "by5", "by10"};

constexpr RecordedCell kCells[] = {
    {.name = "lockfree-reads",
     .engine = "lockfree",
     .workload = "ycsb-c",
     .threads = 1,
     .window_s = 0.12,
     .tail_every = 500,
     .tail_held_ns = 2000},
    {.name = "mutex-mix",
     .engine = "mutex",
     .workload = "ycsb-a",
     .threads = 2,
     .window_s = 0.15,
     .tail_every = 500,
     .tail_held_ns = 5000,
     .has_lock = true},
    {.name = "rocksdb-reads",
     .engine = "rocksdb",
     .workload = "ycsb-b",
     .threads = 1,
     .window_s = 0.15,
     .tail_every = 80,
     .tail_held_ns = 8000},
};

unsigned TrialsPerSequentialArm(const selftest::DetectorOptions& options) {
  return options.smoke ? 2 : 40;
}

std::string EngineText(const RecordedCell& cell, const DetectorArm& arm) {
  std::string text = fmt::format("slowed:of={}", cell.engine);
  if (arm.loss > 0) text += fmt::format(",by={:g}%", 100 * arm.loss);
  if (arm.has_tail) {
    text += fmt::format(",every={},held_ns={}", cell.tail_every, cell.tail_held_ns);
  }
  if (cell.has_lock) text += ",lock=true";
  if (arm.has_lock) text += fmt::format(",longer={}", kLongerHold);
  return text;
}

TrialPlan PlanTrial(const selftest::DetectorOptions& options, const RecordedCell& cell,
                    const DetectorArm& arm, uint64_t seed) {
  RunOptions run;
  run.engines = ChooseEngines({EngineText(cell, arm)}, options.engines);
  // One field of 100 bytes.
  const uint64_t records = options.smoke ? kSmokeRecords : kRecords;
  run.workloads = {LoadSpec(std::string(cell.workload),
                            {{"recordcount", fmt::to_string(records)}, {"fieldcount", "1"}})};
  if (options.smoke) run.workloads.front().operation_count = kSmokeOperations;
  run.threads = {cell.threads};
  run.trials = 1;
  run.warmup_s = options.smoke ? 0 : kWarmupS;
  run.duration_s = cell.window_s;
  run.sampling_period = 1;  // the engine reads the clock around each call anyway
  run.seed = seed;
  Plan plan = MakePlan(run, {});
  if (!plan.unsupported.empty()) {
    const Trial& refused = plan.unsupported.front();
    throw UsageError(fmt::format("{}: unsupported: {}", refused.cell.ToString(), refused.reason));
  }
  return std::move(plan.trials.front());
}

std::string SizeOf(const selftest::DetectorOptions& options, const RecordedCell& cell) {
  if (options.smoke) {
    return fmt::format("{} records of 100 bytes, {} operations", kSmokeRecords, kSmokeOperations);
  }
  return fmt::format("{} records of 100 bytes, windows of {:g} s after {:g} s", kRecords,
                     cell.window_s, kWarmupS);
}

// The origin of a pool: what its trials depend on.
Properties OriginOf(std::string_view kind, const selftest::DetectorOptions& options) {
  const MachineFacts facts = ReadMachineFacts(DataDirectory(options.directory));
  Properties origin = {
      {"pool", std::string(kind)},
      {"made by", "kvs-bench-slowed selftest detector --record DIR"},
      {"version", KVS_VERSION},
      {"started", LocalTimestamp().substr(0, 10)},
      {"cpu", facts.cpu_model},
      {"cpus", facts.cpus ? fmt::to_string(*facts.cpus) : "not told"},
      {"kernel", facts.kernel},
      {"compiler", facts.compiler},
      {"seed", fmt::to_string(options.seed)},
  };
  for (const RecordedCell& cell : RecordedCells(options)) {
    origin.emplace_back(
        fmt::format("cell {}", cell.name),
        fmt::format("{} on {}, {} thread{}, {}", cell.engine, cell.workload, cell.threads,
                    cell.threads == 1 ? "" : "s", SizeOf(options, cell)));
    for (const DetectorArm& arm : ArmsOf(cell)) {
      origin.emplace_back(fmt::format("arm {} of {}", arm.name, cell.name), EngineText(cell, arm));
    }
  }
  return origin;
}

std::optional<PoolLatency> LatencyOf(const Trial& trial, std::string_view what) {
  const Latency* const latency = trial.FindLatency(what);
  if (latency == nullptr || latency->samples == 0) return std::nullopt;
  const auto at = [&](double percent) {
    const auto found =
        std::find_if(latency->percentiles.begin(), latency->percentiles.end(),
                     [&](const Percentile& percentile) { return percentile.percent == percent; });
    // A call that took no whole nanosecond has no logarithm.
    return std::max<uint64_t>(1, found->value_ns);
  };
  return PoolLatency{
      .samples = latency->samples, .p50_ns = at(50), .p99_ns = at(99), .p999_ns = at(99.9)};
}

// A pool with its file.
class PoolFile {
 public:
  PoolFile(std::string_view kind, std::filesystem::path path,
           const selftest::DetectorOptions& options)
      : path_(std::move(path)) {
    Properties origin = OriginOf(kind, options);
    std::optional<Pool> recorded = ReadPool(path_);
    if (!recorded) {
      pool_.origin = std::move(origin);
      return;
    }
    pool_ = std::move(*recorded);
    CheckOrigin(origin);
  }

  const Pool& pool() const { return pool_; }

  void Append(std::vector<PoolTrial> block) {
    std::move(block.begin(), block.end(), std::back_inserter(pool_.trials));
    WriteFileAtomically(path_, PoolToText(pool_));
  }

 private:
  // Refuses to mix trials that were made in two ways.
  void CheckOrigin(const Properties& now) const {
    for (size_t i = 0; i < std::max(now.size(), pool_.origin.size()); ++i) {
      const std::pair<std::string, std::string> nothing("", "nothing");
      const auto& [name, value] = i < pool_.origin.size() ? pool_.origin[i] : nothing;
      const auto& [name_now, value_now] = i < now.size() ? now[i] : nothing;
      if (name == name_now && (value == value_now || name == "started")) continue;
      throw UsageError(
          fmt::format("--record: {} was recorded with '{}: {}', now '{}: {}': record into another "
                      "directory",
                      path_.string(), name, value, name_now, value_now));
    }
  }

  const std::filesystem::path path_;
  Pool pool_;
};

class Recording {
 public:
  explicit Recording(const selftest::DetectorOptions& options)
      : options_(options),
        paired_("paired", options.pool / kPairedFile, options),
        sequential_("sequential", options.pool / kSequentialFile, options) {
    CheckWritable(options.pool / kPairedFile);
    CheckWritable(options.pool / kSequentialFile);
    CheckDisk();
  }

  ExitCode Execute() {
    StopRequests stop;
    RunDirectory directory(DataDirectory(options_.directory));
    const uint64_t start_ns = NowNs();
    const double trials_at_start = TrialsLeft();
    while (TrialsLeft() > 0) {
      const bool is_sequential = SequentialIsNext();
      if (const std::optional<ExitCode> ended = RecordBlock(is_sequential, directory, stop)) {
        Say("stopped; the blocks before are recorded, and the same command goes on");
        return *ended;
      }
      const double left = TrialsLeft();
      if (left == trials_at_start) continue;
      const double left_s = SecondsSince(start_ns) * left / (trials_at_start - left);
      Say(fmt::format("{} of {} blocks, {} of {} sequential runs, about {:.0f} min left",
                      paired_.pool().Blocks(), options_.blocks, sequential_.pool().Blocks(),
                      options_.runs, left_s / 60));
    }
    return ExitCode::kOk;
  }

 private:
  void Say(std::string_view text) const {
    if (!options_.quiet) fmt::print(stderr, "{}\n", text);
  }

  double TrialsLeft() const {
    size_t per_block = 0, per_run = 0;
    for (const RecordedCell& cell : RecordedCells(options_)) {
      per_block += 2 * ArmsOf(cell).size();
      per_run += TrialsPerSequentialArm(options_) * (1 + kSequentialCandidates.size());
    }
    const auto left = [](unsigned wanted, unsigned done) {
      return wanted > done ? wanted - done : 0;
    };
    return static_cast<double>(per_block * left(options_.blocks, paired_.pool().Blocks()) +
                               per_run * left(options_.runs, sequential_.pool().Blocks()));
  }

  // Both pools are recorded over the same time, so that the machine is as noisy for both.
  bool SequentialIsNext() const {
    const uint64_t blocks = paired_.pool().Blocks(), runs = sequential_.pool().Blocks();
    if (blocks >= options_.blocks) return true;
    return runs < options_.runs && runs * options_.blocks < blocks * options_.runs;
  }

  // Returns how the recording ends, if it does here. Throws EnvironmentError.
  std::optional<ExitCode> RecordBlock(bool is_sequential, const RunDirectory& directory,
                                      StopRequests& stop) {
    PoolFile& file = is_sequential ? sequential_ : paired_;
    const unsigned block = file.pool().Blocks();
    // Of its own, so that a recording that was interrupted has the order that it would have had.
    std::mt19937_64 random(options_.seed * 1'000'003 + 2 * block + (is_sequential ? 1 : 0));
    std::vector<const RecordedCell*> cells;
    for (const RecordedCell& cell : RecordedCells(options_)) cells.push_back(&cell);
    Shuffle(cells, random);
    std::vector<PoolTrial> trials;
    for (const RecordedCell* cell : cells) {
      unsigned position = 0;
      for (PlannedPoolTrial& planned : is_sequential
                                           ? PlanSequentialRun(options_, *cell, block, random)
                                           : PlanBlock(options_, *cell, block, random)) {
        if (stop.Count() > 0) return ExitCode::kInterrupted;
        const uint64_t start_ns = NowNs();
        planned.plan.directory = directory.StorePath(kStoreName);
        const TrialOutcome outcome = RunTrialProcess(planned.plan, kTrialTimeoutS, stop,
                                                     [](const PhaseReport& /*report*/) {});
        directory.RemoveStore(kStoreName);
        if (!outcome.trial || outcome.trial->status == TrialStatus::kInterrupted) {
          return ExitCode::kInterrupted;
        }
        const Trial& trial = *outcome.trial;
        if (trial.status == TrialStatus::kOk && !trial.Measured()) {
          AddIdle(trial);
          return std::nullopt;
        }
        if (trial.status != TrialStatus::kOk) {
          fmt::print(stderr, "{}: {}: {}\n", trial.cell.ToString(), kvs::ToString(trial.status),
                     trial.reason);
          return ExitCode::kEngineFailed;
        }
        trials.push_back({.cell = std::string(cell->name),
                          .block = block,
                          .position = position++,
                          .arm = planned.arm,
                          .throughput_per_s = trial.throughput_per_s,
                          .read = LatencyOf(trial, "read"),
                          .update = LatencyOf(trial, "update"),
                          .elapsed_s = SecondsSince(start_ns)});
      }
    }
    file.Append(std::move(trials));
    idle_ = 0;
    return std::nullopt;
  }

  // Of a trial that completed nothing: its block is measured anew.
  void AddIdle(const Trial& trial) {
    constexpr unsigned kMostIdle = 5;
    const std::string what = fmt::format(
        "{}: completed nothing in its window: its block is dropped", trial.cell.ToString());
    if (++idle_ > kMostIdle) {
      throw EnvironmentError(
          fmt::format("{}, for the {}th time in a row: the machine is too busy", what, idle_));
    }
    Say(what);
  }

  void CheckDisk() const {
    uint64_t needed = 0;
    for (const RecordedCell& cell : RecordedCells(options_)) {
      const TrialPlan plan = PlanTrial(options_, cell, kDetectorArms[0], options_.seed);
      needed = std::max(needed, EstimateDiskBytes(plan));
    }
    const std::filesystem::path parent = DataDirectory(options_.directory);
    const uint64_t free = FreeDiskBytes(parent);
    if (needed <= free) return;
    throw EnvironmentError(
        fmt::format("{}: {} free, but a trial may need {}: name another disk with --dir",
                    NearestExisting(parent).string(), HumanBytes(free), HumanBytes(needed)));
  }

  static constexpr std::string_view kStoreName = "store";

  const selftest::DetectorOptions& options_;
  PoolFile paired_;
  PoolFile sequential_;
  unsigned idle_ = 0;  // trials that completed nothing, since a block was recorded
};

}  // namespace

std::span<const RecordedCell> RecordedCells(const selftest::DetectorOptions& options) {
  const std::span<const RecordedCell> all = kCells;
  return options.smoke ? all.subspan(1, 1) : all;  // with a lock and two kinds of operations
}

std::vector<DetectorArm> ArmsOf(const RecordedCell& cell) {
  std::vector<DetectorArm> arms;
  for (const DetectorArm& arm : kDetectorArms) {
    if (!arm.has_lock || cell.has_lock) arms.push_back(arm);
  }
  return arms;
}

std::vector<PlannedPoolTrial> PlanBlock(const selftest::DetectorOptions& options,
                                        const RecordedCell& cell, unsigned block,
                                        std::mt19937_64& random) {
  const std::vector<DetectorArm> arms = ArmsOf(cell);
  std::vector<PlannedPoolTrial> planned;
  for (const size_t arm : compare::BlockOrder(arms.size(), random)) {
    planned.push_back(
        {std::string(arms[arm].name), PlanTrial(options, cell, arms[arm], options.seed + block)});
  }
  return planned;
}

std::vector<PlannedPoolTrial> PlanSequentialRun(const selftest::DetectorOptions& options,
                                                const RecordedCell& cell, unsigned run,
                                                std::mt19937_64& random) {
  std::vector<std::string_view> arms(kSequentialCandidates.begin(), kSequentialCandidates.end());
  Shuffle(arms, random);
  arms.insert(arms.begin(), kBaseline);
  const unsigned trials = TrialsPerSequentialArm(options);
  std::vector<PlannedPoolTrial> planned;
  for (const std::string_view arm : arms) {
    for (unsigned i = 0; i < trials; ++i) {
      const uint64_t seed = options.seed + uint64_t{run} * trials + i;
      planned.push_back({std::string(arm), PlanTrial(options, cell, *FindDetectorArm(arm), seed)});
    }
  }
  return planned;
}

ExitCode RecordPools(const selftest::DetectorOptions& options) {
  return Recording(options).Execute();
}

}  // namespace kvs::detector
