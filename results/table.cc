#include "results/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>

#include "results/human_units.h"
#include "results/table_legend.h"
#include "results/table_notes.h"
#include "results/text_layout.h"

namespace kvs {
namespace {

// Of columns. The one of flushes, where there is one, takes its room from others.
struct Widths {
  size_t longest_name;  // a longer engine name has a line of its own
  size_t flushes;
  size_t ratio;
  size_t misses;
  size_t harness;
};
constexpr Widths kWidths{.longest_name = 12, .flushes = 0, .ratio = 8, .misses = 8, .harness = 9};
constexpr Widths kWidthsWithFlushes{
    .longest_name = 8, .flushes = 6, .ratio = 9, .misses = 7, .harness = 8};
constexpr size_t kLatencyColumns = 3;
constexpr double kShownPercents[kLatencyColumns] = {50, 99, 99.9};

// One table: the cells of one workload, pool and durability, and the floors beside them.
class Table {
 public:
  Table(const Run& run, CellList cells, const TableOptions& options)
      : run_(run),
        cells_(InOrder(std::move(cells))),
        options_(options),
        notes_(run, cells_, options.colour),
        name_(cells_.front()->cell) {
    for (const CellSummary* cell : cells_) {
      if (cell->rate_per_s) open_loop_ = cell;
    }
    if (std::any_of(cells_.begin(), cells_.end(),
                    [](const CellSummary* cell) { return cell->flushes_per_write.has_value(); })) {
      widths_ = kWidthsWithFlushes;
    }
    ChooseLatencies();
  }

  std::string Render() const {
    std::string out = Title() + Heading();
    unsigned threads = 0;
    for (const CellSummary* cell : cells_) {
      if (IsUnsupported(*cell)) continue;
      if (cell->cell.threads != threads) {
        threads = cell->cell.threads;
        out += Painted(fmt::format("{} thread{}", threads, threads == 1 ? "" : "s"), Paint::kTitle,
                       options_.colour) +
               "\n";
      }
      out += Row(*cell);
    }
    return out + notes_.Render();
  }

 private:
  // Which distributions stand in the two latency groups: in a pool the time in the queue and the
  // service time; otherwise the most frequent reading and the most frequent writing operation.
  void ChooseLatencies() {
    std::map<std::string, uint64_t> samples;
    bool queued = false;
    for (const CellSummary* cell : cells_) {
      for (const LatencySummary& latency : cell->latencies)
        samples[latency.what] += latency.samples;
      queued |= cell->queue_wait.has_value();
    }
    if (queued) {
      latencies_ = {"queue-wait", "all"};
      return;
    }
    const auto most_frequent = [&](std::initializer_list<const char*> kinds) {
      std::string best;
      for (const char* kind : kinds) {
        if (samples[kind] > (best.empty() ? 0 : samples[best])) best = kind;
      }
      return best;
    };
    for (const std::string& kind :
         {most_frequent({"read", "scan", "multi-get"}),
          most_frequent({"update", "insert", "remove", "read-modify-write"})}) {
      if (!kind.empty()) latencies_.push_back(kind);
    }
    if (latencies_.empty()) latencies_ = {"all"};
  }

  // The median of a percentile, where there is one.
  static std::optional<double> MedianNs(const LatencySummary* latency, double percent) {
    if (latency == nullptr) return std::nullopt;
    for (const PercentileSummary& percentile : latency->percentiles) {
      if (percentile.percent == percent) return percentile.median_ns;
    }
    return std::nullopt;
  }

