#include "tests/results/model_generators.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kvs {
namespace {

// Text with what JSON must escape, and with more than one byte per character.
rc::Gen<std::string> AnyText() {
  return rc::gen::map(
      rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
          "a", "B", "7", " ", "/", "~", "\"", "\\", "\n", "\t", std::string(1, '\0'), "\x7f",
          "\u00e9", "\u20ac", "\U0001F600", ",", ":", "{", "]")),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const std::string& piece : pieces) text += piece;
        return text;
      });
}

rc::Gen<double> AnyFigure() {
  return rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<double>(),
                   [](double value) { return std::isfinite(value) ? std::fabs(value) : 0.0; }),
      rc::gen::element(0.0, 0.1, 1.0, 1e-308, 1e300, std::numeric_limits<double>::denorm_min()));
}

rc::Gen<uint64_t> AnyCount() {
  return rc::gen::oneOf(rc::gen::arbitrary<uint64_t>(),
                        rc::gen::element<uint64_t>(0, 1, std::numeric_limits<uint64_t>::max()));
}

template <typename T>
rc::Gen<std::vector<T>> Some(rc::Gen<T> gen) {
  return rc::gen::resize(3, rc::gen::container<std::vector<T>>(std::move(gen)));
}

rc::Gen<Properties> AnyProperties() {
  return rc::gen::exec([] {
    Properties properties;
    for (const std::string& name :
         *rc::gen::resize(4, rc::gen::unique<std::vector<std::string>>(AnyText()))) {
      properties.emplace_back(name, *AnyText());
    }
    return properties;
  });
}

rc::Gen<Latency> AnyLatency() {
  return rc::gen::exec([] {
    Latency latency;
    latency.what = *rc::gen::element<std::string>("read", "update", "all", "queue-wait");
    latency.samples = *AnyCount();
    latency.mean_ns = *AnyFigure();
    latency.min_ns = *AnyCount();
    latency.max_ns = *AnyCount();
    for (const double percent : *Some(rc::gen::element(50.0, 99.0, 99.9, 99.999, 100.0))) {
      latency.percentiles.push_back({percent, *AnyCount(), *AnyCount()});
    }
    return latency;
  });
}

rc::Gen<OperationCounts> AnyCounts() {
  return rc::gen::exec([] {
    return OperationCounts{*AnyText(),  *AnyCount(), *AnyCount(),
                           *AnyCount(), *AnyCount(), *AnyCount()};
  });
}

// From none to more than enough for a test of their trend.
rc::Gen<std::vector<Slice>> AnySlices() {
  return rc::gen::exec([] {
    const auto any_slice = rc::gen::exec([] {
      return Slice{*rc::gen::inRange(1, 1000) / 7.0, *rc::gen::inRange<uint64_t>(0, 9)};
    });
    return *rc::gen::container<std::vector<Slice>>(*rc::gen::element<size_t>(0, 1, 9, 10, 40),
                                                   any_slice);
  });
}

rc::Gen<CellName> AnyCell() {
  return rc::gen::exec([] {
    return CellName{*rc::gen::element<std::string>("ycsb-a", "my/\"work\"", "\u00e9"),
                    *rc::gen::element<std::string>("null", "lmdb", "lockfree:segment_size=8MiB"),
                    *rc::gen::inRange(1u, 4u), *rc::gen::element<std::string>("naive", "dedicated"),
                    *rc::gen::element<std::string>("none", "process", "sync")};
  });
}

rc::Gen<BenchmarkContext> AnyContext() {
  return rc::gen::exec([] {
    BenchmarkContext context;
    context.host_name = *AnyText();
    context.executable = *AnyText();
    context.num_cpus = *rc::gen::arbitrary<unsigned>();
    context.mhz_per_cpu = *rc::gen::arbitrary<unsigned>();
    context.cpu_scaling_enabled = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) context.caches = {{*AnyText(), 3, *AnyCount(), 8}};
    context.load_avg = *Some(AnyFigure());
    context.library_build_type = *AnyText();
    return context;
  });
}

rc::Gen<MachineReport> AnyMachine() {
  return rc::gen::exec([] {
    MachineReport machine;
    machine.fingerprint = *AnyText();
    if (*rc::gen::arbitrary<bool>()) machine.facts = *AnyProperties();
    const auto any_finding = rc::gen::exec([] {
      return Finding{*AnyText(),
                     *rc::gen::element(FindingStatus::kOk, FindingStatus::kWarn,
                                       FindingStatus::kFail, FindingStatus::kUnknown),
                     *AnyText(), *AnyText()};
    });
    machine.findings = *Some(any_finding);
    return machine;
  });
}

