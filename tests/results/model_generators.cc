#include "tests/results/model_generators.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvs {
namespace {

using namespace std::string_view_literals;

// All of these draw within rc::gen::exec: generators for each struct take half a minute to compile.

bool Flag() { return *rc::gen::arbitrary<bool>(); }
unsigned Number() { return *rc::gen::arbitrary<unsigned>(); }
// At any size: rapidcheck draws small cases from the beginning of a range alone.
size_t Below(size_t end) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<size_t>(0, end));
}

template <typename T>
T OneOf(std::initializer_list<T> values) {
  return values.begin()[Below(values.size())];
}

std::string NameOf(std::initializer_list<const char*> names) { return OneOf(names); }

// `count` of what `draw` draws.
template <typename Draw>
auto Several(size_t count, Draw draw) {
  std::vector<decltype(draw())> values;
  while (values.size() < count) values.push_back(draw());
  return values;
}

template <typename Draw>
auto Some(Draw draw) {
  return Several(Below(4), draw);
}

template <typename Draw>
auto Perhaps(Draw draw) {
  return Flag() ? std::optional(draw()) : std::nullopt;
}

// Text with what JSON must escape, and with more than one byte per character.
std::string DrawText() {
  constexpr std::string_view kCharacters = "aB7 /~\"\\\n\t\0\x7f,:{]"sv;
  constexpr const char* kLong[] = {"\u00e9", "\u20ac", "\U0001F600"};
  // One draw for all: they are many.
  const auto pieces = *rc::gen::resize(
      9, rc::gen::container<std::vector<size_t>>(rc::gen::resize(
             rc::kNominalSize, rc::gen::inRange<size_t>(0, kCharacters.size() + 3))));
  std::string text;
  for (const size_t piece : pieces) {
    if (piece < kCharacters.size()) {
      text += kCharacters[piece];
    } else {
      text += kLong[piece - kCharacters.size()];
    }
  }
  return text;
}

double DrawFigure() {
  if (Flag()) {
    return OneOf({0.0, 0.1, 1.0, 1e-308, 1e300, std::numeric_limits<double>::denorm_min()});
  }
  const double value = *rc::gen::arbitrary<double>();
  return std::isfinite(value) ? std::fabs(value) : 0.0;
}

uint64_t DrawCount() {
  if (Flag()) return OneOf<uint64_t>({0, 1, std::numeric_limits<uint64_t>::max()});
  return *rc::gen::arbitrary<uint64_t>();
}

double DrawShare() { return static_cast<double>(Below(1001)) / 1000; }
double DrawSeconds() { return static_cast<double>(1 + Below(999)) / 7; }

Properties DrawProperties() {
  Properties properties;
  for (std::string& name : Some(DrawText)) {
    const bool is_new = std::none_of(properties.begin(), properties.end(),
                                     [&](const auto& other) { return other.first == name; });
    if (is_new) properties.emplace_back(std::move(name), DrawText());
  }
  return properties;
}

Latency DrawLatency() {
  Latency latency;
  latency.what = NameOf({"read", "update", "all", "queue-wait"});
  latency.samples = DrawCount();
  latency.mean_ns = DrawFigure();
  latency.min_ns = DrawCount();
  latency.max_ns = DrawCount();
  latency.percentiles = Some([] {
    return Percentile{OneOf({50.0, 99.0, 99.9, 99.999, 100.0}), DrawCount(), DrawCount()};
  });
  return latency;
}

OperationCounts DrawCounts() {
  return OperationCounts{DrawText(),  DrawCount(), DrawCount(),
                         DrawCount(), DrawCount(), DrawCount()};
}

// From none to more than enough for a test of their trend.
std::vector<Slice> DrawSlices() {
  return Several(OneOf<size_t>({0, 1, 9, 10, 40}), [] { return Slice{DrawSeconds(), Below(9)}; });
}

CellName DrawCell() {
  return CellName{NameOf({"ycsb-a", "my/\"work\"", "\u00e9"}),
                  NameOf({"null", "lmdb", "lockfree:segment_size=8MiB"}),
                  1 + static_cast<unsigned>(Below(3)), NameOf({"naive", "dedicated"}),
                  NameOf({"none", "process", "sync"})};
}

