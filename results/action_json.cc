#include "results/action_json.h"

#include <fmt/format.h>

#include "results/json_archive.h"
#include "results/summary.h"

namespace kvs {

std::string ActionJson(const Run& run) {
  Json rows = Json::array();
  for (const CellSummary& cell : Summarise(run)) {
    if (cell.is_floor || !cell.throughput_per_s) continue;
    const std::string name = cell.cell.ToString();
    const std::string trials =
        fmt::format("{} trial{}", cell.trials_measured, cell.trials_measured == 1 ? "" : "s");
    if (!cell.rate_per_s) {
      rows.push_back({{"name", name},
                      {"unit", "ns/op"},
                      {"value", *cell.ns_per_operation},
                      {"range", fmt::format("{:.4g} - {:.4g}", 1e9 / cell.throughput_per_s->max,
                                            1e9 / cell.throughput_per_s->min)},
                      {"extra", trials}});
      continue;
    }
    const LatencySummary* response = cell.FindResponseTime("all");
    if (response == nullptr) continue;
    for (const PercentileSummary& percentile : response->percentiles) {
      if (percentile.percent != 99) continue;
      rows.push_back({{"name", name + "/response:p99"},
                      {"unit", "ns"},
                      {"value", percentile.median_ns},
                      {"range", ""},
                      {"extra", fmt::format("{}, {:g}/s", trials, *cell.rate_per_s)}});
    }
  }
  return rows.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace kvs