rc::Gen<RunRequest> AnyPlan() {
  return rc::gen::exec([] {
    RunRequest plan;
    plan.engines = *Some(AnyText());
    plan.threads = *Some(rc::gen::arbitrary<unsigned>());
    plan.pools = *Some(AnyText());
    plan.durabilities = *Some(AnyText());
    plan.trials = *rc::gen::arbitrary<unsigned>();
    plan.duration_s = *AnyFigure();
    plan.warmup_s = *AnyFigure();
    plan.timeout_s = *AnyFigure();
    if (*rc::gen::arbitrary<bool>()) {
      plan.rate_per_s = *AnyFigure();
      plan.arrivals = *AnyText();
    }
    if (*rc::gen::arbitrary<bool>()) plan.cold = *AnyText();
    if (*rc::gen::arbitrary<bool>()) plan.slo = *AnyText();
    if (*rc::gen::arbitrary<bool>()) plan.sampling_period = *AnyFigure();
    plan.verify_fully = *rc::gen::arbitrary<bool>();
    plan.memory_budget_bytes = *AnyCount();
    plan.directory = *AnyText();
    plan.is_existing_store = *rc::gen::arbitrary<bool>();
    plan.keep = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) plan.no_floor = *rc::gen::arbitrary<bool>();
    return plan;
  });
}

rc::Gen<Session> AnySession() {
  return rc::gen::exec([] {
    Session session{*AnyText(), *AnyFigure(), *AnyText(), *AnyCount(), {}};
    if (*rc::gen::arbitrary<bool>()) session.machine = *AnyMachine();
    return session;
  });
}

rc::Gen<std::optional<uint64_t>> PerhapsACount() {
  return rc::gen::exec(
      [] { return *rc::gen::arbitrary<bool>() ? std::optional(*AnyCount()) : std::nullopt; });
}

rc::Gen<TrialCosts> AnyCosts() {
  return rc::gen::exec([] {
    TrialCosts costs;
    costs.voluntary_switches = *AnyCount();
    costs.involuntary_switches = *AnyCount();
    costs.minor_faults = *AnyCount();
    costs.major_faults = *AnyCount();
    if (*rc::gen::arbitrary<bool>()) {
      costs.other_cpu_share = *rc::gen::inRange(0, 1000) / 1000.0;
      costs.idle_cpu_share = 1 - *costs.other_cpu_share;
    }
    costs.call_read_bytes = *PerhapsACount();
    costs.call_write_bytes = *PerhapsACount();
    costs.device_read_bytes = *PerhapsACount();
    costs.device_write_bytes = *PerhapsACount();
    costs.written_bytes = *AnyCount();
    costs.found_bytes = *AnyCount();
    costs.live_bytes = *PerhapsACount();
    costs.anonymous_begin_bytes = *PerhapsACount();
    costs.anonymous_end_bytes = *PerhapsACount();
    costs.instructions = *PerhapsACount();
    costs.cycles = *PerhapsACount();
    costs.cache_references = *PerhapsACount();
    costs.cache_misses = *PerhapsACount();
    costs.dtlb_load_misses = *PerhapsACount();
    if (*rc::gen::arbitrary<bool>()) {
      costs.counter_running_share = *rc::gen::inRange(0, 1000) / 1000.0;
    }
    costs.notes = *Some(AnyText());
    return costs;
  });
}

rc::Gen<TrialClock> AnyClock() {
  return rc::gen::exec([] {
    TrialClock clock{*AnyText(), *AnyFigure(), *AnyCount(), std::nullopt};
    if (*rc::gen::arbitrary<bool>()) clock.deviation_ppm = *AnyFigure();
    return clock;
  });
}

}  // namespace

