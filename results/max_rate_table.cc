#include "results/max_rate_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "results/human_units.h"
#include "results/summary.h"

namespace kvs {
namespace {

using MaxRateRows = std::vector<const MaxRate*>;

constexpr std::array<double, 3> kShownPercentiles = {50, 99, 99.9};

std::string PerSecond(double rate_per_s) { return HumanCount(rate_per_s) + "/s"; }

// The trials at the rate that was found.
std::vector<Trial> Confirmations(const MaxRate& search) {
  std::vector<Trial> trials;
  for (const RateProbe& probe : search.probes) {
    if (probe.purpose == "confirm" && probe.held &&
        probe.trial.rate_per_s == search.max_rate_per_s) {
      trials.push_back(probe.trial);
    }
  }
  return trials;
}

std::string ResponseTimes(const MaxRate& search) {
  std::string out;
  const std::vector<CellSummary> cells = Summarise(Confirmations(search));
  const LatencySummary* response = cells.empty() ? nullptr : cells.front().FindResponseTime("all");
  for (const double percent : kShownPercentiles) {
    std::string text = "n/a";
    if (response != nullptr) {
      for (const PercentileSummary& percentile : response->percentiles) {
        if (percentile.percent != percent) continue;
        text = (percentile.well_sampled ? "" : "~") + HumanNs(percentile.median_ns);
      }
    }
    out += fmt::format("{:>9}", text);
  }
  return out;
}

std::string MaxRateRow(const MaxRate& search, size_t name_width) {
  const std::string name = fmt::format("  {:<{}}", search.cell.engine, name_width);
  if (!search.max_rate_per_s) return fmt::format("{}  {}\n", name, DescribeMaxRate(search));
  return fmt::format("{}{:>10}{:>10}{:>13}{:>8}{}{:>8}\n", name, PerSecond(*search.max_rate_per_s),
                     search.fails_at_per_s ? PerSecond(*search.fails_at_per_s) : "none",
                     PerSecond(search.closed_loop_per_s),
                     HumanShare(*search.max_rate_per_s / search.closed_loop_per_s),
                     ResponseTimes(search), search.probes.size());
}

// `rows` is not empty, and of one workload, pool and durability.
std::string MaxRateTable(MaxRateRows rows, const MaxRates& rates) {
  std::stable_sort(rows.begin(), rows.end(), [](const MaxRate* a, const MaxRate* b) {
    return std::make_pair(a->cell.threads, -a->max_rate_per_s.value_or(0)) <
           std::make_pair(b->cell.threads, -b->max_rate_per_s.value_or(0));
  });
  size_t name_width = 6;
  for (const MaxRate* row : rows) name_width = std::max(name_width, row->cell.engine.size());
  const CellName& any = rows.front()->cell;
  std::string out = fmt::format(
      "\nhighest rate that holds {}: {}; pool {}; durability {}\n\n"
      "  {:<{}}{:>10}{:>10}{:>13}{:>8}{:>9}{:>9}{:>9}{:>8}\n",
      rates.slo, any.workload, any.pool, any.durability, "engine", name_width, "max rate",
      "fails at", "closed loop", "share", "p50", "p99", "p99.9", "probes");
  unsigned threads = 0;
  for (const MaxRate* row : rows) {
    if (row->cell.threads != threads) {
      threads = row->cell.threads;
      out += fmt::format("{} thread{}\n", threads, threads == 1 ? "" : "s");
    }
    out += MaxRateRow(*row, name_width);
  }
  return out;
}

std::string MaxRateLegend(const MaxRates& rates) {
  return fmt::format(
      R"(
Open loop, {} arrivals: response times from the intended start. Each probe is a trial of its own.
max rate      operations per second at which {} held; sought to {:.3g}%, from above
fails at      the lowest rate that failed, in two trials or in most confirmations; none: it holds up to the closed loop
closed loop   the best of the trials above, as the bound that is not tried; share: what the max rate is of it
p50 ...       response times at the max rate, all operations; medians of the trials that held; ~: few samples
)",
      rates.arrivals == "poisson" ? "Poisson" : rates.arrivals,
      rates.confirmations == 1 ? "a trial" : fmt::format("most of {} trials", rates.confirmations),
      100 * rates.resolution);
}

}  // namespace

std::string DescribeMaxRate(const MaxRate& search) {
  switch (search.outcome) {
    case SearchOutcome::kSearching:
      return fmt::format("interrupted after {} probe{}", search.probes.size(),
                         search.probes.size() == 1 ? "" : "s");
    case SearchOutcome::kFound:
      return fmt::format("holds up to {}", PerSecond(search.max_rate_per_s.value_or(0)));
    case SearchOutcome::kNotReached:
      // One that failed above the lowest rate has shown that none can hold.
      if (search.fails_at_per_s > search.lowest_per_s) {
        return fmt::format("not reached at any rate: {}", search.reason);
      }
      return fmt::format("not reached even at the lowest rate, {}: {}",
                         PerSecond(search.lowest_per_s), search.reason);
    case SearchOutcome::kNotJudged:
      return fmt::format("not judged: {}", search.reason);
    case SearchOutcome::kFailed:
      return fmt::format("failed: {}", search.reason);
  }
  return "?";
}

std::string RenderMaxRateTables(const MaxRates& rates) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::vector<MaxRateRows> tables;
  std::map<Key, size_t> index;
  for (const MaxRate& search : rates.cells) {
    const auto [found, is_new] = index.try_emplace(
        Key(search.cell.workload, search.cell.pool, search.cell.durability), tables.size());
    if (is_new) tables.emplace_back();
    tables[found->second].push_back(&search);
  }
  if (tables.empty()) return "";
  std::string out;
  for (MaxRateRows& table : tables) out += MaxRateTable(std::move(table), rates);
  return out + MaxRateLegend(rates);
}

}  // namespace kvs
