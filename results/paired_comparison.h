// The arms of a run in blocks as a comparison. Pure.
#ifndef KVS_RESULTS_PAIRED_COMPARISON_H_
#define KVS_RESULTS_PAIRED_COMPARISON_H_

#include <optional>
#include <vector>

#include "results/comparison.h"
#include "results/model.h"
#include "results/verdict.h"

namespace kvs {

// So many trials each arm has in a block.
inline constexpr unsigned kTrialsPerBlock = 2;

// What each arm measured. The repetition of a trial is the number of its block.
struct PairedRuns {
  Run baseline;
  Run candidate;
  std::optional<Run> copy;  // of the baseline, measured once more: the A/A arm
};

inline constexpr double kMostIdleShare = 0.1;

// A cell as the arms call it, which differ in no more than the engine.
struct PairedCell {
  CellName baseline;
  CellName candidate;

  // With both engines, "lockfree|lockfree:ordered=true", where there are two.
  CellName Joined() const;
};

// The stage of each block, from 0 on: the first `blocks_per_stage` blocks are of stage 0.
struct PairedRules {
  unsigned blocks_per_stage = 1;  // at least 1
  VerdictRules verdicts;
  bool judge_flush_bound = false;  // otherwise times of cells that wait for flushes are advisory
};

// `cells` with the figures of trial_figures.h, not judged yet. The first trials that the arms have
// in a block are a pair (with the copy's, two), and so are the second ones. What counts are the
// blocks in which every arm has kTrialsPerBlock trials with figures; what an arm failed in, or
// never completed, is not compared. A moment in which the machine stood still leaves a trial
// without any operation: such blocks are left out, of all arms, and that is said; but where they
// are more than kMostIdleShare, leaving them out would flatter an arm, and the cell is not
// compared. Cells that an arm does not support are named in the warnings and left out.
//
// Which figures there are, and whether they can be judged, is asked of each stage by itself, so
// that a later stage changes nothing about what an earlier one decided.
Comparison ComparePaired(const PairedRuns& runs, const std::vector<PairedCell>& cells,
                         const PairedRules& rules);

// Whether `cell`, which is judged, has a figure that a further stage could decide: one that has a
// say and is undecided.
bool IsUndecided(const ComparedCell& cell);

}  // namespace kvs

#endif  // KVS_RESULTS_PAIRED_COMPARISON_H_
