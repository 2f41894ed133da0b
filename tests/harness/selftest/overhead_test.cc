#include "harness/selftest/overhead.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/exit_code.h"
#include "harness/selftest/overhead_report.h"
#include "tests/harness/test_engines.h"

namespace kvs::selftest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

OverheadOptions Options() {
  OverheadOptions options;
  options.floor.definition = &test::kFloor;
  options.engine.definition = &test::kPlain;
  return options;
}

const Arm kOne{.is_floor = true, .workload = "ycsb-c", .threads = 1};
const Arm kTwo{.is_floor = true, .workload = "ycsb-c", .threads = 2};
const Arm kTwoUnsampled{.is_floor = true, .workload = "ycsb-c", .threads = 2, .is_sampled = false};
const FigureDefinition kFloorOfTwo{FigureKind::kFloorNs, kTwo, std::nullopt, 15};
const FigureDefinition kSpeedUpOfTwo{FigureKind::kSpeedUp, kTwo, kOne, 1.95};
const FigureDefinition kDisturbanceOfTwo{FigureKind::kDisturbance, kTwo, kTwoUnsampled, 0.02};

TEST(OverheadFiguresTest, CoverFloorSpeedUpAndDisturbance) {
  std::multiset<FigureKind> kinds;
  for (const FigureDefinition& figure : OverheadFigures(2)) kinds.insert(figure.kind);
  EXPECT_EQ(kinds.count(FigureKind::kFloorNs), 4u);
  EXPECT_EQ(kinds.count(FigureKind::kSpeedUp), 2u);
  EXPECT_EQ(kinds.count(FigureKind::kDisturbance), 4u);
  EXPECT_THAT(OverheadFigures(64), SizeIs(10));
}

TEST(OverheadFiguresTest, OneCpuHasNoneOfTwoThreads) {
  const std::vector<FigureDefinition> figures = OverheadFigures(1);
  EXPECT_THAT(figures, SizeIs(4));
  for (const FigureDefinition& figure : figures) EXPECT_EQ(figure.measured.threads, 1u);
}

TEST(OverheadFiguresTest, WhatIsComparedDiffersInThreadsOrInSamplingAlone) {
  for (const FigureDefinition& figure : OverheadFigures(2)) {
    ASSERT_EQ(figure.reference.has_value(), figure.kind != FigureKind::kFloorNs);
    if (!figure.reference) continue;
    Arm expected = figure.measured;
    EXPECT_TRUE(expected.is_sampled);
    (figure.kind == FigureKind::kSpeedUp ? expected.threads = 1 : expected.is_sampled = false);
    EXPECT_EQ(*figure.reference, expected);
    EXPECT_NE(*figure.reference, figure.measured);
  }
}

TEST(PlanRoundTest, HoldsEveryFigureOnceWithTheRoundsSeed) {
  const std::vector<FigureDefinition> figures = OverheadFigures(2);
  std::mt19937_64 random(1);
  std::set<size_t> seen;
  for (const auto& [index, trial] : PlanRound(Options(), figures, 3, random)) {
    seen.insert(index);
    const Arm& arm = figures.at(index).measured;
    EXPECT_EQ(trial.engine, arm.is_floor ? "null" : "plain");
    EXPECT_EQ(trial.cell.workload, arm.workload);
    EXPECT_EQ(trial.cell.threads, arm.threads);
    EXPECT_EQ(trial.sampling_period, std::nullopt);
    EXPECT_EQ(trial.workload.value_size.max_bytes, 100u);
    EXPECT_EQ(trial.workload.record_count, 1'000'000u);
    EXPECT_EQ(trial.seed, Options().seed + 3);
    EXPECT_FALSE(trial.is_floor);
    const std::optional<Arm>& reference = figures.at(index).reference;
    ASSERT_EQ(trial.pairs.has_value(), reference.has_value());
    EXPECT_DOUBLE_EQ(trial.duration_s * (reference ? trial.pairs->count : 1), Options().duration_s);
    if (!reference) continue;
    EXPECT_EQ(trial.pairs->reference_threads, reference->threads);
    EXPECT_EQ(trial.pairs->reference_is_sampled, reference->is_sampled);
  }
  EXPECT_THAT(seen, SizeIs(figures.size()));
}

