// What came out of a run: plain structs between measuring and printing. Written and read by
// result_file.h, summarised by summary.h, printed by table.h; nothing here measures.
#ifndef KVS_RESULTS_MODEL_H_
#define KVS_RESULTS_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvs {

// Names and values in a stable order. A name occurs once: result_file.h refuses duplicates.
using Properties = std::vector<std::pair<std::string, std::string>>;

// The engine that stores nothing. Its cells are the harness's own floor; no engine is ranked
// against them.
inline constexpr std::string_view kFloorEngine = "null";

// What is compared: engine x workload x threads x pool x durability.
struct CellName {
  std::string workload;  // "ycsb-a"
  std::string engine;    // as on the command line, settings included: "lockfree:segment_size=8MiB"
  unsigned threads = 1;
  std::string pool;        // "dedicated"
  std::string durability;  // "process"

  // "<workload>/engine:<e>/threads:<n>/pool:<p>/durability:<d>"
  std::string ToString() const;
  // True when the engine, settings aside, is kFloorEngine.
  bool IsFloorEngine() const;

  friend auto operator<=>(const CellName&, const CellName&) = default;
};

enum class TrialStatus : uint8_t {
  kOk,
  kUnsupported,  // the engine declares that it cannot do this
  kFailed,       // the engine threw, crashed or hung
  // A value of another key, a damaged one, a miss or hit that cannot be; a write acknowledged
  // without the flush that its tier promises.
  kWrongAnswer,
  kInterrupted,  // stopped by the user while measuring; figures cover the part that ran
};
// "ok", "unsupported", "failed", "wrong-answer", "interrupted".
std::string_view ToString(TrialStatus status);
std::optional<TrialStatus> ParseTrialStatus(std::string_view text);

struct Percentile {
  double percent = 0;     // 99.9
  uint64_t value_ns = 0;  // upper edge of the histogram bucket that holds it
  uint64_t samples_beyond = 0;

  friend bool operator==(const Percentile&, const Percentile&) = default;
};

// One latency distribution: of one kind of operation, or of a pool's queue wait.
struct Latency {
  std::string what;  // "read", "update", ..., "all", "queue-wait"
  uint64_t samples = 0;
  double mean_ns = 0;
  uint64_t min_ns = 0;
  uint64_t max_ns = 0;
  std::vector<Percentile> percentiles;  // ascending; 50, 90, 95, 99, 99.9, 99.99, 99.999, 100

  friend bool operator==(const Latency&, const Latency&) = default;
};

// What became of the operations of one kind inside the window.
struct OperationCounts {
  std::string operation;  // "read"
  uint64_t completed = 0;
  uint64_t hits = 0;  // the key was there (reads, removes, read-modify-writes, keys of multi-gets)
  uint64_t misses = 0;
  uint64_t unknown = 0;  // removes whose engine does not tell
  uint64_t entries = 0;  // entries visited by scans, keys looked up by multi-gets

  friend bool operator==(const OperationCounts&, const OperationCounts&) = default;
};

// A part of a window.
struct Slice {
  double length_s = 0;      // > 0
  uint64_t operations = 0;  // completed in it, all foreground threads

  friend bool operator==(const Slice&, const Slice&) = default;
};

// A store's files and what of them was in the page cache. Holes of sparse files are never in it.
struct PageCacheShare {
  uint64_t file_bytes = 0;      // by the files' lengths
  uint64_t resident_bytes = 0;  // <= file_bytes

  friend bool operator==(const PageCacheShare&, const PageCacheShare&) = default;
};

// With more than this share of its files in the page cache, a store is not cold.
inline constexpr double kColdShareLimit = 0.01;

// What the window took from the machine: by all threads of the process, the harness's and those of
// the engine included. What the kernel does not tell is nothing, and never 0. costs.h makes figures
// per operation of it.
struct TrialCosts {
  uint64_t voluntary_switches = 0;    // context switches of threads that had to wait
  uint64_t involuntary_switches = 0;  // context switches of threads that had to make room
  uint64_t minor_faults = 0;          // page faults without I/O
  uint64_t major_faults = 0;          // page faults with I/O

  // Of the time of all processors, 0..1: what went to others (processes, the kernel's own threads,
  // the hypervisor), and what went to nobody. Nothing also where the window was too short to tell,
  // and in files of earlier versions.
  std::optional<double> other_cpu_share;
  std::optional<double> idle_cpu_share;

