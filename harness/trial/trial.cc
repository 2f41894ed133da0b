#include "harness/trial/trial.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <exception>
#include <new>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/driver/driver.h"
#include "harness/driver/window_pairs.h"
#include "harness/system/clock.h"
#include "harness/system/hardware_counters.h"
#include "harness/system/page_cache.h"
#include "harness/system/process_costs.h"
#include "results/flushes_per_write.h"
#include "results/human_units.h"

namespace kvs {
namespace {

constexpr uint64_t kReadBackSample = 1000;  // records, unless every byte is to be checked
constexpr double kFullCheckPeriod = 64;     // mean reads per full check, likewise
constexpr uint64_t kBufferBytes = uint64_t{256} << 20;  // that an engine may allocate as it goes

uint64_t PeakRssBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

Latency LatencyOf(std::string_view what, const Histogram& histogram) {
  Latency latency{.what = std::string(what),
                  .samples = histogram.count(),
                  .mean_ns = histogram.mean(),
                  .min_ns = histogram.min(),
                  .max_ns = histogram.max(),
                  .percentiles = {}};
  for (const double percent : {50.0, 90.0, 95.0, 99.0, 99.9, 99.99, 99.999, 100.0}) {
    const uint64_t value_ns = histogram.Percentile(percent);
    latency.percentiles.push_back({.percent = percent,
                                   .value_ns = value_ns,
                                   .samples_beyond = histogram.CountAbove(value_ns)});
  }
  return latency;
}

// One per kind of operation that has samples, and "all" of them together.
std::vector<Latency> LatenciesOf(const Measurement& measured, Histogram KindResult::*times_ns) {
  std::vector<Latency> latencies;
  Histogram all;
  for (size_t i = 0; i < kOperationKinds; ++i) {
    const Histogram& of_kind = measured.kinds[i].*times_ns;
    if (measured.kinds[i].completed == 0 || of_kind.count() == 0) continue;
    latencies.push_back(LatencyOf(ToString(static_cast<OperationKind>(i)), of_kind));
    all.Merge(of_kind);
  }
  if (all.count() > 0) latencies.push_back(LatencyOf("all", all));
  return latencies;
}

constexpr const char* kNoProcessIo =
    "bytes read and written: the kernel does not give /proc/self/io";
constexpr const char* kCountersTookTurns =
    "hardware counters took turns: scaled from the time that each ran to the whole";

constexpr const char* kNothingAudited =
    "no write was audited for its flush: none was timed (--sampling-period 1 times all), or none "
    "that must have had one: values are too short, or the engine does not tell what removes did";
constexpr const char* kNotAuditedInPlace =
    "no write was audited for its flush: the store may hold the same values, by an earlier run";

// Others are in the way when they take much and leave no processor free.
constexpr double kMostOthers = 0.1;
constexpr double kLeastIdle = 0.05;
constexpr const char* kBusyMachine =
    "the machine was busy while it was measured: others took more than a tenth of the processors' "
    "time and left none idle (costs.other_cpu_share in the result file), so the figure is of what "
    "was left";
constexpr const char* kNotCold =
    "not cold: more than 1% of its files stayed in the page cache: mapped and touched by the "
    "engine when it opened the store, used by others, or on a RAM disk";
constexpr const char* kPerhapsNotCold =
    "perhaps not cold: the kernel does not tell what of its files is in the page cache";

constexpr const char* kNoCountersPerRequest =
    "hardware counters: left out in pool 'naive', whose threads would each pay for them";

// All but the bytes that are live, and without the refusals of counters.
TrialCosts ToTrialCosts(const Measurement& measured) {
  const ProcessCosts& process = measured.process;
  TrialCosts costs;
  costs.voluntary_switches = process.voluntary_switches;
  costs.involuntary_switches = process.involuntary_switches;
  costs.minor_faults = process.minor_faults;
  costs.major_faults = process.major_faults;
  if (measured.cpu) {
    costs.other_cpu_share = measured.cpu->others;
    costs.idle_cpu_share = measured.cpu->idle;
  }
  costs.written_bytes = measured.written_bytes;
  costs.found_bytes = measured.found_bytes;
  if (process.io) {
    costs.call_read_bytes = process.io->call_read_bytes;
    costs.call_write_bytes = process.io->call_write_bytes;
    costs.device_read_bytes = process.io->device_read_bytes;
    costs.device_write_bytes = process.io->device_write_bytes;
  } else {
    costs.notes.emplace_back(kNoProcessIo);
  }
  const auto counted = [&measured](HardwareEvent event) {
    return measured.hardware.counts[static_cast<size_t>(event)];
  };
  costs.instructions = counted(HardwareEvent::kInstructions);
  costs.cycles = counted(HardwareEvent::kCycles);
  costs.cache_references = counted(HardwareEvent::kCacheReferences);
  costs.cache_misses = counted(HardwareEvent::kCacheMisses);
  costs.dtlb_load_misses = counted(HardwareEvent::kDtlbLoadMisses);
  costs.counter_running_share = measured.hardware.running_share;
  if (costs.counter_running_share.value_or(1) < 1) costs.notes.emplace_back(kCountersTookTurns);
  return costs;
}

// The work of one trial, phase by phase, each filling in its part of the result.
class TrialRun {
 public:
  TrialRun(const TrialPlan& plan, const EngineDefinition& engine,
           const std::atomic<bool>& interrupted, const PhaseObserver& observe, Trial& trial)
      : plan_(plan),
        engine_(engine),
        interrupted_(interrupted),
        observe_(observe),
        trial_(trial),
        stores_data_(engine.capabilities(plan.OpenOptions()).stores_data),
        keys_(plan.workload.keys),
        values_(plan.workload.value_size, plan.value_seed, plan.workload.compression_ratio) {
    if (CountsEvents()) hardware_.emplace(KernelCounters());
    driver_options_.threads = plan.cell.threads;
    driver_options_.pool = plan.pool;
    driver_options_.warmup_s = plan.warmup_s;
    driver_options_.duration_s = plan.duration_s;
    driver_options_.operations = plan.operations;
    driver_options_.open_loop = plan.open_loop;
    driver_options_.seed = plan.seed;
    driver_options_.sampling_period = plan.sampling_period;
    driver_options_.full_check_period = plan.verify_fully ? 1 : kFullCheckPeriod;
    driver_options_.audit_flushes =
        stores_data_ && plan.durability == Durability::kSync && !plan.existing_store;
    driver_options_.interrupted = &interrupted;
    driver_options_.hardware = hardware_ ? &*hardware_ : nullptr;
    driver_options_.progress = observe;
  }