TEST(PlanRoundTest, TheOrderChanges) {
  const std::vector<FigureDefinition> figures = OverheadFigures(2);
  std::mt19937_64 random(1);
  std::set<std::vector<size_t>> orders;
  for (unsigned round = 0; round < 20; ++round) {
    std::vector<size_t> order;
    for (const PlannedFigure& planned : PlanRound(Options(), figures, round, random)) {
      order.push_back(planned.figure);
    }
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 10u);
}

TEST(PlanRoundTest, AnEngineThatCannotIsRefused) {
  OverheadOptions options = Options();
  options.engine.definition = &test::kModest;  // serves one thread
  std::mt19937_64 random(1);
  try {
    PlanRound(options, OverheadFigures(2), 0, random);
    FAIL() << "planned";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("2 threads, it serves at most 1"));
  }
}

Trial TrialOf(const std::vector<Slice>& windows = {}) {
  Trial trial;
  trial.throughput_per_s = 4e8;
  trial.window_s = 2;
  trial.user_cpu_s = 2;
  trial.system_cpu_s = 1;
  trial.slices = windows;
  return trial;
}

TEST(ResultOfTest, AFloorIsTimePerOperationAndThread) {
  const RoundResult result = ResultOf(kFloorOfTwo, TrialOf());
  EXPECT_DOUBLE_EQ(result.value, 5);
  EXPECT_DOUBLE_EQ(result.cpu_share, 0.75);
}

TEST(ResultOfTest, ASpeedUpIsThroughputOverThatOfThePair) {
  const RoundResult result =
      ResultOf(kSpeedUpOfTwo, TrialOf({{2, 400}, {1, 100}, {1, 600}, {1, 200}, {2, 600}, {1, 50}}));
  EXPECT_DOUBLE_EQ(result.value, 3) << "the median of 2, 3 and 6";
  EXPECT_DOUBLE_EQ(result.cpu_share, 3. / (2 * 5 + 1 * 3)) << "of all windows";
}

TEST(ResultOfTest, ADisturbanceIsTheShareOfThroughputThatIsLost) {
  EXPECT_DOUBLE_EQ(ResultOf(kDisturbanceOfTwo, TrialOf({{1, 75}, {1, 100}})).value, 0.25);
  EXPECT_DOUBLE_EQ(
      ResultOf(kDisturbanceOfTwo, TrialOf({{1, 75}, {1, 100}, {2, 200}, {1, 100}, {1, 9}, {1, 1}}))
          .value,
      0);
}

// Of rounds with these values.
Figure FigureOf(FigureKind kind, double limit, const std::vector<double>& values,
                bool judges = true, double cpu_share = 1) {
  const FigureDefinition definition{kind, kOne, std::nullopt, limit};
  std::vector<RoundResult> rounds;
  for (const double value : values) rounds.push_back({value, cpu_share});
  return MakeFigure(definition, rounds, judges);
}

TEST(MakeFigureTest, ItIsTheMedianOfTheRounds) {
  const Figure figure = FigureOf(FigureKind::kFloorNs, 15, {20, 5, 10});
  EXPECT_THAT(figure.values, ElementsAre(20, 5, 10));
  EXPECT_DOUBLE_EQ(figure.median, 10);
  EXPECT_DOUBLE_EQ(figure.cpu_share, 1);
  EXPECT_FALSE(figure.interval);
  EXPECT_EQ(figure.verdict, Verdict::kNotJudged) << "three rounds have no interval";
}

// Between the smallest and the largest of seven lies the median in 98.4% of all cases.
const std::vector<double> kSeven = {10, 11, 12, 13, 14, 15, 16};

TEST(MakeFigureTest, TheIntervalDecides) {
  const auto verdict_of = [](FigureKind kind, double limit) {
    return FigureOf(kind, limit, kSeven).verdict;
  };
  for (const FigureKind at_most : {FigureKind::kFloorNs, FigureKind::kDisturbance}) {
    EXPECT_EQ(verdict_of(at_most, 17), Verdict::kOk);
    EXPECT_EQ(verdict_of(at_most, 13), Verdict::kInconclusive);
    EXPECT_EQ(verdict_of(at_most, 9), Verdict::kMissed);
  }
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 9), Verdict::kOk);
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 13), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 17), Verdict::kMissed);
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 9, kSeven, false).verdict, Verdict::kNotJudged);
}

TEST(MakeFigureTest, WhoLacksACpuMissesNothing) {
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 9, kSeven, true, 0.5).verdict, Verdict::kInconclusive);
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 17, kSeven, true, 0.5).verdict, Verdict::kOk);
}