  // By /proc/self/io. Calls: what read and write calls moved, to and from the page cache too.
  // Device: what was fetched from storage, and pages of files on storage when they became dirty, by
  // a call or through a mapping. The latter is not what the device wrote: that happens later, past
  // the window too, and a page dirtied again before it counts once; on a RAM disk both are 0.
  std::optional<uint64_t> call_read_bytes;
  std::optional<uint64_t> call_write_bytes;
  std::optional<uint64_t> device_read_bytes;
  std::optional<uint64_t> device_write_bytes;

  // What was asked for.
  uint64_t written_bytes = 0;  // keys and values to store and keys to remove, handed to the engine
  uint64_t found_bytes = 0;    // values that lookups and scans returned
  // Keys and values in the store when directory_bytes was taken; nothing where the workload does
  // not tell, because it removes keys, adds others by updates, or began on a store of another run.
  std::optional<uint64_t> live_bytes;

  // Resident memory that is in no file, at the window's begin and end.
  std::optional<uint64_t> anonymous_begin_bytes;
  std::optional<uint64_t> anonymous_end_bytes;

  // By the processor's counters, in user mode; scaled where they took turns.
  std::optional<uint64_t> instructions;
  std::optional<uint64_t> cycles;
  std::optional<uint64_t> cache_references;  // last level
  std::optional<uint64_t> cache_misses;      // last level
  std::optional<uint64_t> dtlb_load_misses;
  // Least share of the time that one of these counters ran; below 1: scaled.
  std::optional<double> counter_running_share;

  std::vector<std::string> notes;  // why something is not available or scaled

  friend bool operator==(const TrialCosts&, const TrialCosts&) = default;
};

// A backlog of more than this share of the operations that were to start in the window means that
// the engine did not keep up.
inline constexpr double kBacklogShareLimit = 0.01;

// What the times of a trial are read from, and how well.
struct TrialClock {
  std::string source;          // "tsc", or "clock_gettime: " and why not the TSC
  double cost_ns = 0;          // of one reading; a latency sample includes about one
  uint64_t resolution_ns = 0;  // smallest step seen between two readings
  // From CLOCK_MONOTONIC, from the start of the process until after the measured phase, as parts
  // per million of that time; nothing where the source is that clock itself.
  std::optional<double> deviation_ppm;

  friend bool operator==(const TrialClock&, const TrialClock&) = default;
};

// One fresh process on a fresh directory.
struct Trial {
  CellName cell;
  unsigned repetition = 0;  // 0, 1, ... within the cell
  bool is_floor = false;    // a run of `null` beside the cells, only to know the harness's own cost
  TrialStatus status = TrialStatus::kOk;
  std::string reason;  // why it is not kOk; empty otherwise
  uint64_t seed = 0;

  // The measured phase. Zero unless status is kOk or kInterrupted.
  double window_s = 0;
  uint64_t operations = 0;             // completed inside the window, all foreground threads
  double throughput_per_s = 0;         // operations / window_s
  uint64_t background_operations = 0;  // by background writers inside the window
  std::vector<uint64_t> operations_per_second;  // completed in each full second of the window
  // The window cut into up to 40 parts of about one length, of 50 ms or more: what steady_state.h
  // looks for a trend in. Nothing in files of earlier versions.
  std::optional<std::vector<Slice>> slices;
  std::vector<OperationCounts> counts;
  // Service time around the engine call alone: one per kind of operation that was sampled, and
  // "all" of them together; empty when nothing was sampled.
  std::vector<Latency> latencies;
  double sampling_period = 0;         // mean operations per latency sample; 1: every one
  std::optional<Latency> queue_wait;  // pooled modes only

  // Open loop only: each operation had an intended start that did not depend on the engine.
  std::optional<double> rate_per_s;     // of intended starts, all foreground threads; > 0
  std::optional<std::string> arrivals;  // "poisson" or "constant"
  // Should have started before the window's end and had not completed then.
  std::optional<uint64_t> backlog_operations;
  // As `latencies`, from the intended start until the engine's call returned; of operations that
  // completed in the window.
  std::optional<std::vector<Latency>> response_times;

  uint64_t handles_cloned = 0;  // pool `naive`: one per request

  // The phases around it.
  uint64_t loaded_records = 0;
  double open_s = 0;
  double load_s = 0;
  double settle_s = 0;
  double warmup_s = 0;
  uint64_t values_checked = 0;        // identity checks inside the window
  uint64_t values_checked_fully = 0;  // with every byte; a few may be of reads beside the window
  uint64_t read_back = 0;             // records sampled and checked after the join

