#include "results/model_json.h"

#include <fmt/format.h>

#include "results/benchmark_rows.h"
#include "results/result_file.h"

namespace kvs {

template <typename Archive, SameStruct<CellName> T>
void Fields(Archive& archive, T& cell) {
  archive("workload", cell.workload);
  archive("engine", cell.engine);
  archive("threads", cell.threads);
  archive("pool", cell.pool);
  archive("durability", cell.durability);
}

template <typename Archive, SameStruct<Percentile> T>
void Fields(Archive& archive, T& percentile) {
  archive("percent", percentile.percent);
  archive("value_ns", percentile.value_ns);
  archive("samples_beyond", percentile.samples_beyond);
}

template <typename Archive, SameStruct<Latency> T>
void Fields(Archive& archive, T& latency) {
  archive("what", latency.what);
  archive("samples", latency.samples);
  archive("mean_ns", latency.mean_ns);
  archive("min_ns", latency.min_ns);
  archive("max_ns", latency.max_ns);
  archive("percentiles", latency.percentiles);
}

template <typename Archive, SameStruct<OperationCounts> T>
void Fields(Archive& archive, T& counts) {
  archive("operation", counts.operation);
  archive("completed", counts.completed);
  archive("hits", counts.hits);
  archive("misses", counts.misses);
  archive("unknown", counts.unknown);
  archive("entries", counts.entries);
}

template <typename Archive, SameStruct<Slice> T>
void Fields(Archive& archive, T& slice) {
  archive("length_s", slice.length_s);
  archive("operations", slice.operations);
}

template <typename Archive, SameStruct<PageCacheShare> T>
void Fields(Archive& archive, T& share) {
  archive("file_bytes", share.file_bytes);
  archive("resident_bytes", share.resident_bytes);
}

template <typename Archive, SameStruct<TrialCosts> T>
void Fields(Archive& archive, T& costs) {
  archive("voluntary_switches", costs.voluntary_switches);
  archive("involuntary_switches", costs.involuntary_switches);
  archive("minor_faults", costs.minor_faults);
  archive("major_faults", costs.major_faults);
  archive("other_cpu_share", costs.other_cpu_share);
  archive("idle_cpu_share", costs.idle_cpu_share);
  archive("call_read_bytes", costs.call_read_bytes);
  archive("call_write_bytes", costs.call_write_bytes);
  archive("device_read_bytes", costs.device_read_bytes);
  archive("device_write_bytes", costs.device_write_bytes);
  archive("written_bytes", costs.written_bytes);
  archive("found_bytes", costs.found_bytes);
  archive("live_bytes", costs.live_bytes);
  archive("anonymous_begin_bytes", costs.anonymous_begin_bytes);
  archive("anonymous_end_bytes", costs.anonymous_end_bytes);
  archive("instructions", costs.instructions);
  archive("cycles", costs.cycles);
  archive("cache_references", costs.cache_references);
  archive("cache_misses", costs.cache_misses);
  archive("dtlb_load_misses", costs.dtlb_load_misses);
  archive("counter_running_share", costs.counter_running_share);
  archive("notes", costs.notes);
}

template <typename Archive, SameStruct<TrialClock> T>
void Fields(Archive& archive, T& clock) {
  archive("source", clock.source);
  archive("cost_ns", clock.cost_ns);
  archive("resolution_ns", clock.resolution_ns);
  archive("deviation_ppm", clock.deviation_ppm);
}

template <typename Archive, SameStruct<Trial> T>
void Fields(Archive& archive, T& trial) {
  archive("cell", trial.cell);
  archive("repetition", trial.repetition);
  archive("is_floor", trial.is_floor);
  archive("status", trial.status);
  archive("reason", trial.reason);
  archive("seed", trial.seed);
  archive("window_s", trial.window_s);
  archive("operations", trial.operations);
  archive("throughput_per_s", trial.throughput_per_s);
  archive("background_operations", trial.background_operations);
  archive("operations_per_second", trial.operations_per_second);
  archive("slices", trial.slices);
  archive("counts", trial.counts);
  archive("latencies", trial.latencies);
  archive("sampling_period", trial.sampling_period);
  archive("queue_wait", trial.queue_wait);
  archive("rate_per_s", trial.rate_per_s);
  archive("arrivals", trial.arrivals);
  archive("backlog_operations", trial.backlog_operations);
  archive("response_times", trial.response_times);
  archive("handles_cloned", trial.handles_cloned);
  archive("loaded_records", trial.loaded_records);
  archive("open_s", trial.open_s);
  archive("load_s", trial.load_s);
  archive("settle_s", trial.settle_s);
  archive("warmup_s", trial.warmup_s);
  archive("values_checked", trial.values_checked);
  archive("values_checked_fully", trial.values_checked_fully);
  archive("read_back", trial.read_back);
  archive("cold", trial.cold);
  archive("page_cache", trial.page_cache);
  archive("dataset_bytes", trial.dataset_bytes);
  archive("directory_bytes", trial.directory_bytes);
  archive("memory_budget_bytes", trial.memory_budget_bytes);
  archive("peak_rss_bytes", trial.peak_rss_bytes);
  archive("flushes", trial.flushes);
  archive("audited_writes", trial.audited_writes);
  archive("busy_waits", trial.busy_waits);
  archive("busy_wait_ns", trial.busy_wait_ns);
  archive("user_cpu_s", trial.user_cpu_s);
  archive("system_cpu_s", trial.system_cpu_s);
  archive("costs", trial.costs);
  archive("clock", trial.clock);
  archive("library", trial.library);
  archive("effective_options", trial.effective_options);
  archive("notes", trial.notes);
}

template <typename Archive, SameStruct<BenchmarkContext::Cache> T>
void Fields(Archive& archive, T& cache) {
  archive("type", cache.type);
  archive("level", cache.level);
  archive("size", cache.size);
  archive("num_sharing", cache.num_sharing);
}

template <typename Archive, SameStruct<Finding> T>
void Fields(Archive& archive, T& finding) {
  archive("name", finding.name);
  archive("status", finding.status);
  archive("seen", finding.seen);
  archive("remedy", finding.remedy);
}

template <typename Archive, SameStruct<MachineReport> T>
void Fields(Archive& archive, T& machine) {
  archive("fingerprint", machine.fingerprint);
  archive("facts", machine.facts);
  archive("findings", machine.findings);
}

template <typename Archive, SameStruct<RunRequest> T>
void Fields(Archive& archive, T& plan) {
  archive("engines", plan.engines);
  archive("threads", plan.threads);
  archive("pools", plan.pools);
  archive("durabilities", plan.durabilities);
  archive("trials", plan.trials);
  archive("duration_s", plan.duration_s);
  archive("warmup_s", plan.warmup_s);
  archive("timeout_s", plan.timeout_s);
  archive("rate_per_s", plan.rate_per_s);
  archive("arrivals", plan.arrivals);
  archive("cold", plan.cold);
  archive("slo", plan.slo);
  archive("sampling_period", plan.sampling_period);
  archive("verify_fully", plan.verify_fully);
  archive("memory_budget_bytes", plan.memory_budget_bytes);
  archive("directory", plan.directory);
  archive("is_existing_store", plan.is_existing_store);
  archive("keep", plan.keep);
  archive("no_floor", plan.no_floor);
}

template <typename Archive, SameStruct<Session> T>
void Fields(Archive& archive, T& session) {
  archive("started_at", session.started_at);
  archive("elapsed_s", session.elapsed_s);
  archive("command_line", session.command_line);
  archive("trials", session.trials);
  archive("machine", session.machine);
}

template <typename Archive, SameStruct<RateProbe> T>
void Fields(Archive& archive, T& probe) {
  archive("purpose", probe.purpose);
  archive("held", probe.held);
  archive("why", probe.why);
  archive("trial", probe.trial);
}

template <typename Archive, SameStruct<MaxRate> T>
void Fields(Archive& archive, T& search) {
  archive("cell", search.cell);
  archive("outcome", search.outcome);
  archive("reason", search.reason);
  archive("closed_loop_per_s", search.closed_loop_per_s);
  archive("lowest_per_s", search.lowest_per_s);
  archive("max_rate_per_s", search.max_rate_per_s);
  archive("fails_at_per_s", search.fails_at_per_s);
  archive("probes", search.probes);
}

template <typename Archive, SameStruct<MaxRates> T>
void Fields(Archive& archive, T& rates) {
  archive("slo", rates.slo);
  archive("arrivals", rates.arrivals);
  archive("resolution", rates.resolution);
  archive("confirmations", rates.confirmations);
  archive("cells", rates.cells);
}

template <typename Archive, SameStruct<Run::Workload> T>
void Fields(Archive& archive, T& workload) {
  archive("name", workload.name);
  archive("properties", workload.properties);
  archive("notes", workload.notes);
}

template <typename Archive, SameStruct<Spread> T>
void Fields(Archive& archive, T& spread) {
  archive("median", spread.median);
  archive("min", spread.min);
  archive("max", spread.max);
}

template <typename Archive, SameStruct<PercentileSummary> T>
void Fields(Archive& archive, T& percentile) {
  archive("percent", percentile.percent);
  archive("median_ns", percentile.median_ns);
  archive("samples_beyond", percentile.samples_beyond);
  archive("well_sampled", percentile.well_sampled);
}

template <typename Archive, SameStruct<LatencySummary> T>
void Fields(Archive& archive, T& latency) {
  archive("what", latency.what);
  archive("samples", latency.samples);
  archive("mean_ns", latency.mean_ns);
  archive("max_ns", latency.max_ns);
  archive("percentiles", latency.percentiles);
}

template <typename Archive, SameStruct<CostSummary> T>
void Fields(Archive& archive, T& costs) {
  for (const CostFigure& figure : CostFigures()) {
    archive(figure.name, costs.medians.*figure.member);
  }
  archive("notes", costs.notes);
}

template <typename Archive, SameStruct<SteadyState> T>
void Fields(Archive& archive, T& state) {
  archive("verdict", std::string(ToString(state.Verdict())));
  archive("change_share", state.change_share);
  archive("trials_tested", state.trials_tested);
  archive("trials_rising", state.trials_rising);
  archive("trials_falling", state.trials_falling);
}

template <typename Archive, SameStruct<CellSummary> T>
void Fields(Archive& archive, T& cell) {
  archive("cell", cell.cell);
  archive("is_floor", cell.is_floor);
  archive("status", cell.status);
  archive("reason", cell.reason);
  archive("trials", cell.trials);
  archive("trials_measured", cell.trials_measured);
  archive("trials_failed", cell.trials_failed);
  archive("trials_wrong", cell.trials_wrong);
  archive("throughput_per_s", cell.throughput_per_s);
  archive("steady_state", cell.steady_state);
  archive("ns_per_operation", cell.ns_per_operation);
  archive("cpu_ns_per_operation", cell.cpu_ns_per_operation);
  archive("costs", cell.costs);
  archive("ratio_to_best", cell.ratio_to_best);
  archive("harness_share", cell.harness_share);
  archive("harness_bound", cell.harness_bound);
  archive("hits", cell.hits);
  archive("misses", cell.misses);
  archive("latencies", cell.latencies);
  archive("queue_wait", cell.queue_wait);
  archive("rate_per_s", cell.rate_per_s);
  archive("arrivals", cell.arrivals);
  archive("backlog_s", cell.backlog_s);
  archive("response_times", cell.response_times);
  archive("flushes_per_operation", cell.flushes_per_operation);
  archive("flushes_per_write", cell.flushes_per_write);
  archive("cold", cell.cold);
  archive("resident_share", cell.resident_share);
  archive("file_bytes", cell.file_bytes);
  archive("peak_rss_bytes", cell.peak_rss_bytes);
  archive("directory_bytes", cell.directory_bytes);
  archive("library", cell.library);
  archive("notes", cell.notes);
}

// Takes the trials of a run for none.
class WithoutTrials {
 public:
  explicit WithoutTrials(JsonWriter& writer) : writer_(writer) {}