  void Run() {
    OpenAndLoad();
    if (plan_.cold && HasFiles()) ReopenCold();
    DescribeStore();
    if (interrupted_) {
      trial_.status = TrialStatus::kInterrupted;
      trial_.reason = "stopped before anything was measured";
    } else if (plan_.pairs) {
      MeasurePairs(*plan_.pairs);
    } else if (!plan_.load_only) {
      MeasurePhase();
      Verify();
    }
    observe_("close", 0, 0);
    handle_->Settle();
    handle_.reset();
  }

 private:
  bool Loads() const { return plan_.workload.preload && !plan_.existing_store && stores_data_; }

  // Not where a thread is made per request: each would pay for a copy of every counter.
  bool CountsEvents() const { return plan_.pool != PoolKind::kNaive; }

  // The tier in which records are loaded: flushing each of them to the device would take hours and
  // is not what is measured.
  Durability LoadTier() const {
    if (plan_.durability != Durability::kSync) return plan_.durability;
    EngineOptions options = plan_.OpenOptions();
    options.durability = Durability::kProcess;
    for (const Durability tier : engine_.capabilities(options).tiers) {
      if (tier == Durability::kProcess) return tier;
    }
    return plan_.durability;
  }

  void Open(Durability durability) {
    observe_("open", 0, 0);
    EngineOptions options = plan_.OpenOptions();
    options.durability = durability;
    const uint64_t start_ns = NowNs();
    handle_ = engine_.open(options);
    trial_.open_s = SecondsSince(start_ns);
  }

  void OpenAndLoad() {
    const Durability load_tier = Loads() ? LoadTier() : plan_.durability;
    Open(load_tier);
    if (Loads()) {
      observe_("load", 0, 0);
      const LoadResult load = Load(*handle_, plan_.workload, keys_, values_, driver_options_);
      trial_.loaded_records = load.records;
      trial_.dataset_bytes = load.bytes;
      trial_.load_s = load.elapsed_s;
    }
    observe_("settle", 0, 0);
    const uint64_t start_ns = NowNs();
    handle_->Settle();
    if (load_tier != plan_.durability) {
      handle_.reset();
      Open(plan_.durability);
      trial_.notes.push_back(fmt::format("loaded in tier '{}', then reopened in tier '{}'",
                                         ToString(load_tier), ToString(plan_.durability)));
    }
    trial_.settle_s = SecondsSince(start_ns);
  }