  // What it depended on and what it cost.
  // How the window was made to begin cold, on a store that was reopened, with its files out of the
  // page cache, and without a warm-up: "evict" or "drop". Nothing: no attempt was made.
  std::optional<std::string> cold;
  // When the measured phase began (the warm-up, where there is one). Nothing where there are no
  // files, where the kernel does not tell, and in files of earlier versions.
  std::optional<PageCacheShare> page_cache;
  uint64_t dataset_bytes = 0;    // records x (key + value) after load
  uint64_t directory_bytes = 0;  // allocated blocks after the measured phase
  uint64_t memory_budget_bytes = 0;
  uint64_t peak_rss_bytes = 0;
  // fsync, fdatasync, msync, sync_file_range, sync and syncfs calls in the window and writes with
  // RWF_DSYNC or RWF_SYNC; where writes are audited, writes through O_DSYNC or O_SYNC, too.
  uint64_t flushes = 0;
  // Acknowledged writes of the whole measured phase, warm-up included, of which each had a flush
  // that began after its data was handed over and ended before its reply. Nothing where that is not
  // audited: in tiers other than `sync`, and of an engine that stores nothing.
  std::optional<uint64_t> audited_writes;
  uint64_t busy_waits = 0;
  uint64_t busy_wait_ns = 0;
  double user_cpu_s = 0;  // in the window, whole process
  double system_cpu_s = 0;
  std::optional<TrialCosts> costs;  // nothing without figures, and in files of earlier versions
  std::optional<TrialClock> clock;  // likewise
  std::string library;              // "RocksDB 7.8.3"
  Properties effective_options;
  std::vector<std::string> notes;

  // True when the trial gave figures: ok, or interrupted after at least one operation.
  bool Measured() const;
  // The distribution called `what`, or null.
  const Latency* FindLatency(std::string_view what) const;
  const Latency* FindResponseTime(std::string_view what) const;
  // How long the rate takes to make the backlog, in s; nothing in the closed loop.
  std::optional<double> BacklogS() const;
  // True when the backlog is above kBacklogShareLimit of the window and is more than the one
  // operation that each thread may have in hand.
  bool FellBehind() const;

  friend bool operator==(const Trial&, const Trial&) = default;
};

// What Google Benchmark records of the machine, under its names; the `context` of a result file.
struct BenchmarkContext {
  std::string host_name;
  std::string executable;
  unsigned num_cpus = 0;
  unsigned mhz_per_cpu = 0;
  bool cpu_scaling_enabled = false;
  struct Cache {
    std::string type;  // "Data", "Instruction", "Unified"
    unsigned level = 0;
    uint64_t size = 0;         // bytes
    unsigned num_sharing = 0;  // CPUs that share it

    friend bool operator==(const Cache&, const Cache&) = default;
  };
  std::vector<Cache> caches;
  std::vector<double> load_avg;    // 1, 5 and 15 minutes, when the run began
  std::string library_build_type;  // "release" or "debug"

  friend bool operator==(const BenchmarkContext&, const BenchmarkContext&) = default;
};

enum class FindingStatus : uint8_t {
  kOk,
  kWarn,     // figures are doubtful, or vary more than they need
  kFail,     // figures or promises that depend on it mean nothing
  kUnknown,  // the system does not tell
};
// "ok", "warn", "fail", "unknown".
std::string_view ToString(FindingStatus status);
std::optional<FindingStatus> ParseFindingStatus(std::string_view text);

// One thing that was looked at before anything was measured.
struct Finding {
  std::string name;  // "fdatasync": the same on every machine
  FindingStatus status = FindingStatus::kUnknown;
  std::string seen;
  std::string remedy;  // what to do about a warn or fail; empty otherwise

  // True of a warn and of a fail.
  bool IsBad() const { return status == FindingStatus::kWarn || status == FindingStatus::kFail; }

  friend bool operator==(const Finding&, const Finding&) = default;
};

// The machine as `kvs-bench doctor` found it.
struct MachineReport {
  // Of what stays the same between two runs; runs that differ in it are of different environments.
  std::string fingerprint;
  // What the fingerprint is of; nothing in files of older programs.
  std::optional<Properties> facts;
  std::vector<Finding> findings;

  friend bool operator==(const MachineReport&, const MachineReport&) = default;
};

enum class SearchOutcome : uint8_t {
  kSearching,  // not over: the run was interrupted
  kFound,
  kNotReached,  // not even the lowest rate that can be judged holds
  kNotJudged,   // no rate that the engine can reach gives enough samples
  kFailed,      // a trial failed or gave a wrong answer
};
// "searching", "found", "not-reached", "not-judged", "failed".
std::string_view ToString(SearchOutcome outcome);
std::optional<SearchOutcome> ParseSearchOutcome(std::string_view text);

// One trial in the open loop, to see whether the cell holds the SLO at its rate.
struct RateProbe {
  std::string purpose;  // "bracket", "bisect", "confirm"
  bool held = false;
  std::string why;  // it did not hold; empty when it did
  Trial trial;      // its repetition is the number of the probe