  // By the number of threads; then the fastest first, then the floor, then what has no figures.
  static CellList InOrder(CellList cells) {
    const auto rank = [](const CellSummary* cell) {
      const int part = !cell->throughput_per_s ? 2 : cell->cell.IsFloorEngine() ? 1 : 0;
      double value = part == 2 ? 0.0 : -cell->throughput_per_s->median;
      // Of a rate that all of them keep, the throughputs tell nothing.
      if (cell->rate_per_s) value = MedianNs(cell->FindResponseTime("all"), 99).value_or(0);
      return std::make_tuple(cell->cell.threads, part, value);
    };
    std::stable_sort(cells.begin(), cells.end(),
                     [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
    return cells;
  }

  std::string Title() const {
    std::vector<std::string> facts;
    if (const std::string mix = OperationMix(); !mix.empty()) facts.push_back(mix);
    double window_min_s = 0;
    double window_max_s = 0;
    uint64_t records = 0;
    uint64_t bytes = 0;
    uint64_t directory_bytes = 0;
    uint64_t budget_bytes = 0;
    unsigned trials = 0;
    const std::vector<const Trial*> measured = Trials();
    const bool floors_only = std::all_of(measured.begin(), measured.end(),
                                         [](const Trial* trial) { return trial->is_floor; });
    for (const Trial* trial : measured) {
      if (trial->is_floor && !floors_only) continue;  // its window is its own
      window_min_s = window_max_s == 0 ? trial->window_s : std::min(window_min_s, trial->window_s);
      window_max_s = std::max(window_max_s, trial->window_s);
      records = std::max(records, trial->loaded_records);
      bytes = std::max(bytes, trial->dataset_bytes);
      directory_bytes = std::max(directory_bytes, trial->directory_bytes);
      budget_bytes = std::max(budget_bytes, trial->memory_budget_bytes);
    }
    for (const CellSummary* cell : cells_) trials = std::max(trials, cell->trials);
    if (records > 0) {
      facts.push_back(fmt::format("{} records, {}{}", GroupedDigits(records), HumanBytes(bytes),
                                  MemoryAndBudget(budget_bytes)));
    } else if (run_.plan && run_.plan->is_existing_store) {
      // Nothing was loaded that could have been counted.
      facts.push_back(fmt::format("a kept store of {}{}", HumanBytes(directory_bytes),
                                  MemoryAndBudget(budget_bytes)));
    }
    if (window_max_s > 0) {
      const bool is_short = window_max_s < 0.95;
      const auto number = [&](double window_s) {
        return is_short ? fmt::format("{:.3g}", 1000 * window_s) : fmt::format("{:.1f}", window_s);
      };
      const std::string shortest = number(window_min_s);
      const std::string longest = number(window_max_s);
      facts.push_back(fmt::format("{} trial{} of {}{} {}", trials, trials == 1 ? "" : "s",
                                  shortest == longest ? "" : shortest + "-", longest,
                                  is_short ? "ms" : "s"));
    }
    facts.push_back("pool " + name_.pool);
    facts.push_back("durability " + name_.durability);
    return Painted(name_.workload, Paint::kTitle, options_.colour) + "\n" +
           Wrapped("", fmt::format("{}", fmt::join(facts, "; ")), Paint::kPlain, false) +
           OpenLoopLine() + "\n";
  }

  // What the size of the data is to be held against.
  std::string MemoryAndBudget(uint64_t budget_bytes) const {
    std::vector<std::string> bounds;
    for (const auto& [name, value] : run_.host) {
      if (name == "memory") bounds.push_back("memory " + value);
    }
    if (budget_bytes > 0) bounds.push_back("budget " + HumanBytes(budget_bytes));
    return bounds.empty() ? "" : fmt::format(" ({})", fmt::join(bounds, ", "));
  }

  std::string OpenLoopLine() const {
    if (!open_loop_) return "";
    return fmt::format(
        "open loop at {}/s, {} arrivals: response time from the intended start\n",
        HumanCount(*open_loop_->rate_per_s),
        open_loop_->arrivals == "poisson" ? "Poisson" : open_loop_->arrivals.value_or("?"));
  }

  // "95% read, 5% update": what the engines were really asked.
  std::string OperationMix() const {
    std::vector<std::pair<std::string, uint64_t>> kinds;
    uint64_t total = 0;
    for (const Trial* trial : Trials()) {
      for (const OperationCounts& counts : trial->counts) {
        auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& entry) {
          return entry.first == counts.operation;
        });
        if (kind == kinds.end()) kind = kinds.insert(kinds.end(), {counts.operation, 0});
        kind->second += counts.completed;
        total += counts.completed;
      }
    }
    std::vector<std::string> mix;
    for (const auto& [operation, count] : kinds) {
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(total);
      mix.push_back(fmt::format("{} {}", HumanShare(share), operation));
    }
    return fmt::format("{}", fmt::join(mix, ", "));
  }

  // The trials of this table that gave figures.
  std::vector<const Trial*> Trials() const {
    std::vector<const Trial*> trials;
    for (const Trial& trial : run_.trials) {
      if (trial.Measured() && trial.cell.workload == name_.workload &&
          trial.cell.pool == name_.pool && trial.cell.durability == name_.durability) {
        trials.push_back(&trial);
      }
    }
    return trials;
  }

