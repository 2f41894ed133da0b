#include "results/summary.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "results/flushes_per_write.h"

namespace kvs {
namespace {

using TrialList = std::vector<const Trial*>;

// Higher is worse.
int Severity(TrialStatus status) {
  switch (status) {
    case TrialStatus::kOk:
      return 0;
    case TrialStatus::kUnsupported:
      return 1;
    case TrialStatus::kInterrupted:
      return 2;
    case TrialStatus::kFailed:
      return 3;
    case TrialStatus::kWrongAnswer:
      return 4;
  }
  return 0;
}

template <typename Value>
std::vector<double> Collect(const TrialList& trials, Value value) {
  std::vector<double> values;
  for (const Trial* trial : trials) values.push_back(value(*trial));
  return values;
}

// The medians of one percentile over the latencies that have it.
PercentileSummary SummarisePercentile(double percent, const std::vector<const Latency*>& all) {
  PercentileSummary summary{.percent = percent};
  std::vector<double> values_ns;
  for (const Latency* latency : all) {
    for (const Percentile& percentile : latency->percentiles) {
      if (percentile.percent != percent) continue;
      values_ns.push_back(static_cast<double>(percentile.value_ns));
      summary.samples_beyond += percentile.samples_beyond;
    }
  }
  summary.median_ns = Median(values_ns);
  summary.well_sampled = summary.samples_beyond >= kWellSampled;
  return summary;
}

// `all` is not empty and holds latencies of one kind.
LatencySummary SummariseLatency(const std::vector<const Latency*>& all) {
  LatencySummary summary;
  summary.what = all.front()->what;
  std::vector<double> means_ns;
  std::vector<double> percents;
  for (const Latency* latency : all) {
    summary.samples += latency->samples;
    summary.max_ns = std::max(summary.max_ns, latency->max_ns);
    means_ns.push_back(latency->mean_ns);
    for (const Percentile& percentile : latency->percentiles) {
      percents.push_back(percentile.percent);
    }
  }
  summary.mean_ns = Median(means_ns);
  std::sort(percents.begin(), percents.end());
  percents.erase(std::unique(percents.begin(), percents.end()), percents.end());
  for (const double percent : percents) {
    summary.percentiles.push_back(SummarisePercentile(percent, all));
  }
  return summary;
}

// One per kind, in the order in which the kinds appear.
std::vector<LatencySummary> SummariseKinds(
    const std::vector<const std::vector<Latency>*>& of_trials) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const Latency*>> by_kind;
  for (const std::vector<Latency>* latencies : of_trials) {
    for (const Latency& latency : *latencies) {
      auto& all = by_kind[latency.what];
      if (all.empty()) order.push_back(latency.what);
      all.push_back(&latency);
    }
  }
  std::vector<LatencySummary> summaries;
  for (const std::string& what : order) summaries.push_back(SummariseLatency(by_kind[what]));
  return summaries;
}

void SummariseLatencies(const TrialList& measured, CellSummary& cell) {
  std::vector<const std::vector<Latency>*> latencies;
  std::vector<const std::vector<Latency>*> response_times;
  std::vector<const Latency*> queue_waits;
  for (const Trial* trial : measured) {
    latencies.push_back(&trial->latencies);
    if (trial->response_times) response_times.push_back(&*trial->response_times);
    if (trial->queue_wait) queue_waits.push_back(&*trial->queue_wait);
  }
  cell.latencies = SummariseKinds(latencies);
  if (!response_times.empty()) cell.response_times = SummariseKinds(response_times);
  if (!queue_waits.empty()) cell.queue_wait = SummariseLatency(queue_waits);
}

std::optional<double> FlushesPerAuditedWrite(const TrialList& measured) {
  std::vector<double> figures;
  for (const Trial* trial : measured) {
    const std::optional<double> figure = FlushesPerWrite(*trial);
    if (trial->audited_writes && figure) figures.push_back(*figure);
  }
  return figures.empty() ? std::nullopt : std::optional(Median(figures));
}

void SummarisePageCache(const TrialList& measured, CellSummary& cell) {
  std::vector<double> shares;
  for (const Trial* trial : measured) {
    if (!trial->page_cache || trial->page_cache->file_bytes == 0) continue;
    const PageCacheShare& of = *trial->page_cache;
    shares.push_back(static_cast<double>(of.resident_bytes) / static_cast<double>(of.file_bytes));
    cell.file_bytes = std::max(cell.file_bytes.value_or(0), of.file_bytes);
  }
  if (!shares.empty()) cell.resident_share = SpreadOf(shares);
}

void SummariseFigures(const TrialList& measured, CellSummary& cell) {
  const auto per_operation = [](double total, const Trial& trial) {
    return total / static_cast<double>(trial.operations);
  };
  cell.throughput_per_s =
      SpreadOf(Collect(measured, [](const Trial& trial) { return trial.throughput_per_s; }));
  cell.steady_state = SteadyStateOf(measured);
  cell.ns_per_operation = 1e9 / cell.throughput_per_s->median;
  cell.cpu_ns_per_operation = Median(Collect(measured, [&](const Trial& trial) {
    return per_operation(1e9 * (trial.user_cpu_s + trial.system_cpu_s), trial);
  }));
  cell.flushes_per_operation = Median(Collect(measured, [&](const Trial& trial) {
    return per_operation(static_cast<double>(trial.flushes), trial);
  }));
  cell.flushes_per_write = FlushesPerAuditedWrite(measured);
  cell.costs = SummariseCosts(measured);
  for (const Trial* trial : measured) {
    cell.peak_rss_bytes = std::max(cell.peak_rss_bytes, trial->peak_rss_bytes);
    cell.directory_bytes = std::max(cell.directory_bytes, trial->directory_bytes);
    if (const std::optional<double> backlog_s = trial->BacklogS()) {
      cell.backlog_s = std::max(cell.backlog_s.value_or(0), *backlog_s);
    }
    for (const OperationCounts& counts : trial->counts) {
      cell.hits += counts.hits;
      cell.misses += counts.misses;
    }
  }
  SummarisePageCache(measured, cell);
  SummariseLatencies(measured, cell);
}

CellSummary SummariseCell(const TrialList& trials) {
  CellSummary cell;
  cell.cell = trials.front()->cell;
  cell.is_floor = trials.front()->is_floor;
  cell.rate_per_s = trials.front()->rate_per_s;
  cell.arrivals = trials.front()->arrivals;
  cell.cold = trials.front()->cold;
  TrialList measured;
  for (const Trial* trial : trials) {
    ++cell.trials;
    if (trial->Measured()) measured.push_back(trial);
    if (Severity(trial->status) >= Severity(TrialStatus::kFailed)) ++cell.trials_failed;
    if (trial->status == TrialStatus::kWrongAnswer) ++cell.trials_wrong;
    if (Severity(trial->status) > Severity(cell.status)) {
      cell.status = trial->status;
      cell.reason = trial->reason;
    }
    if (cell.library.empty()) cell.library = trial->library;
    for (const std::string& note : trial->notes) {
      if (std::find(cell.notes.begin(), cell.notes.end(), note) == cell.notes.end()) {
        cell.notes.push_back(note);
      }
    }
  }
  cell.trials_measured = static_cast<unsigned>(measured.size());
  if (!measured.empty()) SummariseFigures(measured, cell);
  return cell;
}

const LatencySummary* Find(const std::vector<LatencySummary>& latencies, std::string_view what) {
  const auto found =
      std::find_if(latencies.begin(), latencies.end(),
                   [&](const LatencySummary& latency) { return latency.what == what; });
  return found == latencies.end() ? nullptr : &*found;
}

void AddRatios(std::vector<CellSummary>& cells) {
  const auto group = [](const CellSummary& cell) {
    return std::tie(cell.cell.workload, cell.cell.threads, cell.cell.pool, cell.cell.durability);
  };
  const auto ranked = [](const CellSummary& cell) {
    return cell.throughput_per_s && !cell.cell.IsFloorEngine() && !cell.rate_per_s;
  };
  for (CellSummary& cell : cells) {
    if (!ranked(cell)) continue;
    double best = 0;
    for (const CellSummary& other : cells) {
      if (ranked(other) && group(other) == group(cell)) {
        best = std::max(best, other.throughput_per_s->median);
      }
    }
    cell.ratio_to_best = cell.throughput_per_s->median / best;
  }
}

// Of a trial of kFloorEngine: what the harness takes of a thread's time per operation. A thread of
// its own never waits for another, so where there is a processor for each that is its CPU time,
// however long it did not get one; a CPU time of 0 is too little to have been counted. Where there
// are fewer, the cells' threads wait as the floor's do.
double FloorNsPerOperation(const Trial& trial, unsigned cpus) {
  const double wall_ns = 1e9 * trial.cell.threads / trial.throughput_per_s;
  if (trial.cell.pool != "dedicated" || trial.cell.threads > cpus) return wall_ns;
  const double cpu_ns =
      1e9 * (trial.user_cpu_s + trial.system_cpu_s) / static_cast<double>(trial.operations);
  return cpu_ns > 0 ? std::min(wall_ns, cpu_ns) : wall_ns;
}

void AddHarnessShares(const std::vector<Trial>& trials, unsigned cpus,
                      std::vector<CellSummary>& cells) {
  std::map<std::tuple<std::string, unsigned, std::string>, std::vector<double>> floors;
  for (const Trial& trial : trials) {
    if (trial.cell.IsFloorEngine() && trial.Measured()) {
      floors[{trial.cell.workload, trial.cell.threads, trial.cell.pool}].push_back(
          FloorNsPerOperation(trial, cpus));
    }
  }
  for (CellSummary& cell : cells) {
    if (!cell.throughput_per_s || cell.cell.IsFloorEngine() || cell.rate_per_s) continue;
    const auto floor = floors.find({cell.cell.workload, cell.cell.threads, cell.cell.pool});
    if (floor == floors.end()) continue;
    const double share =
        Median(floor->second) * cell.throughput_per_s->median / (1e9 * cell.cell.threads);
    if (share > 1) {
      cell.notes.emplace_back(
          "faster than the floor, whose trials something disturbed: the harness's share is not "
          "known");
      continue;
    }
    cell.harness_share = share;
    cell.harness_bound = share > kHarnessShareLimit;
  }
}

}  // namespace

const LatencySummary* CellSummary::FindLatency(std::string_view what) const {
  return Find(latencies, what);
}

const LatencySummary* CellSummary::FindResponseTime(std::string_view what) const {
  return response_times ? Find(*response_times, what) : nullptr;
}

std::vector<CellSummary> Summarise(const std::vector<Trial>& trials, unsigned cpus) {
  std::vector<TrialList> by_cell;
  std::map<std::pair<CellName, bool>, size_t> index;
  for (const Trial& trial : trials) {
    const auto [found, is_new] = index.try_emplace({trial.cell, trial.is_floor}, by_cell.size());
    if (is_new) by_cell.emplace_back();
    by_cell[found->second].push_back(&trial);
  }
  std::vector<CellSummary> cells;
  for (const TrialList& list : by_cell) cells.push_back(SummariseCell(list));
  AddRatios(cells);
  AddHarnessShares(trials, cpus, cells);
  return cells;
}

std::vector<CellSummary> Summarise(const Run& run) {
  return Summarise(run.trials, run.context.num_cpus);
}

}  // namespace kvs
