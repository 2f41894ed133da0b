#include "results/verdict_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "results/human_units.h"
#include "results/paired_comparison.h"

namespace kvs {
namespace {

std::string Plural(size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

size_t CountCells(const Comparison& comparison, bool (*holds)(const ComparedCell&)) {
  return static_cast<size_t>(
      std::count_if(comparison.cells.begin(), comparison.cells.end(), holds));
}

std::string CountsText(const VerdictCounts& counts) {
  return fmt::format("{} regressed, {} inconclusive, {} improved, {} ok of {}", counts.regressed,
                     counts.inconclusive, counts.improved, counts.ok,
                     Plural(counts.Judged(), "judged figure"));
}

}  // namespace

std::string OutcomeWord(const Comparison& comparison) {
  switch (OutcomeOf(comparison)) {
    case Outcome::kFailed:
      return "FAILED";
    case Outcome::kUntrusted:
      return "UNTRUSTED";
    case Outcome::kRegressed:
      return "REGRESSED";
    case Outcome::kInconclusive:
      return "INCONCLUSIVE";
    case Outcome::kOk:
      return CountVerdicts(comparison, false).improved > 0 ? "IMPROVED" : "OK";
  }
  return "?";
}

std::string OutcomeText(const Comparison& comparison) {
  const VerdictCounts counts = CountVerdicts(comparison, false);
  const std::string figures = CountsText(counts);
  switch (OutcomeOf(comparison)) {
    case Outcome::kFailed:
      return fmt::format(
          "the candidate failed or gave a wrong answer in {}; {}",
          Plural(CountCells(comparison,
                            [](const ComparedCell& cell) { return cell.candidate_failed; }),
                 "cell"),
          figures);
    case Outcome::kUntrusted:
      return fmt::format("the baseline differs from its own copy in {}, so no verdict counts; {}",
                         Plural(CountCells(comparison, DiffersFromItself), "cell"), figures);
    case Outcome::kInconclusive:
      if (counts.Judged() == 0) return "no figure could be judged";
      break;
    case Outcome::kRegressed:
    case Outcome::kOk:
      break;
  }
  return figures;
}

std::string ValueText(const Figure& figure, double value) {
  if (figure.unit == "ops/s") return HumanCount(value) + "/s";
  if (figure.unit == "ns") return HumanNs(value);
  if (figure.unit == "B/op") return fmt::format("{:.4g} B", value);
  return fmt::format("{:.4g}", value);
}

std::string ChangeText(const std::optional<double>& change) {
  if (!change) return "n/a";
  if (*change >= 9.995) return fmt::format("{:.3g}x", 1 + *change);
  const double percent = 100 * *change;
  return std::fabs(percent) < 0.995 ? fmt::format("{:+.2f}%", percent)
                                    : fmt::format("{:+.1f}%", percent);
}

std::string IntervalText(const Judgement& judgement) {
  if (judgement.is_exact) return "exact";
  if (!judgement.interval) return "none";
  return fmt::format("[{}, {}]", ChangeText(judgement.interval->low),
                     ChangeText(judgement.interval->high));
}

std::string RemarkText(const Figure& figure, const Judgement& judgement, Design design) {
  std::vector<std::string> remarks;
  if (figure.is_advisory) remarks.emplace_back("advisory");
  if (judgement.stage > 0) remarks.push_back(fmt::format("stage {}", judgement.stage + 1));
  std::string text = fmt::format("{}", fmt::join(remarks, "; "));
  if (judgement.verdict != Verdict::kInconclusive) return text;
  if (!text.empty()) text += "; ";
  if (judgement.detectable_change) {
    text += fmt::format("would notice {}; ", ChangeText(judgement.detectable_change).substr(1));
  }
  const size_t needed = judgement.trials_needed.value_or(0);
  const bool is_bound = !judgement.interval || needed >= kMostTrialsNeeded;
  const char* const about = is_bound ? ">=" : "about";
  if (design == Design::kUnpaired)
    return text + fmt::format("needs {} {} trials each", about, needed);
  const size_t blocks = (needed + kTrialsPerBlock - 1) / kTrialsPerBlock;
  return text + fmt::format("needs {} {} blocks", about, blocks);
}

}  // namespace kvs
