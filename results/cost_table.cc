#include "results/cost_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "results/human_units.h"

namespace kvs {
namespace {

using CostRows = std::vector<const CellSummary*>;
using MaybeFigure = std::optional<double>;

constexpr Costs kNoCosts{};
constexpr size_t kShortNameWidth = 12;  // a longer engine name has a line of its own

std::string OrNotAvailable(const MaybeFigure& figure, std::string (*text)(double)) {
  return figure ? text(*figure) : "n/a";
}

// What is not zero is not shown as zero.
std::string SmallCount(double count) {
  return count > 0 && count < 0.001 ? "<0.001" : HumanCount(count);
}

std::string CpuTime(double duration_ns) {
  if (duration_ns > 0 && duration_ns < 0.01) return "<0.01ns";
  if (duration_ns > 0 && duration_ns < 9.95) return fmt::format("{:.2g}ns", duration_ns);
  return HumanNs(duration_ns);
}

std::string BytesOfAnOperation(double bytes) {
  if (bytes > 0 && bytes < 0.01) return "<0.01 B";
  if (bytes > 0 && bytes < 99.95) return fmt::format("{:.3g} B", bytes);
  return HumanBytes(static_cast<uint64_t>(std::llround(bytes)));
}

std::string Amplification(double times) {
  if (times == 0) return "0x";
  if (times < 0.01) return "<0.01x";
  return times < 99.95 ? fmt::format("{:.2f}x", times) : HumanCount(times) + "x";
}

// Per 1000 operations.
MaybeFigure PerThousand(const MaybeFigure& one, const MaybeFigure& other) {
  if (!one || !other) return std::nullopt;
  return 1000 * (*one + *other);
}

std::string CostHeading(size_t name_width) {
  return fmt::format("  {:<{}}{:>9}{:>9}{:>10}{:>9}{:>10}{:>10}{:>11}{:>11}{:>10}{:>8}{:>8}\n",
                     "engine", name_width, "user", "system", "switches", "faults", "written",
                     "read", "write amp", "space amp", "peak RSS", "instr.", "cycles");
}

std::string CostRow(const CellSummary& cell, size_t name_width) {
  const Costs& costs = cell.costs ? cell.costs->medians : kNoCosts;
  std::string name = cell.cell.engine;
  std::string out;
  if (name.size() > name_width) {
    out = "  " + name + "\n";
    name.clear();
  }
  const MaybeFigure switches =
      PerThousand(costs.voluntary_switches_per_operation, costs.involuntary_switches_per_operation);
  const MaybeFigure faults =
      PerThousand(costs.minor_faults_per_operation, costs.major_faults_per_operation);
  return out +
         fmt::format("  {:<{}}{:>9}{:>9}{:>10}{:>9}{:>10}{:>10}{:>11}{:>11}{:>10}{:>8}{:>8}\n",
                     name, name_width, OrNotAvailable(costs.user_cpu_ns_per_operation, CpuTime),
                     OrNotAvailable(costs.system_cpu_ns_per_operation, CpuTime),
                     OrNotAvailable(switches, SmallCount), OrNotAvailable(faults, SmallCount),
                     OrNotAvailable(costs.device_write_bytes_per_operation, BytesOfAnOperation),
                     OrNotAvailable(costs.device_read_bytes_per_operation, BytesOfAnOperation),
                     OrNotAvailable(costs.write_amplification, Amplification),
                     OrNotAvailable(costs.space_amplification, Amplification),
                     HumanBytes(cell.peak_rss_bytes),
                     OrNotAvailable(costs.instructions_per_operation, SmallCount),
                     OrNotAvailable(costs.cycles_per_operation, SmallCount));
}

// `rows` is not empty, and of one workload, pool and durability.
std::string CostTable(CostRows rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const CellSummary* a, const CellSummary* b) {
    return a->cell.threads < b->cell.threads;
  });
  size_t name_width = 6;
  for (const CellSummary* row : rows) {
    if (row->cell.engine.size() <= kShortNameWidth) {
      name_width = std::max(name_width, row->cell.engine.size());
    }
  }
  const CellName& any = rows.front()->cell;
  std::string out = fmt::format("\ncost per operation: {}; pool {}; durability {}\n\n",
                                any.workload, any.pool, any.durability) +
                    CostHeading(name_width);
  unsigned threads = 0;
  for (const CellSummary* row : rows) {
    if (row->cell.threads != threads) {
      threads = row->cell.threads;
      out += fmt::format("{} thread{}\n", threads, threads == 1 ? "" : "s");
    }
    out += CostRow(*row, name_width);
  }
  return out;
}

constexpr const char* kCostLegend =
    R"(
All of it is the whole process's, the harness's part included; medians of the trials; n/a: not available.
user, system      CPU time
switches, faults  context switches and page faults per 1000 operations
written, read     bytes by /proc/self/io: pages of files as they become dirty (again before they are stored: once);
                  what was fetched from storage
write amp         written over the keys and values that writes handed over; what is written later is not in it
space amp         blocks allocated to the store over the keys and values in it
peak RSS          resident memory, highest of the trials
instr., cycles    in user mode, by the processor's counters
)";

}  // namespace

std::string RenderCostTables(const std::vector<CellSummary>& cells) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::vector<CostRows> tables;
  std::map<Key, size_t> index;
  std::vector<std::string> notes;
  for (const CellSummary& cell : cells) {
    if (!cell.throughput_per_s) continue;
    const auto [found, is_new] = index.try_emplace(
        Key(cell.cell.workload, cell.cell.pool, cell.cell.durability), tables.size());
    if (is_new) tables.emplace_back();
    tables[found->second].push_back(&cell);
    if (!cell.costs) continue;
    for (const std::string& note : cell.costs->notes) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }
  }
  if (tables.empty()) return "";
  std::string out;
  for (CostRows& table : tables) out += CostTable(std::move(table));
  out += kCostLegend;
  for (const std::string& note : notes) out += fmt::format("  {}\n", note);
  return out;
}

}  // namespace kvs
