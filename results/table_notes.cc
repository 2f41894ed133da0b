#include "results/table_notes.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/human_units.h"
#include "results/text_layout.h"

namespace kvs {

bool IsUnsupported(const CellSummary& cell) {
  return cell.status == TrialStatus::kUnsupported && !cell.throughput_per_s;
}

TableNotes::TableNotes(const Run& run, const CellList& cells, bool colour)
    : run_(run), cells_(cells), colour_(colour) {
  for (const CellSummary* cell : cells_) {
    for (const std::string& note : cell->notes) {
      const auto [found, is_new] = numbers_.try_emplace(note, notes_.size() + 1);
      if (is_new) notes_.push_back({note, {}});
      auto& engines = notes_[found->second - 1].second;
      if (std::find(engines.begin(), engines.end(), cell->cell.engine) == engines.end()) {
        engines.push_back(cell->cell.engine);
      }
    }
  }
}

std::string TableNotes::NumbersOf(const CellSummary& cell) const {
  std::vector<size_t> numbers;
  for (const std::string& note : cell.notes) numbers.push_back(numbers_.at(note));
  std::sort(numbers.begin(), numbers.end());
  return fmt::format("{}", fmt::join(numbers, ","));
}

std::string TableNotes::Render() const { return Unsupported() + Drifts() + PageCache() + Notes(); }

// One line per reason, so that an engine that cannot do a workload does not fill every group.
std::string TableNotes::Unsupported() const {
  std::set<unsigned> all_threads;
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<std::pair<std::string, std::set<unsigned>>>> by_reason;
  for (const CellSummary* cell : cells_) {
    all_threads.insert(cell->cell.threads);
    if (!IsUnsupported(*cell)) continue;
    auto& engines = by_reason[cell->reason];
    if (engines.empty()) reasons.push_back(cell->reason);
    auto engine = std::find_if(engines.begin(), engines.end(),
                               [&](const auto& entry) { return entry.first == cell->cell.engine; });
    if (engine == engines.end()) engine = engines.insert(engine, {cell->cell.engine, {}});
    engine->second.insert(cell->cell.threads);
  }
  std::string out;
  for (const std::string& reason : reasons) {
    std::vector<std::string> names;
    for (const auto& [engine, threads] : by_reason[reason]) {
      const bool always = threads == all_threads;
      names.push_back(always ? engine
                             : fmt::format("{} at {} thread{}", engine, fmt::join(threads, ", "),
                                           *threads.rbegin() == 1 ? "" : "s"));
    }
    out += Wrapped("unsupported: ", fmt::format("{}: {}", fmt::join(names, "; "), reason),
                   Paint::kFaint, colour_);
  }
  return out;
}

// A line for each cell whose figure is a mean over a change.
std::string TableNotes::Drifts() const {
  std::string out;
  for (const CellSummary* cell : cells_) {
    if (!cell->steady_state) continue;
    const SteadyState& state = *cell->steady_state;
    const Steadiness verdict = state.Verdict();
    if (verdict == Steadiness::kSteady) continue;
    const bool rising = verdict == Steadiness::kRising;
    out += Wrapped(
        "not steady: ",
        fmt::format("{} at {} thread{}: still {} ({}{:.0f}% over the window, {} of {} trial{}): "
                    "{}read it as the mean of a change",
                    cell->cell.engine, cell->cell.threads, cell->cell.threads == 1 ? "" : "s",
                    rising ? "speeding up" : "slowing down", rising ? '+' : '-',
                    100 * state.change_share, rising ? state.trials_rising : state.trials_falling,
                    state.trials_tested, state.trials_tested == 1 ? "" : "s",
                    cell->cold ? "it began cold: " : "use a longer --warmup, or "),
        Paint::kDoubtful, colour_);
  }
  return out;
}

// What of each engine's files the page cache held; over all numbers of threads.
std::string TableNotes::PageCache() const {
  std::vector<std::string> order;
  std::map<std::string, std::pair<Spread, uint64_t>> by_engine;
  bool is_cold = false;
  for (const CellSummary* cell : cells_) {
    is_cold |= cell->cold.has_value();
    if (!cell->resident_share) continue;
    const Spread& share = *cell->resident_share;
    const auto [found, is_new] = by_engine.try_emplace(cell->cell.engine, share, 0);
    if (is_new) order.push_back(cell->cell.engine);
    auto& [spread, file_bytes] = found->second;
    spread.min = std::min(spread.min, share.min);
    spread.max = std::max(spread.max, share.max);
    file_bytes = std::max(file_bytes, cell->file_bytes.value_or(0));
  }
  if (order.empty()) return "";
  std::vector<std::string> held;
  for (const std::string& engine : order) {
    const auto& [spread, file_bytes] = by_engine[engine];
    std::string range = HumanShare(spread.max);
    if (const std::string least = HumanShare(spread.min); least != range) {
      range = least.substr(0, least.find('%')) + "-" + range;
    }
    held.push_back(fmt::format("{} of {} of {}", range, HumanBytes(file_bytes), engine));
  }
  return Wrapped(is_cold ? "cold start: " : "page cache: ",
                 fmt::format("{}{}",
                             is_cold ? "when the window began, the page cache held "
                                     : "when measuring began, it held ",
                             fmt::join(held, ", ")),
                 Paint::kPlain, false);
}

std::string TableNotes::Notes() const {
  std::string out;
  for (size_t i = 0; i < notes_.size(); ++i) {
    const auto& [note, engines] = notes_[i];
    out += Wrapped(fmt::format("  [{}] ", i + 1),
                   fmt::format("{}: {}", fmt::join(engines, ", "), note), Paint::kPlain, false);
  }
  for (const Run::Workload& workload : run_.workloads) {
    if (workload.name != cells_.front()->cell.workload) continue;
    for (const std::string& note : workload.notes) {
      out += Wrapped("  ", note, Paint::kPlain, false);
    }
  }
  return out;
}

}  // namespace kvs