  friend bool operator==(const RateProbe&, const RateProbe&) = default;
};

// The search for the highest rate at which a cell holds the SLO.
struct MaxRate {
  CellName cell;
  SearchOutcome outcome = SearchOutcome::kSearching;
  std::string reason;            // why nothing was found; empty otherwise
  double closed_loop_per_s = 0;  // the cell's best trial in the closed loop: no rate is that high
  double lowest_per_s = 0;       // no lower rate is probed; 0 with no probes
  std::optional<double> max_rate_per_s;  // the majority of its confirmations held
  std::optional<double> fails_at_per_s;  // lowest rate that failed
  std::vector<RateProbe> probes;         // in the order in which they ran

  friend bool operator==(const MaxRate&, const MaxRate&) = default;
};

// What `--find-max` found.
struct MaxRates {
  std::string slo;  // "p99<1ms,read:p99.9<10ms", of response times
  std::string arrivals;
  double resolution = 0;  // the search ended where what fails is at most this share above
  unsigned confirmations = 0;
  std::vector<MaxRate> cells;  // in the order in which they were asked for

  friend bool operator==(const MaxRates&, const MaxRates&) = default;
};

// What was asked for, as effective: with the workloads of the run, enough to plan the same trials
// again in the same order.
struct RunRequest {
  std::vector<std::string> engines;  // with their settings, as in CellName
  std::vector<unsigned> threads;
  std::vector<std::string> pools;
  std::vector<std::string> durabilities;
  unsigned trials = 0;  // of every cell
  double duration_s = 0;
  double warmup_s = 0;
  double timeout_s = 0;
  std::optional<double> rate_per_s;  // open loop only, as the next
  std::optional<std::string> arrivals;
  std::optional<std::string> cold;  // "evict" or "drop"; nothing: a warm start
  std::optional<std::string> slo;   // --find-max only; then `arrivals` are those of the probes
  std::optional<double> sampling_period;  // nothing: by the rate of each trial's warm-up
  bool verify_fully = false;
  uint64_t memory_budget_bytes = 0;  // 0: the engines' own
  std::string directory;             // absolute: in it, or with is_existing_store it, is the store
  bool is_existing_store = false;
  bool keep = false;             // the stores
  std::optional<bool> no_floor;  // true: without the trials of `null` beside the cells

  friend bool operator==(const RunRequest&, const RunRequest&) = default;
};

// From one start of the program to its end, in a run that was interrupted and resumed.
struct Session {
  std::string started_at;    // as Run::started_at
  double elapsed_s = 0;      // until its last trial had ended
  std::string command_line;  // of this session
  uint64_t trials = 0;       // how many of the run's trials are of this session, in their order
  std::optional<MachineReport> machine;  // as it was then; of the first session it is the run's

  friend bool operator==(const Session&, const Session&) = default;
};

// A run: everything that a result file holds.
struct Run {
  std::string version;  // of kvs-bench
  std::string command_line;
  std::string started_at;  // ISO 8601 with offset
  double elapsed_s = 0;    // of all sessions; what lies between them is not in it
  bool complete = true;    // false: interrupted, more trials were planned
  unsigned planned_trials = 0;
  uint64_t seed = 0;
  BenchmarkContext context;
  Properties host;  // name, cpu, cores, memory, kernel, file system, compiler, build ...
  std::optional<MachineReport> machine;  // when the run began; files of older programs have none
  // Per workload name: effective properties and notes.
  struct Workload {
    std::string name;
    Properties properties;
    std::vector<std::string> notes;

    friend bool operator==(const Workload&, const Workload&) = default;
  };
  std::vector<Workload> workloads;
  std::optional<RunRequest> plan;                // nothing in files of older programs
  std::optional<std::vector<Session>> sessions;  // of a run that was resumed
  // What a reader of all trials must know; nothing in files of older programs.
  std::optional<std::vector<std::string>> notes;
  std::vector<Trial> trials;
  std::optional<MaxRates> max_rates;  // --find-max; `trials` are in the closed loop then

  // How many of `trials` came to their end, whatever that was: all but interrupted ones.
  size_t FinishedTrials() const;
  // Whether all planned trials did.
  bool TrialsAreDone() const { return FinishedTrials() >= planned_trials; }
  // Whether nothing is left to do, searches included.
  bool IsDone() const;
  // "2 of 6 planned trials", with --find-max also "1 of 2 searches".
  std::string FinishedPart() const;

  friend bool operator==(const Run&, const Run&) = default;
};

}  // namespace kvs

#endif  // KVS_RESULTS_MODEL_H_
