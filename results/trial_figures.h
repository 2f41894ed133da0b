// What is judged of the trials of a cell: its figures and their values. Pure.
#ifndef KVS_RESULTS_TRIAL_FIGURES_H_
#define KVS_RESULTS_TRIAL_FIGURES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/model.h"
#include "results/verdict.h"

namespace kvs {

// A percentile is judged where each trial has at least so many samples beyond it.
inline constexpr uint64_t kFewestSamplesBeyond = 100;

using TrialList = std::vector<const Trial*>;

// The trials of one cell in one arm, by what became of them; borrowed. Interrupted ones only count.
struct CellTrials {
  TrialList good;
  TrialList failed;  // or wrong
  TrialList unsupported;
  TrialList idle;  // completed no operation in the window
  size_t all = 0;

  void Add(const Trial& trial);
  // Why the cell has no figures in the arm called `arm`; "" when it has.
  std::string WhyNoFigures(std::string_view arm) const;
};

struct TrialFigure {
  Figure figure;  // without stages
  // Of one of the trials; null when not all of them have one, and then the figure is not judged.
  std::function<double(const Trial&)> value_of;
};

// The figures of a cell, of whose good trials `trials` are all, of all arms; at least one. By
// closed loop the throughput and the service times of each kind of operation, by open loop the
// response times; of writes the flushes (tier sync) and the bytes per byte asked for; instructions
// per operation; each where every trial has it. Times of cells that wait for flushes are advisory
// unless `judge_flush_bound`.
std::vector<TrialFigure> FiguresOf(const TrialList& trials, bool judge_flush_bound);

}  // namespace kvs

#endif  // KVS_RESULTS_TRIAL_FIGURES_H_
