// A comparison of two arms, cell by cell, and what comes of it. Filled by whoever has the trials
// (stored_comparison.h), judged here, printed by comparison_table.h and comparison_markdown.h.
#ifndef KVS_RESULTS_COMPARISON_H_
#define KVS_RESULTS_COMPARISON_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "results/model.h"
#include "results/verdict.h"

namespace kvs {

struct ComparedCell {
  CellName cell;
  // Why nothing of it can be judged: an arm has no good trials. "" otherwise.
  std::string why_not_compared;
  bool candidate_failed = false;  // a trial of the candidate failed or gave a wrong answer
  std::vector<Figure> figures;

  // By JudgeComparison, one for each figure.
  std::vector<Judgement> judgements;
  std::vector<Judgement> copy_judgements;  // A/A: baseline_copy over baseline; empty without one
};

struct ComparedArm {
  std::string name;        // a file
  std::string started_at;  // ISO 8601 with offset
  std::string version;     // of kvs-bench
};

struct Comparison {
  Design design = Design::kUnpaired;
  VerdictRules rules;
  ComparedArm baseline;
  ComparedArm candidate;
  std::vector<ComparedCell> cells;
  std::vector<std::string> warnings;  // what a reader of the verdicts must know
};

// The first that holds.
enum class Outcome : uint8_t {
  kFailed,        // the candidate failed or gave a wrong answer
  kUntrusted,     // the A/A arm differs from itself, so no verdict counts
  kRegressed,     // a figure that is not advisory regressed
  kInconclusive,  // one is undecided, or a cell or everything could not be judged
  kOk,            // all are OK or improved
};

// How many figures have each verdict.
struct VerdictCounts {
  size_t regressed = 0;
  size_t inconclusive = 0;
  size_t improved = 0;
  size_t ok = 0;
  size_t not_judged = 0;

  size_t Judged() const { return regressed + inconclusive + improved + ok; }
};

// Judges all figures. Advisory ones are a family of their own, so that neither kind needs more
// evidence because of the other; so is the A/A arm, of which advisory figures are left out.
void JudgeComparison(Comparison& comparison);

// All below are of a judged comparison.
Outcome OutcomeOf(const Comparison& comparison);
VerdictCounts CountVerdicts(const Comparison& comparison, bool advisory);
// The worst of the cell's figures that are not advisory, or of these if it has no others.
Verdict VerdictOf(const ComparedCell& cell);
// True when the cell's baseline differs from its copy.
bool DiffersFromItself(const ComparedCell& cell);

}  // namespace kvs

#endif  // KVS_RESULTS_COMPARISON_H_
