#include "results/benchmark_rows.h"

#include <fmt/format.h>

#include <map>
#include <string>

namespace kvs {
namespace {

// What all rows of a trial have in common, in Google Benchmark's order.
struct Family {
  size_t index = 0;
  unsigned repetitions = 0;
};

Json Row(const Trial& trial, const Family& family, const std::string& suffix, size_t instance) {
  const std::string name = trial.cell.ToString() + suffix;
  return {{"name", name},
          {"family_index", family.index},
          {"per_family_instance_index", instance},
          {"run_name", name},
          {"run_type", "iteration"},
          {"repetitions", family.repetitions},
          {"repetition_index", trial.repetition},
          {"threads", trial.cell.threads}};
}

void AddTimes(Json& row, uint64_t iterations, double real_ns, double cpu_ns) {
  row["iterations"] = iterations;
  row["real_time"] = JsonWriter::Convert(real_ns);
  row["cpu_time"] = JsonWriter::Convert(cpu_ns);
  row["time_unit"] = "ns";
}

Json ErrorRow(const Trial& trial, const Family& family) {
  Json row = Row(trial, family, "", 0);
  std::string message(ToString(trial.status));
  if (trial.status == TrialStatus::kOk) message = "no operation completed in the window";
  if (!trial.reason.empty()) message += ": " + trial.reason;
  row["error_occurred"] = true;
  row["error_message"] = message;
  AddTimes(row, 0, 0, 0);
  return row;
}

Json ThroughputRow(const Trial& trial, const Family& family) {
  Json row = Row(trial, family, "", 0);
  const double cpu_s = trial.user_cpu_s + trial.system_cpu_s;
  AddTimes(row, trial.operations, 1e9 / trial.throughput_per_s,
           1e9 * cpu_s / static_cast<double>(trial.operations));
  row["items_per_second"] = JsonWriter::Convert(trial.throughput_per_s);
  if (trial.status == TrialStatus::kInterrupted) row["label"] = "interrupted";
  return row;
}

// CPU time has no percentiles; the row repeats the wall time, because compare.py divides by it.
Json PercentileRow(const Trial& trial, const Family& family, const char* label,
                   const Latency& latency, const Percentile& percentile, size_t instance) {
  Json row = Row(trial, family, fmt::format("/{}:p{:g}", label, percentile.percent), instance);
  const auto value_ns = static_cast<double>(percentile.value_ns);
  AddTimes(row, latency.samples, value_ns, value_ns);
  return row;
}

// The percentiles of `latency`, which may be null; the first is row `instance` of its trial.
void AddPercentiles(const Trial& trial, const Family& family, const char* label,
                    const Latency* latency, size_t& instance, Json& rows) {
  if (latency == nullptr) return;
  for (const Percentile& percentile : latency->percentiles) {
    for (const double shown : {50.0, 99.0, 99.9}) {
      if (percentile.percent != shown) continue;
      rows.push_back(PercentileRow(trial, family, label, *latency, percentile, instance++));
    }
  }
}

}  // namespace

Json BenchmarkRows(const std::vector<Trial>& trials) {
  std::map<CellName, Family> families;
  for (const Trial& trial : trials) {
    const size_t next = families.size();
    ++families.try_emplace(trial.cell, Family{.index = next}).first->second.repetitions;
  }
  Json rows = Json::array();
  for (const Trial& trial : trials) {
    const Family& family = families[trial.cell];
    if (trial.status == TrialStatus::kUnsupported) continue;
    if (!trial.Measured()) {
      rows.push_back(ErrorRow(trial, family));
      continue;
    }
    rows.push_back(ThroughputRow(trial, family));
    size_t instance = 1;
    AddPercentiles(trial, family, "latency", trial.FindLatency("all"), instance, rows);
    AddPercentiles(trial, family, "response", trial.FindResponseTime("all"), instance, rows);
  }
  return rows;
}

}  // namespace kvs