  template <typename T>
  void operator()(const char* name, const T& value) {
    writer_(name, value);
  }
  void operator()(const char* name, const std::vector<Trial>&) {
    writer_(name, std::vector<Trial>());
  }

 private:
  JsonWriter& writer_;
};

// The members of `kvs_bench` that are not derived from others.
template <typename Archive, SameStruct<Run> T>
void Fields(Archive& archive, T& run) {
  archive("version", run.version);
  archive("command_line", run.command_line);
  archive("started_at", run.started_at);
  archive("elapsed_s", run.elapsed_s);
  archive("complete", run.complete);
  archive("planned_trials", run.planned_trials);
  archive("seed", run.seed);
  archive("host", run.host);
  archive("machine", run.machine);
  archive("workloads", run.workloads);
  archive("plan", run.plan);
  archive("sessions", run.sessions);
  archive("notes", run.notes);
  archive("trials", run.trials);
  archive("max_rates", run.max_rates);
}

// Everything of Google Benchmark's `context` but the date, which is the run's own start.
template <typename Archive, SameStruct<BenchmarkContext> T>
void Fields(Archive& archive, T& context) {
  archive("host_name", context.host_name);
  archive("executable", context.executable);
  archive("num_cpus", context.num_cpus);
  archive("mhz_per_cpu", context.mhz_per_cpu);
  archive("cpu_scaling_enabled", context.cpu_scaling_enabled);
  archive("caches", context.caches);
  archive("load_avg", context.load_avg);
  archive("library_build_type", context.library_build_type);
}

namespace {

constexpr const char* kOurs = "kvs_bench";

// Refuses `found` unless it is what the trials give.
void CheckDerived(const Json& expected, const Json& found) {
  const Json difference = Json::diff(found, expected);
  if (difference.empty()) return;
  throw JsonError("not what the trials of this file give: was it edited by hand?",
                  difference[0]["path"].get<std::string>());
}

// Without what the program that wrote the file concluded by rules of its own, which another version
// may have changed; what the trials measured has one answer.
Json MeasuredOf(Json cells) {
  if (!cells.is_array()) return cells;
  for (Json& cell : cells) {
    if (!cell.is_object()) continue;
    for (const char* concluded : {"harness_share", "harness_bound", "notes"}) cell.erase(concluded);
  }
  return cells;
}

const Json& Member(const Json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) {
    throw JsonError(
        fmt::format("the member '{}' is missing: not a result file of kvs-bench", name));
  }
  return object[name];
}

void CheckVersion(const Json& version) {
  if (version == kResultSchemaVersion) return;
  throw JsonError(fmt::format("this program reads version {}, and this file has {}",
                              kResultSchemaVersion, version.dump()));
}

Json ContextOf(const Run& run) {
  Json context = Json::object();
  context["date"] = run.started_at;
  context.update(JsonWriter::Convert(run.context));
  return context;
}

void ReadContext(Json context, Run& run) {
  const Json& date = Member(context, "date");
  InMember("date", [&] { CheckDerived(run.started_at, date); });
  context.erase("date");
  JsonReader::Convert(context, run.context);
}

Json OursWithoutTrials(const Run& run) {
  JsonWriter writer;
  writer("schema_version", kResultSchemaVersion);
  WithoutTrials archive(writer);
  Fields(archive, run);
  writer("cells", Summarise(run));
  return std::move(writer).Take();
}

// Returns the cells as they were read.
Json ReadOurs(Json ours, Run& run) {
  const Json& version = Member(ours, "schema_version");
  InMember("schema_version", [&] { CheckVersion(version); });
  Json cells = Member(ours, "cells");
  ours.erase("schema_version");
  ours.erase("cells");
  JsonReader::Convert(ours, run);
  return cells;
}

}  // namespace

