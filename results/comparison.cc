#include "results/comparison.h"

#include <algorithm>
#include <utility>

namespace kvs {
namespace {

struct Place {
  size_t cell;
  size_t figure;
};

// Judges the figures at `places` as one family into `judgements` of their cells. With `as_copy`,
// the baseline's copy stands in for the candidate.
void JudgeFamily(Comparison& comparison, const std::vector<Place>& places, bool as_copy,
                 std::vector<Judgement> ComparedCell::*judgements) {
  std::vector<Figure> family;
  for (const Place& place : places) {
    family.push_back(comparison.cells[place.cell].figures[place.figure]);
    if (!as_copy) continue;
    for (Arms& arms : family.back().stages) arms.candidate = std::move(arms.baseline_copy);
  }
  std::vector<Judgement> judged = Judge(family, comparison.design, comparison.rules);
  for (size_t i = 0; i < places.size(); ++i) {
    (comparison.cells[places[i].cell].*judgements)[places[i].figure] = std::move(judged[i]);
  }
}

bool HasCopy(const Figure& figure) {
  return std::all_of(figure.stages.begin(), figure.stages.end(),
                     [](const Arms& arms) { return !arms.baseline_copy.empty(); });
}

// Lower is worse; Verdict has them in this order.
Verdict Worse(Verdict a, Verdict b) { return std::min(a, b); }

}  // namespace

void JudgeComparison(Comparison& comparison) {
  std::vector<Place> binding, advisory, copies;
  for (size_t c = 0; c < comparison.cells.size(); ++c) {
    ComparedCell& cell = comparison.cells[c];
    cell.judgements.assign(cell.figures.size(), {});
    cell.copy_judgements.clear();
    for (size_t f = 0; f < cell.figures.size(); ++f) {
      const Figure& figure = cell.figures[f];
      (figure.is_advisory ? advisory : binding).push_back({c, f});
      if (figure.is_advisory || !HasCopy(figure)) continue;
      copies.push_back({c, f});
      cell.copy_judgements.resize(cell.figures.size());
    }
  }
  JudgeFamily(comparison, binding, false, &ComparedCell::judgements);
  JudgeFamily(comparison, advisory, false, &ComparedCell::judgements);
  JudgeFamily(comparison, copies, true, &ComparedCell::copy_judgements);
}

VerdictCounts CountVerdicts(const Comparison& comparison, bool advisory) {
  VerdictCounts counts;
  for (const ComparedCell& cell : comparison.cells) {
    for (size_t i = 0; i < cell.judgements.size(); ++i) {
      if (cell.figures[i].is_advisory != advisory) continue;
      switch (cell.judgements[i].verdict) {
        case Verdict::kRegressed:
          ++counts.regressed;
          break;
        case Verdict::kInconclusive:
          ++counts.inconclusive;
          break;
        case Verdict::kImproved:
          ++counts.improved;
          break;
        case Verdict::kOk:
          ++counts.ok;
          break;
        case Verdict::kNotJudged:
          ++counts.not_judged;
          break;
      }
    }
  }
  return counts;
}

Verdict VerdictOf(const ComparedCell& cell) {
  Verdict of_all = Verdict::kNotJudged;
  Verdict of_binding = Verdict::kNotJudged;
  for (size_t i = 0; i < cell.judgements.size(); ++i) {
    of_all = Worse(of_all, cell.judgements[i].verdict);
    if (!cell.figures[i].is_advisory) of_binding = Worse(of_binding, cell.judgements[i].verdict);
  }
  return of_binding == Verdict::kNotJudged ? of_all : of_binding;
}

bool DiffersFromItself(const ComparedCell& cell) {
  return std::any_of(
      cell.copy_judgements.begin(), cell.copy_judgements.end(), [](const Judgement& judgement) {
        return judgement.verdict == Verdict::kRegressed || judgement.verdict == Verdict::kImproved;
      });
}

Outcome OutcomeOf(const Comparison& comparison) {
  const auto any_cell = [&](auto holds) {
    return std::any_of(comparison.cells.begin(), comparison.cells.end(), holds);
  };
  if (any_cell([](const ComparedCell& cell) { return cell.candidate_failed; })) {
    return Outcome::kFailed;
  }
  if (any_cell(DiffersFromItself)) return Outcome::kUntrusted;
  const VerdictCounts counts = CountVerdicts(comparison, false);
  if (counts.regressed > 0) return Outcome::kRegressed;
  if (counts.inconclusive > 0 || counts.Judged() == 0 ||
      any_cell([](const ComparedCell& cell) { return !cell.why_not_compared.empty(); })) {
    return Outcome::kInconclusive;
  }
  return Outcome::kOk;
}

}  // namespace kvs