OverheadReport ReportOf(const std::vector<double>& limits_ns) {
  OverheadReport report;
  for (const double limit_ns : limits_ns) {
    report.figures.push_back(
        FigureOf(FigureKind::kFloorNs, limit_ns, {6.67, 7, 7.68, 8.34, 9, 10}));
  }
  report.rounds = 6;
  report.clocks = {{"tsc", 17.0, 16, 0.25}, {"tsc", 19.0, 18, 0.5}, {"tsc", 18.0, 17, 0.125}};
  return report;
}

TEST(OverheadReportTest, TheWorstVerdictIsTheExitCode) {
  constexpr double kOk = 11, kInconclusive = 8, kMissed = 5;
  EXPECT_EQ(ExitCodeOf(ReportOf({kOk, kOk})), ExitCode::kOk);
  EXPECT_EQ(ExitCodeOf(ReportOf({kOk, kInconclusive})), ExitCode::kInconclusive);
  EXPECT_EQ(ExitCodeOf(ReportOf({kMissed, kInconclusive, kOk})), ExitCode::kRegression);
  EXPECT_EQ(ExitCodeOf(ReportOf({})), ExitCode::kOk);
}

TEST(OverheadReportTest, ClocksAreSummarised) {
  OverheadReport report = ReportOf({11});
  EXPECT_EQ(Summarise(report.clocks), (TrialClock{"tsc", 18.0, 17, 0.5}));
  report.clocks.push_back({"clock_gettime: why", 18.0, 17, std::nullopt});
  EXPECT_EQ(Summarise(report.clocks).source, "tsc; clock_gettime: why");
}

TEST(OverheadReportTest, TextHasEachFigureWithIntervalLimitAndVerdict) {
  const std::string text = ReportAsText(ReportOf({11, 5}), Options());
  EXPECT_THAT(text, HasSubstr("clock: tsc; a reading costs 18ns, smallest step 17ns, at most 0.5 "
                              "ppm off CLOCK_MONOTONIC\n"));
  EXPECT_THAT(text, HasSubstr("floor: null ycsb-c, 1 thread "));
  EXPECT_THAT(text, HasSubstr(" 8.01ns  [6.67ns - 10.00ns]      <= 11.00ns OK\n"));
  EXPECT_THAT(text, HasSubstr(" <= 5.00ns  MISSED\n"));
  EXPECT_THAT(text, HasSubstr("95% sure"));
}

TEST(OverheadReportTest, TextSaysThatOthersHadTheCpus) {
  OverheadReport report = ReportOf({11});
  EXPECT_THAT(ReportAsText(report, Options()), Not(HasSubstr("others had the CPUs")));
  report.figures[0].cpu_share = 0.4;
  EXPECT_THAT(ReportAsText(report, Options()), HasSubstr("threads ran in 40% of their time"));
}

TEST(OverheadReportTest, TextSaysHowManyRoundsWouldDecide) {
  const auto text_of = [](const std::vector<double>& limits_ns) {
    return ReportAsText(ReportOf(limits_ns), Options());
  };
  EXPECT_THAT(text_of({11, 5}), Not(HasSubstr("inconclusive")));
  // One round of six is beyond 9.5: of 21 three or four would be, and five may. Two are beyond 8.5:
  // of 41 fourteen would be, and thirteen may; of 81 some 27, and 31 may.
  EXPECT_THAT(text_of({9.5, 11}),
              HasSubstr("if further rounds are like these, --rounds 21 decides"));
  EXPECT_THAT(text_of({9.5, 8.5}), HasSubstr("--rounds 81 decides\n"));
  EXPECT_THAT(text_of({8}), HasSubstr("too near to the limit"));
  OverheadReport report = ReportOf({5});
  report.figures[0].verdict = Verdict::kInconclusive;  // for want of CPUs
  EXPECT_THAT(ReportAsText(report, Options()), Not(HasSubstr("--rounds")));
}

TEST(OverheadReportTest, WithoutACompleteRoundThereAreNoFiguresButTheReason) {
  OverheadReport report;
  report.notes = {"a trial failed"};
  const std::string text = ReportAsText(report, Options());
  EXPECT_THAT(text, HasSubstr("a trial failed\n"));
  EXPECT_THAT(text, Not(HasSubstr("floor")));
  EXPECT_THAT(ReportAsJson(report, Options()), HasSubstr("\"figures\": []"));
}

}  // namespace
}  // namespace kvs::selftest
