// What the trials of a run mean, cell by cell. Everything that tables and charts show is computed
// here once and written into the result file.
#ifndef KVS_RESULTS_SUMMARY_H_
#define KVS_RESULTS_SUMMARY_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/costs.h"
#include "results/model.h"
#include "results/statistics.h"
#include "results/steady_state.h"

namespace kvs {

// A percentile with fewer samples beyond it than this says little about the distribution.
inline constexpr uint64_t kWellSampled = 10;

// From this share of a cell's time on, its figure is as much the harness's as the engine's.
inline constexpr double kHarnessShareLimit = 0.25;

struct PercentileSummary {
  double percent = 0;
  double median_ns = 0;         // over the measured trials
  uint64_t samples_beyond = 0;  // over all measured trials
  bool well_sampled = false;    // samples_beyond >= kWellSampled
};

struct LatencySummary {
  std::string what;                            // as in Latency
  uint64_t samples = 0;                        // over all measured trials
  double mean_ns = 0;                          // median over the measured trials
  uint64_t max_ns = 0;                         // over all measured trials
  std::vector<PercentileSummary> percentiles;  // ascending
};

struct CellSummary {
  CellName cell;
  bool is_floor = false;  // measured only to know the harness's own cost
  // The worst that happened to a trial: wrong-answer, failed, interrupted, unsupported, ok, in
  // this order. Figures may exist beside a failure: see trials_measured.
  TrialStatus status = TrialStatus::kOk;
  std::string reason;  // of the first trial with that status; empty when ok
  unsigned trials = 0;
  unsigned trials_measured = 0;  // those that gave figures; all below is over these
  unsigned trials_failed = 0;    // failed or wrong-answer
  unsigned trials_wrong = 0;     // of these, wrong-answer

  std::optional<Spread> throughput_per_s;
  std::optional<SteadyState> steady_state;     // nothing where no window could be tested
  std::optional<double> ns_per_operation;      // wall time, all threads: 1e9 / median throughput
  std::optional<double> cpu_ns_per_operation;  // user and system, whole process; median
  std::optional<CostSummary> costs;            // of trials that have costs; nothing without any
  // Median throughput over that of the fastest cell with the same workload, threads, pool and
  // durability; 1 for the fastest. Cells of kFloorEngine neither have it nor set it, nor do those
  // of the open loop, where throughputs are the rate's.
  std::optional<double> ratio_to_best;
  // The harness's own time per operation and thread over this cell's, 0..1: kFloorEngine's median
  // with the same workload, threads and pool (any durability: it writes nothing), of its CPU time
  // where a dedicated thread had to wait for a processor although there is one for each. Unset
  // without such a floor, for the floor itself, for a cell that is faster than it, which a note
  // then says, and in the open loop.
  std::optional<double> harness_share;
  bool harness_bound = false;  // harness_share > kHarnessShareLimit

  uint64_t hits = 0;
  uint64_t misses = 0;
  std::vector<LatencySummary> latencies;  // service time, in the order of the first trial's
  std::optional<LatencySummary> queue_wait;

  // Open loop only.
  std::optional<double> rate_per_s;
  std::optional<std::string> arrivals;
  std::optional<double> backlog_s;                            // longest; see Trial::BacklogS
  std::optional<std::vector<LatencySummary>> response_times;  // as `latencies`

  double flushes_per_operation = 0;         // median
  std::optional<double> flushes_per_write;  // median of trials whose writes were audited
  std::optional<std::string> cold;          // as in the trials
  std::optional<Spread> resident_share;     // PageCacheShare's, of trials that have one
  std::optional<uint64_t> file_bytes;       // likewise, highest
  uint64_t peak_rss_bytes = 0;              // highest
  uint64_t directory_bytes = 0;             // highest
  std::string library;
  std::vector<std::string> notes;  // of all trials, each once

  const LatencySummary* FindLatency(std::string_view what) const;
  const LatencySummary* FindResponseTime(std::string_view what) const;
};

// One summary per cell, in the order in which the cells first appear in `trials`; floor trials make
// cells of their own. Pure.
std::vector<CellSummary> Summarise(const Run& run);
// Of trials on a machine with `cpus` processors; by default there is one for each thread.
std::vector<CellSummary> Summarise(const std::vector<Trial>& trials,
                                   unsigned cpus = std::numeric_limits<unsigned>::max());

}  // namespace kvs

#endif  // KVS_RESULTS_SUMMARY_H_