BenchmarkContext DrawContext() {
  BenchmarkContext context;
  context.host_name = DrawText();
  context.executable = DrawText();
  context.num_cpus = Number();
  context.mhz_per_cpu = Number();
  context.cpu_scaling_enabled = Flag();
  if (Flag()) context.caches = {{DrawText(), 3, DrawCount(), 8}};
  context.load_avg = Some(DrawFigure);
  context.library_build_type = DrawText();
  return context;
}

MachineReport DrawMachine() {
  MachineReport machine;
  machine.fingerprint = DrawText();
  if (Flag()) machine.facts = DrawProperties();
  machine.findings = Some([] {
    return Finding{DrawText(),
                   OneOf({FindingStatus::kOk, FindingStatus::kWarn, FindingStatus::kFail,
                          FindingStatus::kUnknown}),
                   DrawText(), DrawText()};
  });
  return machine;
}

RunRequest DrawPlan() {
  RunRequest plan;
  plan.engines = Some(DrawText);
  plan.threads = Some(Number);
  plan.pools = Some(DrawText);
  plan.durabilities = Some(DrawText);
  plan.trials = Number();
  plan.duration_s = DrawFigure();
  plan.warmup_s = DrawFigure();
  plan.timeout_s = DrawFigure();
  if (Flag()) {
    plan.rate_per_s = DrawFigure();
    plan.arrivals = DrawText();
  }
  if (Flag()) plan.cold = DrawText();
  if (Flag()) plan.slo = DrawText();
  if (Flag()) plan.sampling_period = DrawFigure();
  plan.verify_fully = Flag();
  plan.memory_budget_bytes = DrawCount();
  plan.directory = DrawText();
  plan.is_existing_store = Flag();
  plan.keep = Flag();
  if (Flag()) plan.no_floor = Flag();
  return plan;
}

Session DrawSession() {
  Session session{DrawText(), DrawFigure(), DrawText(), DrawCount(), {}};
  if (Flag()) session.machine = DrawMachine();
  return session;
}

std::optional<uint64_t> PerhapsACount() { return Perhaps(DrawCount); }

TrialCosts DrawCosts() {
  TrialCosts costs;
  costs.voluntary_switches = DrawCount();
  costs.involuntary_switches = DrawCount();
  costs.minor_faults = DrawCount();
  costs.major_faults = DrawCount();
  if (Flag()) {
    costs.other_cpu_share = DrawShare();
    costs.idle_cpu_share = 1 - *costs.other_cpu_share;
  }
  costs.call_read_bytes = PerhapsACount();
  costs.call_write_bytes = PerhapsACount();
  costs.device_read_bytes = PerhapsACount();
  costs.device_write_bytes = PerhapsACount();
  costs.written_bytes = DrawCount();
  costs.found_bytes = DrawCount();
  costs.live_bytes = PerhapsACount();
  costs.anonymous_begin_bytes = PerhapsACount();
  costs.anonymous_end_bytes = PerhapsACount();
  costs.instructions = PerhapsACount();
  costs.cycles = PerhapsACount();
  costs.cache_references = PerhapsACount();
  costs.cache_misses = PerhapsACount();
  costs.dtlb_load_misses = PerhapsACount();
  if (Flag()) costs.counter_running_share = DrawShare();
  costs.notes = Some(DrawText);
  return costs;
}

TrialClock DrawClock() {
  TrialClock clock{DrawText(), DrawFigure(), DrawCount(), std::nullopt};
  if (Flag()) clock.deviation_ppm = DrawFigure();
  return clock;
}