  size_t NameWidth() const {
    size_t width = 6;
    for (const CellSummary* cell : cells_) {
      if (cell->cell.engine.size() <= widths_.longest_name) {
        width = std::max(width, cell->cell.engine.size());
      }
    }
    return width;
  }

  std::string Heading() const {
    std::string columns =
        fmt::format("  {:<{}}{:>8} {:<14}", "engine", NameWidth(), "ops/s", "[min-max]");
    columns +=
        Flushes("syncs") + fmt::format("{:>{}}", open_loop_ ? "backlog" : "vs best", widths_.ratio);
    std::string groups(columns.size(), ' ');
    for (const std::string& what : latencies_) {
      groups += fmt::format("  {:-^23}", fmt::format(" {} ", LatencyTitle(what)));
      columns += fmt::format(" {:>8}{:>8}{:>8}", "p50", "p99", "p99.9");
    }
    columns +=
        fmt::format("{:>{}}{:>{}}{}", "misses", widths_.misses, open_loop_ ? "service" : "harness",
                    widths_.harness, notes_.AnyNumbers() ? "  notes" : "");
    return groups + "\n" + columns + "\n";
  }

  std::string LatencyTitle(const std::string& what) const {
    if (what == "queue-wait") return "wait in queue";
    if (what == "all") return open_loop_ ? "response time" : "service time";
    return (what == "read-modify-write" ? "rmw" : what) + (open_loop_ ? " response" : " latency");
  }

  std::string Row(const CellSummary& cell) const {
    const bool floor = cell.cell.IsFloorEngine();
    const std::string& engine = cell.cell.engine;
    std::string name = fmt::format("  {:<{}}", engine, NameWidth());
    std::string out;
    if (engine.size() > NameWidth()) {
      out += "  " + engine + "\n";
      name.assign(NameWidth() + 2, ' ');
    }
    if (!cell.throughput_per_s)
      return out + Wrapped(name + "  ", Problem(cell), PaintOf(cell.status), options_.colour);
    const Spread& throughput = *cell.throughput_per_s;
    const bool best = cell.ratio_to_best == 1.0;
    out += Painted(
        fmt::format("{}{:>8} {:<14}", name, HumanCount(throughput.median),
                    fmt::format("[{}-{}]", HumanCount(throughput.min), HumanCount(throughput.max))),
        floor                 ? Paint::kFaint
        : best && !open_loop_ ? Paint::kGood
                              : Paint::kPlain,
        options_.colour);
    std::string rest = Flushes(FlushesPerWrite(cell));
    rest += fmt::format("{:>{}}",
                        open_loop_ ? Backlog(cell)
                        : floor    ? "floor"
                                   : Ratio(cell),
                        widths_.ratio);
    for (const std::string& what : latencies_) rest += " " + Percentiles(cell, what);
    rest += fmt::format("{:>{}}", Misses(cell), widths_.misses);
    out += Painted(rest, floor ? Paint::kFaint : Paint::kPlain, options_.colour);
    out += Painted(
        fmt::format("{:>{}}", open_loop_ ? ServiceTime(cell) : HarnessShare(cell), widths_.harness),
        cell.harness_bound ? Paint::kDoubtful : Paint::kPlain, options_.colour);
    if (!cell.notes.empty()) out += "  " + notes_.NumbersOf(cell);
    out += "\n";
    if (cell.status != TrialStatus::kOk) {
      out += Wrapped("    ", Problem(cell), PaintOf(cell.status), options_.colour);
    }
    return out;
  }

  static Paint PaintOf(TrialStatus status) {
    return status == TrialStatus::kUnsupported   ? Paint::kFaint
           : status == TrialStatus::kInterrupted ? Paint::kDoubtful
                                                 : Paint::kBad;
  }

  static std::string Problem(const CellSummary& cell) {
    if (cell.status == TrialStatus::kOk) return "no operation completed in the window";
    const auto of_trials = [&](unsigned count) {
      return fmt::format("{} of {} trial{}", count, cell.trials, cell.trials == 1 ? "" : "s");
    };
    std::string problem(ToString(cell.status));
    if (cell.status == TrialStatus::kFailed) problem = of_trials(cell.trials_failed) + " failed";
    if (cell.status == TrialStatus::kWrongAnswer) {
      problem = of_trials(cell.trials_wrong) + " gave a wrong answer";
      const unsigned others = cell.trials_failed - cell.trials_wrong;
      if (others > 0) problem += fmt::format(", {} failed", others);
    }
    return cell.reason.empty() ? problem : problem + ": " + cell.reason;
  }

