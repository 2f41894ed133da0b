// The search for a cell's highest rate, between the runner that measures and the result that keeps.
#ifndef KVS_HARNESS_FIND_MAX_CELL_SEARCH_H_
#define KVS_HARNESS_FIND_MAX_CELL_SEARCH_H_

#include <optional>
#include <vector>

#include "harness/driver/arrival_schedule.h"
#include "harness/find_max/rate_search.h"
#include "harness/find_max/slo.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"

namespace kvs::find_max {

// How close to a rate that fails the search goes.
inline constexpr double kResolution = 0.03;
// A window is made longer than asked for, where the samples need it, but not longer than this.
inline constexpr double kLongestWindowS = 60;

struct FindMaxOptions {
  Slo slo;
  Arrivals arrivals = Arrivals::kPoisson;
  unsigned confirmations = 3;  // > 0

  friend bool operator==(const FindMaxOptions&, const FindMaxOptions&) = default;
};

// Searches by trials of its own, each of them a probe of one rate. What it knows stands in a
// MaxRate; a search that is made of a MaxRate goes on where that one was.
//
// Thread safety: one thread.
class CellSearch {
 public:
  // `cell` is how a trial of the cell is planned in the closed loop, and `closed_loop` are all
  // trials of the run: the best of the cell bounds its rate from above. `record` has the cell's
  // name, outlives the search and is kept up to date by it. Throws UsageError when the probes that
  // it holds are not those of this search.
  CellSearch(const FindMaxOptions& options, TrialPlan cell, const std::vector<Trial>& closed_loop,
             MaxRate& record);

  // The trial of the next probe; nothing once the search is over. Of the directory, the cell's.
  std::optional<TrialPlan> Next() const;

  // Takes in the outcome of Next(). A trial that failed, gave a wrong answer or is unsupported ends
  // the search, and so does one in which the engine alone took longer, at its fastest, than the SLO
  // allows.
  void Take(Trial trial);

 private:
  void Begin(const std::vector<Trial>& closed_loop);
  void Replay();
  double LongestWindowS() const;

  const FindMaxOptions& options_;
  const TrialPlan cell_;
  MaxRate& record_;
  std::optional<RateSearch> search_;
};

}  // namespace kvs::find_max

#endif  // KVS_HARNESS_FIND_MAX_CELL_SEARCH_H_