  bool HasFiles() const { return std::filesystem::exists(plan_.directory); }

  // Closed, so that the engine's own caches are empty and nothing is mapped; evicted once more
  // after it was opened, as recovery may have read everything.
  void ReopenCold() {
    observe_("evict", 0, 0);
    handle_.reset();
    EvictFromPageCache(plan_.directory);
    if (plan_.cold == ColdStart::kDrop) DropCachesOfMachine();
    Open(plan_.durability);
    handle_->Settle();
    EvictFromPageCache(plan_.directory);
  }

  void LookAtPageCache() {
    if (!HasFiles()) return;
    try {
      trial_.page_cache = ReadPageCacheShare(plan_.directory);
    } catch (const std::system_error& error) {
      trial_.notes.push_back(
          fmt::format("what the page cache holds is not known: {}", error.what()));
    }
    if (!plan_.cold) return;
    if (!trial_.page_cache) {
      trial_.notes.emplace_back(kPerhapsNotCold);
    } else if (static_cast<double>(trial_.page_cache->resident_bytes) >
               kColdShareLimit * static_cast<double>(trial_.page_cache->file_bytes)) {
      trial_.notes.emplace_back(kNotCold);
    }
  }

  void DescribeStore() {
    const EngineInfo info = handle_->Info();
    trial_.library = fmt::format("{} {}", info.library, info.library_version);
    trial_.effective_options = info.effective_options;
    trial_.notes.insert(trial_.notes.end(), info.notes.begin(), info.notes.end());
  }

  void MeasurePhase() {
    LookAtPageCache();
    observe_(plan_.warmup_s > 0 ? "warm-up" : "measure", 0, 0);
    const EngineCounters before = handle_->Counters();
    const Measurement measured =
        Measure(*handle_, stores_data_, plan_.workload, keys_, values_, driver_options_);
    const EngineCounters after = handle_->Counters();
    trial_.busy_waits = after.busy_waits - before.busy_waits;
    trial_.busy_wait_ns = after.busy_wait_ns - before.busy_wait_ns;
    trial_.peak_rss_bytes = PeakRssBytes();
    if (HasFiles()) {
      trial_.directory_bytes = AllocatedBytes(plan_.directory);
    }
    Adopt(measured);
    recent_writes_ = measured.recent_writes;
    AdoptClock();
    if (measured.interrupted) {
      trial_.status = TrialStatus::kInterrupted;
      trial_.reason = measured.window_s > 0
                          ? "stopped while measuring; the figures cover the part that ran"
                          : "stopped before the window opened, so that there are no figures";
    }
    Judge(measured.wrong, "while measuring");
    if (driver_options_.audit_flushes) {
      JudgeFlushes(measured.write_audit);
    } else if (plan_.durability == Durability::kSync && stores_data_ &&
               CompletedWrites(trial_) > 0) {
      trial_.notes.emplace_back(kNotAuditedInPlace);
    }
  }

  void MeasurePairs(const WindowPairsPlan& plan) {
    observe_("measure", 0, 0);
    const WindowPairs pairs = MeasureWindowPairs(*handle_, stores_data_, plan_.workload, keys_,
                                                 values_, driver_options_, plan);
    for (size_t i = 0; i < pairs.windows.size(); i += 2) {
      trial_.operations += pairs.windows[i].operations;
      trial_.window_s += pairs.windows[i].length_s;
    }
    if (trial_.window_s > 0) {
      trial_.throughput_per_s = static_cast<double>(trial_.operations) / trial_.window_s;
    }
    trial_.user_cpu_s = pairs.user_cpu_s;
    trial_.system_cpu_s = pairs.system_cpu_s;
    trial_.slices = pairs.windows;
    AdoptClock();
    if (pairs.interrupted) {
      trial_.status = TrialStatus::kInterrupted;
      trial_.reason = "stopped while measuring";
    } else if (pairs.windows.empty()) {
      trial_.status = TrialStatus::kFailed;
      trial_.reason = fmt::format("too slow: no two windows of {} in a row had an operation each",
                                  HumanNs(1e9 * plan_.duration_s));
    }
    Judge(pairs.wrong, "while measuring");
  }

