#include "harness/selftest/overhead_report.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>

#include "results/human_units.h"
#include "results/model_json.h"
#include "results/statistics.h"

namespace kvs::selftest {
namespace {

std::string Threads(unsigned threads) {
  return fmt::format("{} thread{}", threads, threads == 1 ? "" : "s");
}

std::string EngineOf(const Arm& arm, const OverheadOptions& options) {
  return (arm.is_floor ? options.floor : options.engine).Label();
}

// "floor_ns", and its unit in the name as in all of our files.
std::string_view NameOf(FigureKind kind) {
  switch (kind) {
    case FigureKind::kFloorNs:
      return "floor_ns";
    case FigureKind::kSpeedUp:
      return "speed_up";
    case FigureKind::kDisturbance:
      break;
  }
  return "disturbance_share";
}

std::string Title(const FigureDefinition& figure, const OverheadOptions& options) {
  const Arm& arm = figure.measured;
  const std::string where =
      fmt::format("{} {}, {}", EngineOf(arm, options), arm.workload, Threads(arm.threads));
  switch (figure.kind) {
    case FigureKind::kFloorNs:
      return "floor: " + where;
    case FigureKind::kSpeedUp:
      return fmt::format("speed-up: {} over {}", where, figure.reference->threads);
    case FigureKind::kDisturbance:
      break;
  }
  return "disturbance: " + where;
}

std::string Format(FigureKind kind, double value) {
  switch (kind) {
    case FigureKind::kFloorNs:
      return fmt::format("{:.2f}ns", value);
    case FigureKind::kSpeedUp:
      return fmt::format("{:.3f}x", value);
    case FigureKind::kDisturbance:
      break;
  }
  return fmt::format("{:.2f}%", 100 * value);
}

std::string Limit(const FigureDefinition& figure) {
  return (figure.kind == FigureKind::kSpeedUp ? ">= " : "<= ") + Format(figure.kind, figure.limit);
}

std::string Interval(const Figure& figure) {
  if (!figure.interval) return "";
  const FigureKind kind = figure.definition.kind;
  return fmt::format("[{} - {}]", Format(kind, figure.interval->low),
                     Format(kind, figure.interval->high));
}

std::string Line(const std::string& title, const std::string& median, const std::string& interval,
                 const std::string& limit, std::string_view verdict) {
  return fmt::format("{:<44} {:>9}  {:<23} {:<10} {}\n", title, median, interval, limit, verdict);
}

std::string Table(const std::vector<Figure>& figures, const OverheadOptions& options) {
  const bool has_intervals = figures.front().interval.has_value();
  std::string text =
      "\n" + Line("", "median",
                  has_intervals ? fmt::format("[{:.0f}% sure]", 100 * kConfidence) : "", "limit",
                  "");
  for (const Figure& figure : figures) {
    const FigureDefinition& definition = figure.definition;
    text += Line(Title(definition, options), Format(definition.kind, figure.median),
                 Interval(figure), Limit(definition), ToString(figure.verdict));
  }
  return text +
         "\nfloor        the harness's own time per operation and thread: null, keys and values "
         "made, latency sampled\n"
         "speed-up     of as many threads over one, by pairs of short windows\n"
         "disturbance  share of the throughput that sampling takes, by pairs of short windows with "
         "and without it\n";
}

// Of how many rounds a suggestion is made; the last takes some three hours.
constexpr size_t kSuggestedRounds[] = {11, 21, 41, 81, 161, 321};

// `figure` as it would be with so many rounds that are spread like its own.
Figure WithRounds(const Figure& figure, size_t rounds) {
  std::vector<double> values = figure.values;
  std::sort(values.begin(), values.end());
  std::vector<RoundResult> results(rounds);
  for (size_t i = 0; i < rounds; ++i) {
    results[i] = {values[(2 * i + 1) * values.size() / (2 * rounds)], figure.cpu_share};
  }
  return MakeFigure(figure.definition, results, /*judges=*/true);
}

// What to do about intervals that hold their limit; "" where none does.
std::string HowToDecide(const std::vector<Figure>& figures) {
  std::vector<Figure> undecided;
  for (const Figure& figure : figures) {
    const double limit = figure.definition.limit;
    // Beyond its limit, it lacked the CPUs, which no round mends.
    if (figure.verdict == Verdict::kInconclusive && figure.interval->low <= limit &&
        limit <= figure.interval->high) {
      undecided.push_back(figure);
    }
  }
  if (undecided.empty()) return "";
  for (const size_t rounds : kSuggestedRounds) {
    if (std::all_of(undecided.begin(), undecided.end(), [&](const Figure& figure) {
          return WithRounds(figure, rounds).verdict != Verdict::kInconclusive;
        })) {
      return fmt::format("inconclusive: if further rounds are like these, --rounds {} decides\n",
                         rounds);
    }
  }
  return fmt::format(
      "inconclusive: --rounds {} would not decide: too near to the limit, or too noisy a machine\n",
      kSuggestedRounds[std::size(kSuggestedRounds) - 1]);
}

double LeastCpuShare(const std::vector<Figure>& figures) {
  double least = 1;
  for (const Figure& figure : figures) least = std::min(least, figure.cpu_share);
  return least;
}

std::string Describe(const TrialClock& clock) {
  std::string text =
      fmt::format("clock: {}; a reading costs {}, smallest step {}", clock.source,
                  HumanNs(clock.cost_ns), HumanNs(static_cast<double>(clock.resolution_ns)));
  if (clock.deviation_ppm) {
    text += fmt::format(", at most {:.2g} ppm off CLOCK_MONOTONIC", *clock.deviation_ppm);
  }
  return text + "\n";
}

Json ToJson(const Arm& arm, const OverheadOptions& options) {
  return {{"engine", EngineOf(arm, options)},
          {"workload", arm.workload},
          {"threads", arm.threads},
          {"sampled", arm.is_sampled}};
}

Json ToJson(const Figure& figure, const OverheadOptions& options) {
  const FigureDefinition& definition = figure.definition;
  Json object = {{"figure", NameOf(definition.kind)},
                 {"measured", ToJson(definition.measured, options)}};
  if (definition.reference) object["reference"] = ToJson(*definition.reference, options);
  object["median"] = figure.median;
  if (figure.interval) {
    object["interval"] = {{"low", figure.interval->low},
                          {"high", figure.interval->high},
                          {"confidence", kConfidence}};
  }
  object["limit"] = definition.limit;
  object["limit_is"] = definition.kind == FigureKind::kSpeedUp ? "least" : "most";
  object["verdict"] = ToString(figure.verdict);
  object["cpu_share"] = figure.cpu_share;
  object["values"] = figure.values;
  return object;
}

}  // namespace

TrialClock Summarise(const std::vector<TrialClock>& clocks) {
  TrialClock all;
  std::vector<double> costs_ns, resolutions_ns;
  std::vector<std::string> sources;
  for (const TrialClock& clock : clocks) {
    costs_ns.push_back(clock.cost_ns);
    resolutions_ns.push_back(static_cast<double>(clock.resolution_ns));
    if (std::find(sources.begin(), sources.end(), clock.source) == sources.end()) {
      sources.push_back(clock.source);
    }
    if (clock.deviation_ppm) {
      all.deviation_ppm = std::max(all.deviation_ppm.value_or(0), *clock.deviation_ppm);
    }
  }
  for (const std::string& source : sources) {
    all.source += (all.source.empty() ? "" : "; ") + source;
  }
  all.cost_ns = Median(costs_ns);
  all.resolution_ns = static_cast<uint64_t>(Median(resolutions_ns));
  return all;
}

std::string ReportAsText(const OverheadReport& report, const OverheadOptions& options) {
  std::string text =
      fmt::format("{} round{} of {}, {} records with values of 100 bytes{}\n", report.rounds,
                  report.rounds == 1 ? "" : "s",
                  options.operations ? fmt::format("{} operations", *options.operations)
                                     : fmt::format("{:.3g} s", options.duration_s),
                  HumanCount(static_cast<double>(options.records)),
                  options.sampling_period
                      ? fmt::format(", 1 operation in {:.3g} timed", *options.sampling_period)
                      : "");
  if (!report.clocks.empty()) text += Describe(Summarise(report.clocks));
  if (!report.figures.empty()) {
    text += Table(report.figures, options);
    const double least = LeastCpuShare(report.figures);
    if (least < kLeastCpuShare) {
      text += fmt::format(
          "others had the CPUs: threads ran in {} of their time; without them, figures are better "
          "and intervals narrower\n",
          HumanShare(least));
    }
    text += HowToDecide(report.figures);
  }
  for (const std::string& note : report.notes) text += note + "\n";
  return text;
}

std::string ReportAsJson(const OverheadReport& report, const OverheadOptions& options) {
  Json object = {{"kvs_bench_selftest", "overhead"},
                 {"version", KVS_VERSION},
                 {"rounds", report.rounds},
                 {"records", options.records},
                 {"seed", options.seed}};
  if (options.sampling_period) object["sampling_period"] = *options.sampling_period;
  if (options.operations) {
    object["operations"] = *options.operations;
  } else {
    object["duration_s"] = options.duration_s;
  }
  if (!report.clocks.empty()) {
    const TrialClock clock = Summarise(report.clocks);
    object["clock"] = {{"source", clock.source},
                       {"cost_ns", clock.cost_ns},
                       {"resolution_ns", clock.resolution_ns}};
    if (clock.deviation_ppm) object["clock"]["deviation_ppm"] = *clock.deviation_ppm;
  }
  object["figures"] = Json::array();
  for (const Figure& figure : report.figures) {
    object["figures"].push_back(ToJson(figure, options));
  }
  object["notes"] = report.notes;
  object["machine"] = kvs::ToJson(report.machine);
  return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ExitCode ExitCodeOf(const OverheadReport& report) {
  const auto any = [&report](Verdict verdict) {
    return std::any_of(report.figures.begin(), report.figures.end(),
                       [verdict](const Figure& figure) { return figure.verdict == verdict; });
  };
  if (any(Verdict::kMissed)) return ExitCode::kRegression;
  if (any(Verdict::kInconclusive)) return ExitCode::kInconclusive;
  return ExitCode::kOk;
}

}  // namespace kvs::selftest
