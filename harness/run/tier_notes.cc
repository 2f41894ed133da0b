#include "harness/run/tier_notes.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kvs {
namespace {

constexpr std::pair<Durability, std::string_view> kUnaudited[] = {
    {Durability::kNone,
     "tier 'none' promises nothing of acknowledged writes, so that no flush is audited; to test "
     "what must hold all the same"},
    {Durability::kProcess,
     "tier 'process' promises that acknowledged writes survive kill -9, which no flush shows; to "
     "test it"},
};

}  // namespace

std::vector<std::string> NotesOnTiers(std::span<const TrialPlan> trials) {
  std::vector<std::string> notes;
  for (const auto& [tier, promise] : kUnaudited) {
    std::vector<std::string> engines;
    for (const TrialPlan& trial : trials) {
      if (trial.durability == tier && !trial.is_floor && !trial.cell.IsFloorEngine()) {
        engines.push_back(trial.cell.engine);
      }
    }
    if (engines.empty()) continue;
    std::sort(engines.begin(), engines.end());  // trials are shuffled
    engines.erase(std::unique(engines.begin(), engines.end()), engines.end());
    notes.push_back(fmt::format("{}: kvs-bench verify crash --engine {} --durability {}", promise,
                                fmt::join(engines, ","), ToString(tier)));
  }
  return notes;
}

}  // namespace kvs