  // The column with `text`, or nothing.
  std::string Flushes(std::string_view text) const {
    return widths_.flushes == 0 ? "" : fmt::format("{:>{}}", text, widths_.flushes);
  }

  static std::string FlushesPerWrite(const CellSummary& cell) {
    if (!cell.flushes_per_write) return "-";
    const double flushes = *cell.flushes_per_write;
    if (flushes > 0 && flushes < 0.005) return "<0.01";
    return flushes < 9.995 ? fmt::format("{:.2f}", flushes) : HumanCount(flushes);
  }

  static std::string Ratio(const CellSummary& cell) {
    if (!cell.ratio_to_best) return "-";
    return *cell.ratio_to_best < 0.095 ? fmt::format("{:#.2g}x", *cell.ratio_to_best)
                                       : fmt::format("{:.2f}x", *cell.ratio_to_best);
  }

  static std::string Backlog(const CellSummary& cell) {
    if (!cell.backlog_s) return "-";
    return *cell.backlog_s == 0 ? "0" : HumanNs(1e9 * *cell.backlog_s);
  }

  static std::string ServiceTime(const CellSummary& cell) {
    const std::optional<double> median_ns = MedianNs(cell.FindLatency("all"), 50);
    return median_ns ? HumanNs(*median_ns) : "-";
  }

  std::string Percentiles(const CellSummary& cell, const std::string& what) const {
    const LatencySummary* latency = what == "queue-wait"
                                        ? (cell.queue_wait ? &*cell.queue_wait : nullptr)
                                    : open_loop_ ? cell.FindResponseTime(what)
                                                 : cell.FindLatency(what);
    std::string out;
    for (const double percent : kShownPercents) {
      std::string text = "-";
      if (latency != nullptr) {
        for (const PercentileSummary& percentile : latency->percentiles) {
          if (percentile.percent != percent) continue;
          text = (percentile.well_sampled ? "" : "~") + HumanNs(percentile.median_ns);
        }
      }
      out += fmt::format("{:>8}", text);
    }
    return out;
  }

  static std::string Misses(const CellSummary& cell) {
    const uint64_t lookups = cell.hits + cell.misses;
    if (lookups == 0 || cell.cell.IsFloorEngine()) return "-";
    return HumanShare(static_cast<double>(cell.misses) / static_cast<double>(lookups));
  }

  static std::string HarnessShare(const CellSummary& cell) {
    if (!cell.harness_share) return "-";
    return HumanShare(*cell.harness_share) + (cell.harness_bound ? "!" : "");
  }

  const Run& run_;
  const CellList cells_;
  const TableOptions options_;
  const TableNotes notes_;                  // of cells_
  const CellSummary* open_loop_ = nullptr;  // a cell with a rate, which is the run's
  CellName name_;  // of any cell: workload, pool and durability are the same in all
  Widths widths_ = kWidths;
  std::vector<std::string> latencies_;
};

// The cells of each table, tables in the order of their first cell. A floor stands beside every
// durability, since it is measured with one of them only.
std::vector<CellList> SplitIntoTables(const std::vector<CellSummary>& cells) {
  using Key = std::tuple<std::string, std::string, std::string>;
  std::vector<CellList> tables;
  std::map<Key, size_t> index;
  const auto add = [&](const CellSummary& cell) {
    const auto [found, is_new] = index.try_emplace(
        Key(cell.cell.workload, cell.cell.pool, cell.cell.durability), tables.size());
    if (is_new) tables.emplace_back();
    tables[found->second].push_back(&cell);
  };
  for (const CellSummary& cell : cells) {
    if (!cell.is_floor) add(cell);
  }
  const size_t ordinary_tables = tables.size();
  for (const CellSummary& cell : cells) {
    if (!cell.is_floor) continue;
    bool placed = false;
    for (size_t i = 0; i < ordinary_tables; ++i) {
      const CellName& table = tables[i].front()->cell;
      if (table.workload != cell.cell.workload || table.pool != cell.cell.pool) continue;
      tables[i].push_back(&cell);
      placed = true;
    }
    if (!placed) add(cell);
  }
  return tables;
}

}  // namespace

std::string RenderTables(const Run& run, const std::vector<CellSummary>& cells,
                         const TableOptions& options) {
  std::string out;
  for (CellList& table : SplitIntoTables(cells)) {
    out += Table(run, std::move(table), options).Render() + "\n";
  }
  return out + RenderLegend(run, cells, options.colour);
}

}  // namespace kvs
