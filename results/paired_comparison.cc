#include "results/paired_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "results/stored_comparison.h"
#include "results/trial_figures.h"

namespace kvs {
namespace {

// The trials of one cell in one arm.
struct ArmTrials {
  std::string_view arm;  // what it is called
  CellTrials all;
  std::map<unsigned, TrialList> good_by_block;
  std::set<unsigned> blocks;  // with any trial
};

ArmTrials TrialsOf(std::string_view arm, const Run& run, const CellName& cell) {
  ArmTrials trials{.arm = arm, .all = {}, .good_by_block = {}, .blocks = {}};
  for (const Trial& trial : run.trials) {
    if (trial.is_floor || trial.cell != cell) continue;
    trials.all.Add(trial);
    trials.blocks.insert(trial.repetition);
  }
  for (const Trial* trial : trials.all.good) {
    trials.good_by_block[trial->repetition].push_back(trial);
  }
  return trials;
}

// The blocks of a stage that every arm completed, in their order.
std::vector<unsigned> WholeBlocks(const std::vector<ArmTrials>& arms, unsigned first,
                                  unsigned count) {
  std::vector<unsigned> blocks;
  for (const unsigned block : arms.front().blocks) {
    if (block < first || block - first >= count) continue;
    const bool is_whole = std::all_of(arms.begin(), arms.end(), [&](const ArmTrials& arm) {
      const auto found = arm.good_by_block.find(block);
      return found != arm.good_by_block.end() && found->second.size() == kTrialsPerBlock;
    });
    if (is_whole) blocks.push_back(block);
  }
  return blocks;
}

// The figures of one stage, each with that stage alone.
std::vector<Figure> StageFigures(const std::vector<ArmTrials>& arms,
                                 const std::vector<unsigned>& blocks, bool judge_flush_bound) {
  TrialList trials;
  bool same_operations = true;
  for (const unsigned block : blocks) {
    const uint64_t seed = arms.front().good_by_block.at(block).front()->seed;
    for (const ArmTrials& arm : arms) {
      for (const Trial* trial : arm.good_by_block.at(block)) {
        trials.push_back(trial);
        same_operations &= trial->seed == seed;
      }
    }
  }
  std::vector<Figure> figures;
  for (const TrialFigure& figure : FiguresOf(trials, judge_flush_bound)) {
    figures.push_back(figure.figure);
    Arms& values = figures.back().stages.emplace_back();
    values.same_operations = same_operations;
    values.trials_per_stream = kTrialsPerBlock;
    if (figure.value_of == nullptr) continue;
    const std::array<std::vector<double>*, 3> targets = {&values.baseline, &values.candidate,
                                                         &values.baseline_copy};
    for (size_t arm = 0; arm < arms.size(); ++arm) {
      for (const unsigned block : blocks) {
        for (const Trial* trial : arms[arm].good_by_block.at(block)) {
          targets[arm]->push_back(figure.value_of(*trial));
        }
      }
    }
  }
  return figures;
}

// Adds a stage to those of `figures` that are judged in it, too, and have all stages before it.
void AddStage(const std::vector<Figure>& stage, unsigned number, std::vector<Figure>& figures) {
  for (Figure& figure : figures) {
    const auto found = std::find_if(stage.begin(), stage.end(),
                                    [&](const Figure& other) { return other.name == figure.name; });
    if (found == stage.end() || !found->why_not_judged.empty()) continue;
    if (figure.stages.size() == number) figure.stages.push_back(found->stages.front());
  }
}

// Forgets trials without an operation where their blocks are few enough to be left out.
void ForgiveIdleTrials(const CellName& name, std::vector<ArmTrials>& arms,
                       std::vector<std::string>& warnings) {
  std::set<unsigned> idle_blocks;
  std::vector<std::string> idle_arms;
  for (const ArmTrials& arm : arms) {
    for (const Trial* trial : arm.all.idle) idle_blocks.insert(trial->repetition);
    if (!arm.all.idle.empty()) {
      idle_arms.push_back(fmt::format("{} of the {}", arm.all.idle.size(), arm.arm));
    }
  }
  const size_t blocks = arms.front().blocks.size();
  if (idle_blocks.empty() ||
      static_cast<double>(idle_blocks.size()) > kMostIdleShare * static_cast<double>(blocks)) {
    return;
  }
  for (ArmTrials& arm : arms) arm.all.idle.clear();
  warnings.push_back(
      fmt::format("{}: left out {} of {} blocks, in which a trial completed no operation: {}",
                  name.ToString(), idle_blocks.size(), blocks, fmt::join(idle_arms, ", ")));
}

std::string WhyNotCompared(const std::vector<ArmTrials>& arms) {
  std::vector<std::string> reasons;
  for (const ArmTrials& arm : arms) {
    if (std::string reason = arm.all.WhyNoFigures(arm.arm); !reason.empty()) {
      reasons.push_back(std::move(reason));
    }
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

ComparedCell CompareCell(const CellName& name, const std::vector<ArmTrials>& arms,
                         const PairedRules& rules) {
  ComparedCell cell;
  cell.cell = name;
  cell.candidate_failed = !arms[1].all.failed.empty();
  cell.why_not_compared = WhyNotCompared(arms);
  if (!cell.why_not_compared.empty()) return cell;
  for (unsigned stage = 0; stage < rules.verdicts.stages; ++stage) {
    const std::vector<unsigned> blocks =
        WholeBlocks(arms, stage * rules.blocks_per_stage, rules.blocks_per_stage);
    if (blocks.empty()) break;
    std::vector<Figure> figures = StageFigures(arms, blocks, rules.judge_flush_bound);
    if (stage == 0) {
      cell.figures = std::move(figures);
    } else {
      AddStage(figures, stage, cell.figures);
    }
  }
  if (cell.figures.empty()) cell.why_not_compared = "no block was finished";
  return cell;
}

void WarnOfDifferences(const Run& baseline, const Run& candidate,
                       std::vector<std::string>& warnings) {
  for (const Mismatch& mismatch : EnvironmentMismatches(baseline, candidate)) {
    warnings.push_back(fmt::format("the arms differ in {}: '{}', then '{}'", mismatch.field,
                                   mismatch.baseline, mismatch.candidate));
  }
  WarnOfOptions(baseline, candidate, warnings);
}

ComparedArm ArmOf(const Run& run) {
  return {.name = "", .started_at = run.started_at, .version = run.version};
}

}  // namespace

CellName PairedCell::Joined() const {
  CellName joined = baseline;
  if (candidate.engine != baseline.engine) joined.engine += "|" + candidate.engine;
  return joined;
}

Comparison ComparePaired(const PairedRuns& runs, const std::vector<PairedCell>& cells,
                         const PairedRules& rules) {
  assert(rules.blocks_per_stage > 0);
  Comparison comparison;
  comparison.design = Design::kPaired;
  comparison.rules = rules.verdicts;
  comparison.baseline = ArmOf(runs.baseline);
  comparison.candidate = ArmOf(runs.candidate);
  if (!runs.copy) {
    comparison.warnings.push_back(
        "no copy of the baseline ran along, so nothing vouches for these verdicts");
  }
  for (const PairedCell& cell : cells) {
    std::vector<ArmTrials> arms = {TrialsOf("baseline", runs.baseline, cell.baseline),
                                   TrialsOf("candidate", runs.candidate, cell.candidate)};
    if (runs.copy) {
      arms.push_back(TrialsOf("copy of the baseline", *runs.copy, cell.baseline));
    }
    const bool is_unsupported = std::any_of(arms.begin(), arms.end(), [](const ArmTrials& arm) {
      return !arm.all.unsupported.empty();
    });
    if (!is_unsupported) {
      ForgiveIdleTrials(cell.Joined(), arms, comparison.warnings);
      comparison.cells.push_back(CompareCell(cell.Joined(), arms, rules));
      continue;
    }
    for (const ArmTrials& arm : arms) {
      if (arm.all.unsupported.empty()) continue;
      comparison.warnings.push_back(fmt::format("not compared: {}: {}", cell.Joined().ToString(),
                                                arm.all.WhyNoFigures(arm.arm)));
    }
  }
  if (std::string unfit = UnfitnessOf(runs.baseline); !unfit.empty()) {
    comparison.warnings.push_back(std::move(unfit));
  }
  WarnOfDifferences(runs.baseline, runs.candidate, comparison.warnings);
  return comparison;
}

bool IsUndecided(const ComparedCell& cell) {
  for (size_t i = 0; i < cell.judgements.size(); ++i) {
    if (cell.judgements[i].verdict == Verdict::kInconclusive && !cell.figures[i].is_advisory) {
      return true;
    }
  }
  return false;
}

}  // namespace kvs