  void Adopt(const Measurement& measured) {
    trial_.window_s = measured.window_s;
    trial_.operations = measured.operations;
    if (measured.window_s > 0) {
      trial_.throughput_per_s = static_cast<double>(measured.operations) / measured.window_s;
    }
    trial_.background_operations = measured.background_operations;
    trial_.operations_per_second = measured.operations_per_second;
    if (measured.window_s > 0) trial_.slices = measured.slices;
    trial_.warmup_s = measured.warmup_s;
    trial_.values_checked = measured.values_checked;
    trial_.values_checked_fully = measured.values_checked_fully;
    trial_.handles_cloned = measured.handles_cloned;
    trial_.flushes = measured.flushes;
    trial_.user_cpu_s = measured.process.user_cpu_s;
    trial_.system_cpu_s = measured.process.system_cpu_s;
    if (measured.window_s > 0) AdoptCosts(measured);
    trial_.sampling_period = measured.sampling_period;
    for (size_t i = 0; i < kOperationKinds; ++i) {
      const KindResult& kind = measured.kinds[i];
      if (kind.completed == 0) continue;
      const std::string_view name = ToString(static_cast<OperationKind>(i));
      trial_.counts.push_back({.operation = std::string(name),
                               .completed = kind.completed,
                               .hits = kind.hits,
                               .misses = kind.misses,
                               .unknown = kind.unknown,
                               .entries = kind.entries});
    }
    trial_.latencies = LatenciesOf(measured, &KindResult::latency_ns);
    if (measured.queue_wait_ns) {
      trial_.queue_wait = LatencyOf("queue-wait", *measured.queue_wait_ns);
    }
    if (plan_.open_loop) AdoptOpenLoop(measured);
  }

  void AdoptOpenLoop(const Measurement& measured) {
    trial_.backlog_operations = measured.backlog_operations;
    trial_.response_times = LatenciesOf(measured, &KindResult::response_ns);
    if (!trial_.FellBehind()) return;
    trial_.notes.push_back(
        fmt::format("did not keep up with {}/s: operations waited longer and longer, so that "
                    "response times say only how long the run was",
                    HumanCount(plan_.open_loop->rate_per_s)));
  }

  void AdoptCosts(const Measurement& measured) {
    trial_.costs = ToTrialCosts(measured);
    trial_.costs->live_bytes = LiveBytes(measured.inserted_bytes);
    trial_.costs->anonymous_begin_bytes = measured.anonymous_begin_bytes;
    trial_.costs->anonymous_end_bytes = measured.anonymous_end_bytes;
    if (stores_data_) JudgeGrowth(*trial_.costs, measured.inserted_bytes);
    if (measured.cpu && measured.cpu->others > kMostOthers && measured.cpu->idle < kLeastIdle) {
      trial_.notes.emplace_back(kBusyMachine);
    }
    std::vector<std::string>& notes = trial_.costs->notes;
    if (!hardware_) {
      notes.emplace_back(kNoCountersPerRequest);
    } else {
      notes.insert(notes.end(), hardware_->refusals().begin(), hardware_->refusals().end());
    }
  }

  // A store may come to hold all of its records in memory while it is measured, and buffers beside
  // them. What grows beyond that would not stop growing.
  void JudgeGrowth(const TrialCosts& costs, uint64_t inserted_bytes) {
    if (!costs.anonymous_begin_bytes || !costs.anonymous_end_bytes) return;
    const uint64_t most_stored =
        costs.live_bytes.value_or(std::max(trial_.dataset_bytes, trial_.directory_bytes) +
                                  inserted_bytes + costs.written_bytes);
    const uint64_t begin = *costs.anonymous_begin_bytes;
    const uint64_t end = *costs.anonymous_end_bytes;
    if (end <= begin || end - begin <= most_stored + kBufferBytes) return;
    trial_.notes.push_back(fmt::format(
        "memory grew by {} in the window, {} per operation: more than the {} that the store can "
        "hold, and {} for buffers; it leaks, or keeps what nobody bounds",
        HumanBytes(end - begin),
        HumanBytes((end - begin) / std::max<uint64_t>(1, trial_.operations)),
        HumanBytes(most_stored), HumanBytes(kBufferBytes)));
  }

  void AdoptClock() {
    const ClockReport clock = CheckClock();
    trial_.clock = {.source = clock.source,
                    .cost_ns = clock.cost_ns,
                    .resolution_ns = clock.resolution_ns,
                    .deviation_ppm = clock.deviation_ppm};
    if (!clock.deviation_ppm) trial_.notes.push_back("times are read by " + clock.source);
  }

