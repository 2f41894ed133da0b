#include "results/csv.h"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "results/costs.h"
#include "results/flushes_per_write.h"
#include "results/steady_state.h"

namespace kvs {
namespace {

std::string Field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

struct Column {
  const char* name;
  // Without figures the columns that are measured stay empty.
  bool measured;
  std::function<std::string(const Trial& trial)> text;
};

template <auto Member>
std::string Number(const Trial& trial) {
  return fmt::format("{}", trial.*Member);
}

std::string Known(uint64_t figure) { return fmt::format("{}", figure); }
template <typename T>
std::string Known(const std::optional<T>& figure) {
  return figure ? fmt::format("{}", *figure) : "";
}

template <auto Member>
std::string Cost(const Trial& trial) {
  return trial.costs ? Known((*trial.costs).*Member) : "";
}

template <auto Member>
std::string PageCache(const Trial& trial) {
  return trial.page_cache ? Known((*trial.page_cache).*Member) : "";
}

template <double Trend::*Member>
std::string OfTrend(const Trial& trial) {
  const std::optional<Trend> trend = TrendOf(trial);
  return trend ? fmt::format("{}", (*trend).*Member) : "";
}

template <uint64_t OperationCounts::*Member>
std::string Total(const Trial& trial) {
  uint64_t total = 0;
  for (const OperationCounts& counts : trial.counts) total += counts.*Member;
  return fmt::format("{}", total);
}

// Hundredths of a percent, since a template takes no double in every compiler we build with.
template <unsigned HundredthPercent>
std::string TimeAt(const Latency* all) {
  if (all == nullptr) return "";
  for (const Percentile& percentile : all->percentiles) {
    if (percentile.percent == HundredthPercent / 100.0) {
      return fmt::format("{}", percentile.value_ns);
    }
  }
  return "";
}

template <unsigned HundredthPercent>
std::string LatencyAt(const Trial& trial) {
  return TimeAt<HundredthPercent>(trial.FindLatency("all"));
}
template <unsigned HundredthPercent>
std::string ResponseAt(const Trial& trial) {
  return TimeAt<HundredthPercent>(trial.FindResponseTime("all"));
}

std::vector<Column> MakeColumns() {
  std::vector<Column> columns = {
      {"workload", false, [](const Trial& t) { return t.cell.workload; }},
      {"engine", false, [](const Trial& t) { return t.cell.engine; }},
      {"threads", false, [](const Trial& t) { return fmt::format("{}", t.cell.threads); }},
      {"pool", false, [](const Trial& t) { return t.cell.pool; }},
      {"durability", false, [](const Trial& t) { return t.cell.durability; }},
      {"repetition", false, Number<&Trial::repetition>},
      {"is_floor", false, [](const Trial& t) { return fmt::format("{}", t.is_floor); }},
      {"status", false, [](const Trial& t) { return std::string(ToString(t.status)); }},
      {"reason", false, [](const Trial& t) { return t.reason; }},
      {"seed", false, Number<&Trial::seed>},
      {"window_s", true, Number<&Trial::window_s>},
      {"operations", true, Number<&Trial::operations>},
      {"throughput_per_s", true, Number<&Trial::throughput_per_s>},
      {"background_operations", true, Number<&Trial::background_operations>},
      {"hits", true, Total<&OperationCounts::hits>},
      {"misses", true, Total<&OperationCounts::misses>},
      {"latency_p50_ns", true, LatencyAt<5000>},
      {"latency_p90_ns", true, LatencyAt<9000>},
      {"latency_p95_ns", true, LatencyAt<9500>},
      {"latency_p99_ns", true, LatencyAt<9900>},
      {"latency_p99.9_ns", true, LatencyAt<9990>},
      {"latency_p99.99_ns", true, LatencyAt<9999>},
      {"latency_max_ns", true, LatencyAt<10000>},
      {"sampling_period", true, Number<&Trial::sampling_period>},
      {"handles_cloned", true, Number<&Trial::handles_cloned>},
      {"loaded_records", true, Number<&Trial::loaded_records>},
      {"open_s", true, Number<&Trial::open_s>},
      {"load_s", true, Number<&Trial::load_s>},
      {"settle_s", true, Number<&Trial::settle_s>},
      {"warmup_s", true, Number<&Trial::warmup_s>},
      {"dataset_bytes", true, Number<&Trial::dataset_bytes>},
      {"directory_bytes", true, Number<&Trial::directory_bytes>},
      {"memory_budget_bytes", true, Number<&Trial::memory_budget_bytes>},
      {"peak_rss_bytes", true, Number<&Trial::peak_rss_bytes>},
      {"flushes", true, Number<&Trial::flushes>},
      {"audited_writes", true, [](const Trial& t) { return Known(t.audited_writes); }},
      {"flushes_per_write", true, [](const Trial& t) { return Known(FlushesPerWrite(t)); }},
      {"busy_waits", true, Number<&Trial::busy_waits>},
      {"busy_wait_ns", true, Number<&Trial::busy_wait_ns>},
      {"user_cpu_s", true, Number<&Trial::user_cpu_s>},
      {"system_cpu_s", true, Number<&Trial::system_cpu_s>},
      {"library", false, [](const Trial& t) { return t.library; }},
      {"voluntary_switches", true, Cost<&TrialCosts::voluntary_switches>},
      {"involuntary_switches", true, Cost<&TrialCosts::involuntary_switches>},
      {"minor_faults", true, Cost<&TrialCosts::minor_faults>},
      {"major_faults", true, Cost<&TrialCosts::major_faults>},
      {"other_cpu_share", true, Cost<&TrialCosts::other_cpu_share>},
      {"idle_cpu_share", true, Cost<&TrialCosts::idle_cpu_share>},
      {"call_read_bytes", true, Cost<&TrialCosts::call_read_bytes>},
      {"call_write_bytes", true, Cost<&TrialCosts::call_write_bytes>},
      {"device_read_bytes", true, Cost<&TrialCosts::device_read_bytes>},
      {"device_write_bytes", true, Cost<&TrialCosts::device_write_bytes>},
      {"written_bytes", true, Cost<&TrialCosts::written_bytes>},
      {"found_bytes", true, Cost<&TrialCosts::found_bytes>},
      {"live_bytes", true, Cost<&TrialCosts::live_bytes>},
      {"anonymous_begin_bytes", true, Cost<&TrialCosts::anonymous_begin_bytes>},
      {"anonymous_end_bytes", true, Cost<&TrialCosts::anonymous_end_bytes>},
      {"instructions", true, Cost<&TrialCosts::instructions>},
      {"cycles", true, Cost<&TrialCosts::cycles>},
      {"cache_references", true, Cost<&TrialCosts::cache_references>},
      {"cache_misses", true, Cost<&TrialCosts::cache_misses>},
      {"dtlb_load_misses", true, Cost<&TrialCosts::dtlb_load_misses>},
      {"counter_running_share", true, Cost<&TrialCosts::counter_running_share>},
  };
  for (const CostFigure& figure : CostFigures()) {
    columns.push_back({figure.name, true, [member = figure.member](const Trial& trial) {
                         return Known(CostsOf(trial).*member);
                       }});
  }
  // Open loop; empty in the closed loop.
  columns.insert(
      columns.end(),
      {{"rate_per_s", false, [](const Trial& t) { return Known(t.rate_per_s); }},
       {"arrivals", false, [](const Trial& t) { return t.arrivals.value_or(""); }},
       {"backlog_operations", true, [](const Trial& t) { return Known(t.backlog_operations); }},
       {"backlog_s", true, [](const Trial& t) { return Known(t.BacklogS()); }},
       {"response_p50_ns", true, ResponseAt<5000>},
       {"response_p90_ns", true, ResponseAt<9000>},
       {"response_p95_ns", true, ResponseAt<9500>},
       {"response_p99_ns", true, ResponseAt<9900>},
       {"response_p99.9_ns", true, ResponseAt<9990>},
       {"response_p99.99_ns", true, ResponseAt<9999>},
       {"response_max_ns", true, ResponseAt<10000>}});
  columns.insert(columns.end(),
                 {{"trend_z", true, OfTrend<&Trend::z>},
                  {"change_share", true, OfTrend<&Trend::change_share>},
                  {"cold", false, [](const Trial& t) { return t.cold.value_or(""); }},
                  {"file_bytes", true, PageCache<&PageCacheShare::file_bytes>},
                  {"resident_bytes", true, PageCache<&PageCacheShare::resident_bytes>}});
  return columns;
}

const std::vector<Column>& Columns() {
  static const std::vector<Column> columns = MakeColumns();
  return columns;
}

// With --find-max, behind the others; of a trial in the closed loop, only the last.
constexpr std::string_view kSearchColumns = ",probe,probe_held,probe_why,max_rate_per_s";

std::string ProbeFields(const RateProbe* probe) {
  if (probe == nullptr) return ",,,";
  return fmt::format(",{},{},{}", probe->purpose, probe->held, Field(probe->why));
}

std::string MaxRateField(const MaxRate* search) {
  return "," + (search == nullptr ? "" : Known(search->max_rate_per_s));
}

// The search of the cell of a trial, or null.
const MaxRate* SearchOf(const Run& run, const Trial& trial) {
  if (!run.max_rates || trial.is_floor) return nullptr;
  for (const MaxRate& search : run.max_rates->cells) {
    if (search.cell == trial.cell) return &search;
  }
  return nullptr;
}

void AddTrial(const Trial& trial, std::string& csv) {
  for (const Column& column : Columns()) {
    if (&column != &Columns().front()) csv += ',';
    if (!column.measured || trial.Measured()) csv += Field(column.text(trial));
  }
}

}  // namespace

std::string TrialsToCsv(const Run& run) {
  std::string csv;
  for (const Column& column : Columns()) {
    if (&column != &Columns().front()) csv += ',';
    csv += column.name;
  }
  csv += kSearchColumns;
  csv += "\r\n";
  for (const Trial& trial : run.trials) {
    AddTrial(trial, csv);
    csv += ProbeFields(nullptr) + MaxRateField(SearchOf(run, trial)) + "\r\n";
  }
  if (!run.max_rates) return csv;
  for (const MaxRate& search : run.max_rates->cells) {
    for (const RateProbe& probe : search.probes) {
      AddTrial(probe.trial, csv);
      csv += ProbeFields(&probe) + MaxRateField(&search) + "\r\n";
    }
  }
  return csv;
}

}  // namespace kvs
