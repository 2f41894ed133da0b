#include "results/comparison_markdown.h"

#include <fmt/format.h>

#include <string_view>

#include "results/verdict_text.h"

namespace kvs {
namespace {

// Names come from command lines and files, and must not end a cell or begin markup.
std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      if (std::string_view("|`*_[]\\#~").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

std::string Row(const ComparedCell& cell, size_t i, Design design) {
  const Figure& figure = cell.figures[i];
  const Judgement& judgement = cell.judgements[i];
  const bool is_judged = judgement.verdict != Verdict::kNotJudged;
  return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", ToString(judgement.verdict),
                     Escaped(cell.cell.ToString()), figure.name,
                     is_judged ? ValueText(figure, judgement.baseline_median) : "",
                     is_judged ? ValueText(figure, judgement.candidate_median) : "",
                     is_judged ? ChangeText(judgement.change) : "",
                     is_judged ? IntervalText(judgement) : "",
                     is_judged ? RemarkText(figure, judgement, design) : Escaped(judgement.reason));
}

constexpr std::string_view kHeading =
    "| verdict | cell | figure | baseline | candidate | change | interval | |\n"
    "|---|---|---|--:|--:|--:|--:|---|\n";

std::string Arm(std::string_view label, const ComparedArm& arm) {
  if (arm.version.empty()) return fmt::format("{} {} (not measured)", label, Escaped(arm.name));
  return fmt::format("{} {} ({}, kvs-bench {})", label, Escaped(arm.name), Escaped(arm.started_at),
                     Escaped(arm.version));
}

}  // namespace

std::string ComparisonMarkdown(const Comparison& comparison) {
  std::string out =
      fmt::format("{}\n### kvs-bench: {}\n\n{}.\n\n{}; {}.\n", kCommentMarker,
                  OutcomeWord(comparison), OutcomeText(comparison),
                  Arm("Baseline", comparison.baseline), Arm("candidate", comparison.candidate));
  if (!comparison.warnings.empty()) out += "\n";
  for (const std::string& warning : comparison.warnings) {
    out += fmt::format("- {}\n", Escaped(warning));
  }
  std::string changed, folded, problems;
  size_t folded_count = 0;
  for (const ComparedCell& cell : comparison.cells) {
    if (!cell.why_not_compared.empty()) {
      problems +=
          fmt::format("- {}: {}\n", Escaped(cell.cell.ToString()), Escaped(cell.why_not_compared));
    }
    if (DiffersFromItself(cell)) {
      problems += fmt::format("- {}: the baseline differs from its own copy\n",
                              Escaped(cell.cell.ToString()));
    }
    for (size_t i = 0; i < cell.figures.size(); ++i) {
      const Verdict verdict = cell.judgements[i].verdict;
      const bool is_change = verdict == Verdict::kRegressed || verdict == Verdict::kImproved;
      (is_change ? changed : folded) += Row(cell, i, comparison.design);
      folded_count += is_change ? 0 : 1;
    }
  }
  if (!problems.empty()) out += "\n" + problems;
  if (!changed.empty()) out += fmt::format("\n{}{}", kHeading, changed);
  if (!folded.empty()) {
    out += fmt::format(
        "\n<details><summary>{} figure{} without a change that is sure</summary>\n\n"
        "{}{}\n</details>\n",
        folded_count, folded_count == 1 ? "" : "s", kHeading, folded);
  }
  return out;
}

}  // namespace kvs