rc::Gen<Trial> AnyTrial() {
  return rc::gen::exec([] {
    Trial trial;
    trial.cell = *AnyCell();
    trial.repetition = *rc::gen::arbitrary<unsigned>();
    trial.is_floor = *rc::gen::arbitrary<bool>();
    trial.status =
        *rc::gen::element(TrialStatus::kOk, TrialStatus::kUnsupported, TrialStatus::kFailed,
                          TrialStatus::kWrongAnswer, TrialStatus::kInterrupted);
    trial.reason = *AnyText();
    trial.seed = *AnyCount();
    trial.window_s = *rc::gen::inRange(1, 1000) / 7.0;
    trial.operations = *AnyCount();
    trial.throughput_per_s = static_cast<double>(trial.operations) / trial.window_s;
    trial.background_operations = *AnyCount();
    trial.operations_per_second = *Some(AnyCount());
    if (*rc::gen::arbitrary<bool>()) trial.slices = *AnySlices();
    trial.counts = *Some(AnyCounts());
    trial.latencies = *Some(AnyLatency());
    trial.sampling_period = *AnyFigure();
    if (*rc::gen::arbitrary<bool>()) trial.queue_wait = *AnyLatency();
    if (*rc::gen::arbitrary<bool>()) {
      trial.rate_per_s = *rc::gen::inRange(1, 1'000'000) / 7.0;
      trial.arrivals = *rc::gen::element<std::string>("poisson", "constant");
      trial.backlog_operations = *PerhapsACount();
    }
    if (*rc::gen::arbitrary<bool>()) trial.response_times = *Some(AnyLatency());
    trial.handles_cloned = *AnyCount();
    trial.loaded_records = *AnyCount();
    trial.open_s = *AnyFigure();
    trial.load_s = *AnyFigure();
    trial.settle_s = *AnyFigure();
    trial.warmup_s = *AnyFigure();
    trial.values_checked = *AnyCount();
    trial.values_checked_fully = *AnyCount();
    trial.read_back = *AnyCount();
    if (*rc::gen::arbitrary<bool>()) trial.cold = *rc::gen::element<std::string>("evict", "drop");
    if (*rc::gen::arbitrary<bool>()) trial.page_cache = {*AnyCount(), *AnyCount()};
    trial.dataset_bytes = *AnyCount();
    trial.directory_bytes = *AnyCount();
    trial.memory_budget_bytes = *AnyCount();
    trial.peak_rss_bytes = *AnyCount();
    trial.flushes = *AnyCount();
    trial.audited_writes = *PerhapsACount();
    trial.busy_waits = *AnyCount();
    trial.busy_wait_ns = *AnyCount();
    trial.user_cpu_s = *rc::gen::inRange(0, 1000) / 7.0;
    trial.system_cpu_s = *rc::gen::inRange(0, 1000) / 7.0;
    if (*rc::gen::arbitrary<bool>()) trial.costs = *AnyCosts();
    if (*rc::gen::arbitrary<bool>()) trial.clock = *AnyClock();
    trial.library = *AnyText();
    trial.effective_options = *AnyProperties();
    trial.notes = *Some(AnyText());
    return trial;
  });
}

namespace {

rc::Gen<MaxRates> AnyMaxRates() {
  return rc::gen::exec([] {
    MaxRates rates{*AnyText(), *AnyText(), *AnyFigure(), *rc::gen::arbitrary<unsigned>(), {}};
    const auto any_probe = rc::gen::exec([] {
      return RateProbe{*AnyText(), *rc::gen::arbitrary<bool>(), *AnyText(), *AnyTrial()};
    });
    MaxRate search;
    search.cell = *AnyCell();
    search.outcome = *rc::gen::element(SearchOutcome::kSearching, SearchOutcome::kFound,
                                       SearchOutcome::kNotReached, SearchOutcome::kNotJudged,
                                       SearchOutcome::kFailed);
    search.reason = *AnyText();
    search.closed_loop_per_s = *AnyFigure();
    search.lowest_per_s = *AnyFigure();
    if (*rc::gen::arbitrary<bool>()) search.max_rate_per_s = *AnyFigure();
    if (*rc::gen::arbitrary<bool>()) search.fails_at_per_s = *AnyFigure();
    search.probes = *Some(any_probe);
    rates.cells.push_back(std::move(search));
    return rates;
  });
}

}  // namespace

rc::Gen<std::vector<Trial>> AnyTrials() { return Some(AnyTrial()); }

rc::Gen<Run> AnyRun() {
  return rc::gen::exec([] {
    Run run;
    run.version = *AnyText();
    run.command_line = *AnyText();
    run.started_at = *AnyText();
    run.elapsed_s = *AnyFigure();
    run.complete = *rc::gen::arbitrary<bool>();
    run.planned_trials = *rc::gen::arbitrary<unsigned>();
    run.seed = *AnyCount();
    run.context = *AnyContext();
    run.host = *AnyProperties();
    if (*rc::gen::arbitrary<bool>()) run.machine = *AnyMachine();
    if (*rc::gen::arbitrary<bool>()) {
      run.workloads = {{*rc::gen::nonEmpty(AnyText()), *AnyProperties(), *Some(AnyText())}};
    }
    if (*rc::gen::arbitrary<bool>()) run.plan = *AnyPlan();
    if (*rc::gen::arbitrary<bool>()) run.sessions = *Some(AnySession());
    if (*rc::gen::arbitrary<bool>()) run.notes = *Some(AnyText());
    run.trials = *AnyTrials();
    if (*rc::gen::arbitrary<bool>()) run.max_rates = *AnyMaxRates();
    return run;
  });
}

}  // namespace kvs
