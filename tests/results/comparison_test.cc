#include "results/comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "results/comparison_markdown.h"
#include "results/comparison_table.h"
#include "results/text_layout.h"

namespace kvs::comparison {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Twelve blocks, of which the second differs from the first by `change`, and the copy by `drift`.
Figure PairedTime(std::string name, double change, double drift = 0, double noise = 0.001) {
  Figure figure{.name = std::move(name), .unit = "ns"};
  Arms& arms = figure.stages.emplace_back();
  for (int block = 0; block < 12; ++block) {
    const double base = 1000 * (1 + 0.1 * block);
    const double wobble = noise * (block % 2 == 0 ? block : -block);
    arms.baseline.push_back(base);
    arms.candidate.push_back(base * (1 + change + wobble));
    arms.baseline_copy.push_back(base * (1 + drift + wobble / 2));
  }
  return figure;
}

ComparedCell CellOf(const std::string& engine, std::vector<Figure> figures) {
  return {.cell = {"ycsb-c", engine, 2, "dedicated", "process"},
          .why_not_compared = "",
          .candidate_failed = false,
          .figures = std::move(figures),
          .judgements = {},
          .copy_judgements = {}};
}

Comparison Judged(std::vector<ComparedCell> cells) {
  Comparison comparison;
  comparison.design = Design::kPaired;
  comparison.baseline = {"before.json", "2024-05-01T10:00:00+02:00", "0.1.0"};
  comparison.candidate = {"after.json", "2024-05-01T10:00:00+02:00", "0.1.0"};
  comparison.cells = std::move(cells);
  JudgeComparison(comparison);
  return comparison;
}

Figure Advisory(Figure figure) {
  figure.is_advisory = true;
  return figure;
}

Figure NotJudged(Figure figure, std::string reason) {
  figure.why_not_judged = std::move(reason);
  return figure;
}

TEST(ComparisonTest, TheWorstDecides) {
  const Figure same = PairedTime("p50", 0);
  const Figure worse = PairedTime("p50", 0.1);
  const Figure better = PairedTime("p50", -0.1);
  const Figure noisy = PairedTime("p50", 0, 0, 0.05);
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {same, better})})), Outcome::kOk);
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {same}), CellOf("b", {noisy})})), Outcome::kInconclusive);
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {same, worse}), CellOf("b", {noisy})})),
            Outcome::kRegressed);
  EXPECT_EQ(VerdictOf(Judged({CellOf("a", {same, better})}).cells[0]), Verdict::kImproved);
}

TEST(ComparisonTest, WhatCannotBeJudgedIsNotOk) {
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {NotJudged(PairedTime("p99", 0), "rare")})})),
            Outcome::kInconclusive);
  ComparedCell lost = CellOf("b", {});
  lost.why_not_compared = "candidate: unsupported: scans";
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {PairedTime("p50", 0)}), lost})), Outcome::kInconclusive);
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {Advisory(PairedTime("p50", 0))})})),
            Outcome::kInconclusive);
}

TEST(ComparisonTest, AFailedCandidateComesFirst) {
  ComparedCell failed = CellOf("b", {});
  failed.why_not_compared = "candidate: 1 of 3 trials failed: killed";
  failed.candidate_failed = true;
  EXPECT_EQ(OutcomeOf(Judged({CellOf("a", {PairedTime("p50", 0.1, 0.1)}), failed})),
            Outcome::kFailed);
}

TEST(ComparisonTest, AdvisoryFiguresDecideNothing) {
  const Comparison comparison =
      Judged({CellOf("a", {PairedTime("p50", 0), Advisory(PairedTime("p99", 0.1))})});
  EXPECT_EQ(comparison.cells[0].judgements[1].verdict, Verdict::kRegressed);
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kOk);
  EXPECT_EQ(CountVerdicts(comparison, true).regressed, 1u);
  EXPECT_EQ(CountVerdicts(comparison, false).regressed, 0u);
  EXPECT_THAT(RenderComparison(comparison, false), HasSubstr("advisory"));
  // Nor do they make others need more evidence.
  EXPECT_EQ(comparison.cells[0].judgements[0].alpha, 0.05);
}

TEST(ComparisonTest, ABaselineThatDiffersFromItselfMakesAllUntrusted) {
  const Comparison trusted = Judged({CellOf("a", {PairedTime("p50", 0.1, 0.001)})});
  EXPECT_FALSE(DiffersFromItself(trusted.cells[0]));
  EXPECT_EQ(OutcomeOf(trusted), Outcome::kRegressed);
  const Comparison untrusted = Judged(
      {CellOf("a", {PairedTime("p50", 0.1, 0.001)}), CellOf("b", {PairedTime("p50", 0, 0.05)})});
  EXPECT_EQ(OutcomeOf(untrusted), Outcome::kUntrusted);
  EXPECT_THAT(
      RenderComparison(untrusted, false),
      AllOf(StartsWith("UNTRUSTED: the baseline differs from its own copy in 1 cell"),
            HasSubstr("  UNTRUSTED     p50: the baseline differs from its own copy by +5.0%")));
}