Json ToJson(const Trial& trial) { return JsonWriter::Convert(trial); }

Json ToJson(const MachineReport& machine) { return JsonWriter::Convert(machine); }

Json ToJson(const Properties& properties) { return JsonWriter::Convert(properties); }

void FromJson(const Json& json, Trial& trial) { JsonReader::Convert(json, trial); }

Json ToJsonWithoutTrials(const Run& run) {
  Json file = Json::object();
  file["context"] = InMember("context", [&] { return ContextOf(run); });
  file["benchmarks"] = InMember("benchmarks", [&] { return BenchmarkRows(run.trials); });
  file[kOurs] = InMember(kOurs, [&] { return OursWithoutTrials(run); });
  return file;
}

void FromJson(const Json& json, Run& run) {
  const Json& ours = Member(json, kOurs);
  const Json cells = InMember(kOurs, [&] { return ReadOurs(ours, run); });
  const Json& context = Member(json, "context");
  InMember("context", [&] { ReadContext(context, run); });
  const Json& rows = Member(json, "benchmarks");
  InMember("benchmarks", [&] { CheckDerived(BenchmarkRows(run.trials), rows); });
  InMember(kOurs, [&] {
    InMember("cells", [&] {
      CheckDerived(MeasuredOf(JsonWriter::Convert(Summarise(run))), MeasuredOf(cells));
    });
  });
}

}  // namespace kvs
