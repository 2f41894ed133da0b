#include "results/table_legend.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "results/human_units.h"
#include "results/text_layout.h"

namespace kvs {
namespace {

using LegendEntries = std::vector<std::pair<const char*, std::string>>;

constexpr const char* kOpsMeaning =
    "operations per second over all threads, median of the trials [min-max]";
constexpr const char* kMissesMeaning = "share of the lookups that found no key";

LegendEntries ClosedLoopLegend(const Run& run) {
  // Each trial has its own, unless one was asked for.
  double shortest = std::numeric_limits<double>::max();
  double longest = 0;
  for (const Trial& trial : run.trials) {
    if (!trial.Measured() || trial.is_floor) continue;
    shortest = std::min(shortest, trial.sampling_period);
    longest = std::max(longest, trial.sampling_period);
  }
  std::string timed;
  if (longest > 1 && shortest == longest) timed = fmt::format(", 1 in {:.0f} timed", longest);
  if (shortest < longest) {
    timed = fmt::format(", 1 in {:.0f} to {:.0f} timed", shortest, longest);
  }
  return {
      {"ops/s    ", kOpsMeaning},
      {"vs best  ", "ops/s over that of the fastest engine with as many threads"},
      {"latency  ", fmt::format("service time in the engine{}, medians of the trials; "
                                "~: fewer than {} samples beyond",
                                timed, kWellSampled)},
      {"misses   ", kMissesMeaning},
      {"harness  ", fmt::format("the harness's own share of the time, by the null engine (the "
                                "floor); !: above {:.0f}%, as much harness as engine",
                                100 * kHarnessShareLimit)},
  };
}

LegendEntries OpenLoopLegend() {
  return {
      {"ops/s    ", kOpsMeaning},
      {"backlog  ",
       "operations due before the window's end and not done then, as time of the rate; longest of "
       "the trials"},
      {"response ",
       fmt::format("from the intended start to the answer, every operation, medians of "
                   "the trials; ~: fewer than {} samples beyond",
                   kWellSampled)},
      {"misses   ", kMissesMeaning},
      {"service  ", "median time in the engine alone, over all operations"},
      {"null     ", "what the harness itself adds, when the engine does nothing"},
  };
}

std::string Columns(const Run& run, const std::vector<CellSummary>& cells) {
  const bool open_loop = std::any_of(run.trials.begin(), run.trials.end(), [](const Trial& trial) {
    return trial.rate_per_s.has_value();
  });
  LegendEntries entries = open_loop ? OpenLoopLegend() : ClosedLoopLegend(run);
  if (std::any_of(cells.begin(), cells.end(),
                  [](const CellSummary& cell) { return cell.flushes_per_write.has_value(); })) {
    entries.insert(entries.begin() + 1, {"syncs    ", "flushes of the whole process per write"});
  }
  std::string out;
  for (const auto& [name, meaning] : entries) out += Wrapped(name, meaning, Paint::kPlain, false);
  return out;
}

std::string Notes(const Run& run) {
  std::string out;
  for (const std::string& note : run.notes.value_or(std::vector<std::string>())) {
    out += Wrapped("note     ", note, Paint::kPlain, false);
  }
  return out;
}

// What was wrong with the machine, as every figure above depends on it.
std::string BadFindings(const Run& run, bool colour) {
  std::string out;
  if (!run.machine) return out;
  for (const Finding& finding : run.machine->findings) {
    if (!finding.IsBad()) continue;
    const Paint paint = finding.status == FindingStatus::kFail ? Paint::kBad : Paint::kDoubtful;
    out += Wrapped("machine  ",
                   fmt::format("{}: {}: {}", ToString(finding.status), finding.name, finding.seen),
                   paint, colour);
  }
  return out;
}

std::string Interruption(const Run& run) {
  if (run.complete) return "";
  return fmt::format("\nInterrupted: {} came to their end.\n", run.FinishedPart());
}

}  // namespace

std::string RenderLegend(const Run& run, const std::vector<CellSummary>& cells, bool colour) {
  return Columns(run, cells) + Notes(run) + BadFindings(run, colour) + Interruption(run);
}

}  // namespace kvs