Trial DrawTrial() {
  Trial trial;
  trial.cell = DrawCell();
  trial.repetition = Number();
  trial.is_floor = Flag();
  trial.status = OneOf({TrialStatus::kOk, TrialStatus::kUnsupported, TrialStatus::kFailed,
                        TrialStatus::kWrongAnswer, TrialStatus::kInterrupted});
  trial.reason = DrawText();
  trial.seed = DrawCount();
  trial.window_s = DrawSeconds();
  trial.operations = DrawCount();
  trial.throughput_per_s = static_cast<double>(trial.operations) / trial.window_s;
  trial.background_operations = DrawCount();
  trial.operations_per_second = Some(DrawCount);
  if (Flag()) trial.slices = DrawSlices();
  trial.counts = Some(DrawCounts);
  trial.latencies = Some(DrawLatency);
  trial.sampling_period = DrawFigure();
  if (Flag()) trial.queue_wait = DrawLatency();
  if (Flag()) {
    trial.rate_per_s = static_cast<double>(1 + Below(1'000'000)) / 7;
    trial.arrivals = NameOf({"poisson", "constant"});
    trial.backlog_operations = PerhapsACount();
  }
  if (Flag()) trial.response_times = Some(DrawLatency);
  trial.handles_cloned = DrawCount();
  trial.loaded_records = DrawCount();
  trial.open_s = DrawFigure();
  trial.load_s = DrawFigure();
  trial.settle_s = DrawFigure();
  trial.warmup_s = DrawFigure();
  trial.values_checked = DrawCount();
  trial.values_checked_fully = DrawCount();
  trial.read_back = DrawCount();
  if (Flag()) trial.cold = NameOf({"evict", "drop"});
  if (Flag()) trial.page_cache = {DrawCount(), DrawCount()};
  trial.dataset_bytes = DrawCount();
  trial.directory_bytes = DrawCount();
  trial.memory_budget_bytes = DrawCount();
  trial.peak_rss_bytes = DrawCount();
  trial.flushes = DrawCount();
  trial.audited_writes = PerhapsACount();
  trial.busy_waits = DrawCount();
  trial.busy_wait_ns = DrawCount();
  trial.user_cpu_s = Flag() ? DrawSeconds() : 0;
  trial.system_cpu_s = Flag() ? DrawSeconds() : 0;
  if (Flag()) trial.costs = DrawCosts();
  if (Flag()) trial.clock = DrawClock();
  trial.library = DrawText();
  trial.effective_options = DrawProperties();
  trial.notes = Some(DrawText);
  return trial;
}

MaxRates DrawMaxRates() {
  MaxRates rates{DrawText(), DrawText(), DrawFigure(), Number(), {}};
  MaxRate search;
  search.cell = DrawCell();
  search.outcome =
      OneOf({SearchOutcome::kSearching, SearchOutcome::kFound, SearchOutcome::kNotReached,
             SearchOutcome::kNotJudged, SearchOutcome::kFailed});
  search.reason = DrawText();
  search.closed_loop_per_s = DrawFigure();
  search.lowest_per_s = DrawFigure();
  if (Flag()) search.max_rate_per_s = DrawFigure();
  if (Flag()) search.fails_at_per_s = DrawFigure();
  search.probes = Some([] { return RateProbe{DrawText(), Flag(), DrawText(), DrawTrial()}; });
  rates.cells.push_back(std::move(search));
  return rates;
}

Run DrawRun() {
  Run run;
  run.version = DrawText();
  run.command_line = DrawText();
  run.started_at = DrawText();
  run.elapsed_s = DrawFigure();
  run.complete = Flag();
  run.planned_trials = Number();
  run.seed = DrawCount();
  run.context = DrawContext();
  run.host = DrawProperties();
  if (Flag()) run.machine = DrawMachine();
  if (Flag()) {
    run.workloads = {{"w" + DrawText(), DrawProperties(), Some(DrawText)}};
  }
  if (Flag()) run.plan = DrawPlan();
  if (Flag()) run.sessions = Some(DrawSession);
  if (Flag()) run.notes = Some(DrawText);
  run.trials = Some(DrawTrial);
  if (Flag()) run.max_rates = DrawMaxRates();
  return run;
}

}  // namespace

rc::Gen<Trial> AnyTrial() { return rc::gen::exec(DrawTrial); }

rc::Gen<std::vector<Trial>> AnyTrials() {
  return rc::gen::exec([] { return Some(DrawTrial); });
}

rc::Gen<Run> AnyRun() { return rc::gen::exec(DrawRun); }

}  // namespace kvs
