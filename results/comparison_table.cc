#include "results/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "results/text_layout.h"
#include "results/verdict_text.h"

namespace kvs {
namespace {

Paint PaintOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kRegressed:
      return Paint::kBad;
    case Verdict::kInconclusive:
      return Paint::kDoubtful;
    case Verdict::kImproved:
      return Paint::kGood;
    case Verdict::kOk:
      return Paint::kPlain;
    case Verdict::kNotJudged:
      return Paint::kFaint;
  }
  return Paint::kPlain;
}

Paint PaintOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFailed:
    case Outcome::kUntrusted:
    case Outcome::kRegressed:
      return Paint::kBad;
    case Outcome::kInconclusive:
      return Paint::kDoubtful;
    case Outcome::kOk:
      return Paint::kGood;
  }
  return Paint::kPlain;
}

std::string Trials(const Judgement& judgement, Design design) {
  return design == Design::kPaired
             ? fmt::format("{}", judgement.candidate_trials)
             : fmt::format("{}+{}", judgement.baseline_trials, judgement.candidate_trials);
}

// With too few trials for an interval, the estimate may contradict the medians beside it.
bool HasSay(const Judgement& judgement) { return judgement.is_exact || judgement.interval; }

std::string Row(const Figure& figure, const Judgement& judgement, Design design, bool colour) {
  std::string line = fmt::format("{:<22}{:>10}{:>10}{:>9}  {:<18}{:>8}", figure.name,
                                 ValueText(figure, judgement.baseline_median),
                                 ValueText(figure, judgement.candidate_median),
                                 HasSay(judgement) ? ChangeText(judgement.change) : "-",
                                 IntervalText(judgement), Trials(judgement, design));
  const std::string verdict =
      Painted(fmt::format("  {:<14}", ToString(judgement.verdict)),
              figure.is_advisory ? Paint::kFaint : PaintOf(judgement.verdict), colour);
  const std::string remark = RemarkText(figure, judgement, design);
  constexpr size_t kVerdictColumns = 16;
  if (!remark.empty() && kVerdictColumns + line.size() + 2 + remark.size() <= kTextWidth) {
    return verdict + line + "  " + remark + "\n";
  }
  return verdict + line + "\n" +
         (remark.empty() ? "" : fmt::format("{:<{}}{}\n", "", kVerdictColumns, remark));
}

// One line for each reason.
std::string NotJudged(const ComparedCell& cell, bool colour) {
  std::map<std::string, std::vector<std::string>> by_reason;
  for (size_t i = 0; i < cell.figures.size(); ++i) {
    const Judgement& judgement = cell.judgements[i];
    if (judgement.verdict == Verdict::kNotJudged) {
      by_reason[judgement.reason].push_back(cell.figures[i].name);
    }
  }
  std::string out;
  for (const auto& [reason, figures] : by_reason) {
    out += Wrapped("  not judged    ", fmt::format("{}: {}", fmt::join(figures, ", "), reason),
                   Paint::kFaint, colour);
  }
  return out;
}

std::string Cell(const ComparedCell& cell, Design design, bool colour) {
  std::string out = Painted(cell.cell.ToString(), Paint::kTitle, colour) + "\n";
  if (!cell.why_not_compared.empty()) {
    out += Wrapped("  ", cell.why_not_compared,
                   cell.candidate_failed ? Paint::kBad : Paint::kDoubtful, colour);
  }
  for (size_t i = 0; i < cell.figures.size(); ++i) {
    if (cell.judgements[i].verdict == Verdict::kNotJudged) continue;
    out += Row(cell.figures[i], cell.judgements[i], design, colour);
  }
  if (DiffersFromItself(cell)) {
    for (size_t i = 0; i < cell.figures.size(); ++i) {
      const Judgement& copy = cell.copy_judgements[i];
      if (copy.verdict != Verdict::kRegressed && copy.verdict != Verdict::kImproved) continue;
      out += Wrapped("  UNTRUSTED     ",
                     fmt::format("{}: the baseline differs from its own copy by {} {}",
                                 cell.figures[i].name, ChangeText(copy.change), IntervalText(copy)),
                     Paint::kBad, colour);
    }
  }
  return out + NotJudged(cell, colour);
}

// True when there is nothing to look at but that nothing changed.
bool IsQuiet(const ComparedCell& cell) {
  return cell.why_not_compared.empty() && !DiffersFromItself(cell) &&
         std::all_of(
             cell.judgements.begin(), cell.judgements.end(), [](const Judgement& judgement) {
               return judgement.verdict == Verdict::kOk || judgement.verdict == Verdict::kNotJudged;
             });
}

std::string QuietCell(const ComparedCell& cell) {
  std::string out = fmt::format("  {:<14}{}", ToString(VerdictOf(cell)), cell.cell.ToString());
  size_t ok = 0;
  for (const Judgement& judgement : cell.judgements) ok += judgement.verdict == Verdict::kOk;
  return out + fmt::format(": {} figure{}\n", ok, ok == 1 ? "" : "s");
}

std::string ArmLine(std::string_view label, const ComparedArm& arm) {
  if (arm.version.empty()) return fmt::format("{}{}: not measured\n", label, arm.name);
  return fmt::format("{}{}: {}, kvs-bench {}\n", label, arm.name, arm.started_at, arm.version);
}

}  // namespace

std::string RenderComparison(const Comparison& comparison, bool colour) {
  std::string out =
      Wrapped("", fmt::format("{}: {}", OutcomeWord(comparison), OutcomeText(comparison)),
              PaintOf(OutcomeOf(comparison)), colour);
  out += ArmLine("baseline   ", comparison.baseline) + ArmLine("candidate  ", comparison.candidate);
  for (const std::string& warning : comparison.warnings) {
    out += Wrapped("warning    ", warning, Paint::kDoubtful, colour);
  }

  std::vector<const ComparedCell*> loud, quiet;
  for (const ComparedCell& cell : comparison.cells) {
    (IsQuiet(cell) ? quiet : loud).push_back(&cell);
  }
  std::stable_sort(loud.begin(), loud.end(), [](const ComparedCell* a, const ComparedCell* b) {
    return VerdictOf(*a) < VerdictOf(*b);
  });
  if (!loud.empty()) {
    out += fmt::format("\n  {:<14}{:<22}{:>10}{:>10}{:>9}  {:<18}{:>8}\n", "verdict", "figure",
                       "baseline", "candidate", "change", "interval",
                       comparison.design == Design::kPaired ? "pairs" : "trials");
  }
  for (const ComparedCell* cell : loud) out += Cell(*cell, comparison.design, colour);
  if (!quiet.empty()) out += "\n";
  for (const ComparedCell* cell : quiet) out += QuietCell(*cell);
  if (loud.empty()) return out;
  out += "\n";
  out += Wrapped("change    ",
                 fmt::format("candidate over baseline, less 1, as estimated of all trials; below "
                             "{:.2g}% none matters",
                             100 * comparison.rules.threshold),
                 Paint::kPlain, false);
  out += Wrapped("interval  ",
                 "where the true change lies, at the level that so many figures together need; "
                 "exact: counts that do not vary; none: too few trials",
                 Paint::kPlain, false);
  return out;
}

}  // namespace kvs
