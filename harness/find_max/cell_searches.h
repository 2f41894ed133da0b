// The searches of all cells of a run, which take turns.
#ifndef KVS_HARNESS_FIND_MAX_CELL_SEARCHES_H_
#define KVS_HARNESS_FIND_MAX_CELL_SEARCHES_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "harness/find_max/cell_search.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"

namespace kvs::find_max {

// Whose probe is next: every cell has one before any has another, so that a drift of the machine
// touches all of them alike.
//
// Thread safety: one thread.
class CellSearches {
 public:
  // `cells` are planned as for CellSearch. Goes on with the searches that `run` has, which has all
  // of its trials, or begins them there; `options` and `run` outlive this. Throws as CellSearch.
  CellSearches(const FindMaxOptions& options, const std::vector<TrialPlan>& cells, Run& run);

  // The trial of the next probe; nothing once all searches are over.
  std::optional<TrialPlan> Next();
  // Takes in the outcome of Next(), and returns the search that it belongs to.
  const MaxRate& Take(Trial trial);

 private:
  Run& run_;
  std::vector<CellSearch> searches_;  // as run_.max_rates->cells
  size_t turn_ = 0;                   // in searches_
};

}  // namespace kvs::find_max

#endif  // KVS_HARNESS_FIND_MAX_CELL_SEARCHES_H_