Comparison OneOfEverything() {
  Figure noisy = PairedTime("read p99", 0.001, 0, 0.05);
  ComparedCell failed = CellOf("d|<b>", {});
  failed.why_not_compared = "baseline: no trial gave figures";
  Comparison comparison =
      Judged({CellOf("same", {PairedTime("read p50", 0)}),
              CellOf("mixed", {PairedTime("read p50", -0.1), noisy,
                               NotJudged(PairedTime("read p99.9", 0), "fewer than 100 samples")}),
              CellOf("slower", {PairedTime("read p50", 0.1)}), failed});
  comparison.warnings = {"the moon was full"};
  return comparison;
}

TEST(ComparisonTableTest, TheVerdictComesFirstAndTheWorstCellNext) {
  EXPECT_EQ(RenderComparison(OneOfEverything(), false),
            R"(REGRESSED: 1 regressed, 1 inconclusive, 1 improved, 1 ok of 4 judged figures
baseline   before.json: 2024-05-01T10:00:00+02:00, kvs-bench 0.1.0
candidate  after.json: 2024-05-01T10:00:00+02:00, kvs-bench 0.1.0
warning    the moon was full

  verdict       figure                  baseline candidate   change  interval             pairs
ycsb-c/engine:slower/threads:2/pool:dedicated/durability:process
  REGRESSED     read p50                  1.55us    1.71us    +9.9%  [+9.1%, +10.8%]         12
ycsb-c/engine:mixed/threads:2/pool:dedicated/durability:process
  IMPROVED      read p50                  1.55us    1.40us   -10.1%  [-10.9%, -9.2%]         12
  INCONCLUSIVE  read p99                  1.55us    1.12us    -2.4%  [-44.9%, +40.1%]        12
                would notice 77.1%; needs about 1296 blocks
  not judged    read p99.9: fewer than 100 samples
ycsb-c/engine:d|<b>/threads:2/pool:dedicated/durability:process
  baseline: no trial gave figures

  OK            ycsb-c/engine:same/threads:2/pool:dedicated/durability:process: 1 figure

change    candidate over baseline, less 1, as estimated of all trials; below 2% none matters
interval  where the true change lies, at the level that so many figures together need; exact: counts that do not vary;
          none: too few trials
)");
}

TEST(ComparisonTableTest, ColourAddsEscapesOnly) {
  std::string coloured = RenderComparison(OneOfEverything(), true);
  EXPECT_THAT(coloured, HasSubstr("\033[31m"));
  std::string plain;
  for (size_t i = 0; i < coloured.size(); ++i) {
    if (coloured[i] == '\033') {
      i = coloured.find('m', i);
    } else {
      plain += coloured[i];
    }
  }
  EXPECT_EQ(plain, RenderComparison(OneOfEverything(), false));
}

TEST(ComparisonTableTest, LinesFit) {
  std::istringstream lines(RenderComparison(OneOfEverything(), false));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), kTextWidth) << line;
}

TEST(ComparisonMarkdownTest, ShowsChangesAndFoldsTheRest) {
  const std::string comment = ComparisonMarkdown(OneOfEverything());
  EXPECT_THAT(comment, StartsWith("<!-- kvs-bench compare -->\n### kvs-bench: REGRESSED\n"));
  const size_t fold = comment.find("<details><summary>3 figures without a change that is sure");
  ASSERT_NE(fold, std::string::npos);
  const std::string shown = comment.substr(0, fold);
  const std::string folded = comment.substr(fold);
  EXPECT_THAT(shown, AllOf(HasSubstr("| REGRESSED | ycsb-c/engine:slower/"),
                           HasSubstr("| IMPROVED | ycsb-c/engine:mixed/"),
                           HasSubstr("- the moon was full"), Not(HasSubstr("engine:same/"))));
  EXPECT_THAT(folded, AllOf(HasSubstr("| OK | ycsb-c/engine:same/"), HasSubstr("| INCONCLUSIVE |"),
                            HasSubstr("| not judged |"), HasSubstr("</details>")));
  // Every row has the columns of its heading.
  std::istringstream lines(comment);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") || line.find("\\|") != std::string::npos) continue;
    EXPECT_EQ(std::count(line.begin(), line.end(), '|'), 9) << line;
  }
}

TEST(ComparisonMarkdownTest, NamesAreNoMarkup) {
  EXPECT_THAT(ComparisonMarkdown(OneOfEverything()), HasSubstr("engine:d\\|&lt;b&gt;/"));
}

}  // namespace
}  // namespace kvs::comparison