  // Keys and values in the store, if the workload tells: inserts add new keys, and updates change
  // no size; but an update of a key that was not loaded adds it, and nobody counts which were.
  std::optional<uint64_t> LiveBytes(uint64_t inserted_bytes) const {
    const Spec& spec = plan_.workload;
    if (!stores_data_ || plan_.existing_store) return std::nullopt;
    if (spec.Proportion(OperationKind::kRemove) > 0) return std::nullopt;
    const bool updates = spec.Proportion(OperationKind::kUpdate) > 0 ||
                         spec.Proportion(OperationKind::kReadModifyWrite) > 0 ||
                         spec.background_writers > 0;
    if (updates && spec.LoadCount() != spec.record_count) return std::nullopt;
    return trial_.dataset_bytes + inserted_bytes;
  }

  // Reads back what was written last, and a sample of the loaded records, where the workload leaves
  // them there.
  void Verify() {
    observe_("verify", 0, 0);
    Judge(ReadBackWrites(*handle_, keys_, values_, recent_writes_), "of the last writes");
    const bool loaded = Loads() || plan_.existing_store;
    if (!loaded || plan_.workload.Proportion(OperationKind::kRemove) > 0) return;
    const uint64_t sample =
        plan_.verify_fully ? plan_.workload.record_count : uint64_t{kReadBackSample};
    Judge(ReadBack(*handle_, plan_.workload, keys_, values_, sample, trial_.read_back),
          "when read back");
  }

  void Judge(const WrongAnswers& wrong, std::string_view when) {
    if (wrong.count == 0) return;
    Refute(fmt::format("{} wrong answer{} {}: {}", wrong.count, wrong.count == 1 ? "" : "s", when,
                       fmt::join(wrong.examples, "; ")));
  }

  void JudgeFlushes(const WriteAudit& audit) {
    trial_.audited_writes = audit.audited;
    if (audit.audited == 0 && CompletedWrites(trial_) > 0) {
      trial_.notes.emplace_back(kNothingAudited);
    }
    if (audit.unflushed == 0) return;
    Refute(fmt::format(
        "tier 'sync' is not kept: {} of {} audited write{} acknowledged without a flush that began "
        "after the data was handed over",
        audit.unflushed, audit.audited, audit.audited == 1 ? " was" : "s were"));
  }

  void Refute(const std::string& reason) {
    trial_.reason = trial_.status == TrialStatus::kWrongAnswer
                        ? fmt::format("{}. {}", trial_.reason, reason)
                        : reason;
    trial_.status = TrialStatus::kWrongAnswer;
  }

  const TrialPlan& plan_;
  const EngineDefinition& engine_;
  const std::atomic<bool>& interrupted_;
  const PhaseObserver& observe_;
  Trial& trial_;
  const bool stores_data_;
  const KeyRenderer keys_;
  const ValueCodec values_;
  // Before the store is opened, so that the threads that it makes are counted.
  std::optional<HardwareCounters> hardware_;
  DriverOptions driver_options_;
  std::vector<AcknowledgedWrite> recent_writes_;
  std::unique_ptr<KvsEngine> handle_;
};

}  // namespace

Trial RunTrial(const TrialPlan& plan, const EngineDefinition& engine,
               const std::atomic<bool>& interrupted, const PhaseObserver& observe) {
  Trial trial = TrialWithoutFigures(plan);
  try {
    TrialRun(plan, engine, interrupted, observe, trial).Run();
    if (trial.status != TrialStatus::kWrongAnswer) return trial;
  } catch (const EngineError& error) {
    trial.status =
        error.kind() == ErrorKind::kUnsupported ? TrialStatus::kUnsupported : TrialStatus::kFailed;
    trial.reason = error.what();
  } catch (const std::bad_alloc&) {
    trial.status = TrialStatus::kFailed;
    trial.reason = "out of memory: the system gave no more (std::bad_alloc)";
  } catch (const std::exception& error) {
    trial.status = TrialStatus::kFailed;
    trial.reason = error.what();
  }
  // No figure survives a failed operation or a wrong answer.
  Trial without_figures = TrialWithoutFigures(plan);
  without_figures.status = trial.status;
  without_figures.reason = trial.reason;
  without_figures.library = trial.library;
  without_figures.effective_options = trial.effective_options;
  without_figures.notes = trial.notes;
  return without_figures;
}

uint64_t AllocatedBytes(const std::filesystem::path& directory) {
  constexpr uint64_t kBlockBytes = 512;  // the unit of st_blocks, whatever the file system's is
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    struct stat status {};
    if (lstat(entry.path().c_str(), &status) != 0) continue;
    bytes += static_cast<uint64_t>(status.st_blocks) * kBlockBytes;
  }
  return bytes;
}

}  // namespace kvs
