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

const Arm kOne{.is_floor = true, .workload = "ycsb-c", .threads = 1, .sampled = true};
const Arm kTwo{.is_floor = true, .workload = "ycsb-c", .threads = 2, .sampled = true};
const Arm kOneUnsampled{.is_floor = true, .workload = "ycsb-c", .threads = 1, .sampled = false};

TEST(OverheadFiguresTest, CoverFloorSpeedUpAndDisturbance) {
  std::multiset<FigureKind> kinds;
  for (const FigureDefinition& figure : OverheadFigures(2)) kinds.insert(figure.kind);
  EXPECT_EQ(kinds.count(FigureKind::kFloorNs), 4u);
  EXPECT_EQ(kinds.count(FigureKind::kSpeedUp), 2u);
  EXPECT_EQ(kinds.count(FigureKind::kDisturbance), 4u);
  EXPECT_THAT(ArmsOf(OverheadFigures(2)), SizeIs(10));
  EXPECT_THAT(ArmsOf(OverheadFigures(64)), SizeIs(10));
}

TEST(OverheadFiguresTest, OneCpuHasNoneOfTwoThreads) {
  for (const Arm& arm : ArmsOf(OverheadFigures(1))) EXPECT_EQ(arm.threads, 1u);
}

TEST(OverheadFiguresTest, ADisturbanceIsOfArmsThatDifferInSamplingAlone) {
  for (const FigureDefinition& figure : OverheadFigures(2)) {
    if (figure.kind != FigureKind::kDisturbance) continue;
    EXPECT_TRUE(figure.measured.sampled);
    Arm unsampled = figure.measured;
    unsampled.sampled = false;
    EXPECT_EQ(figure.reference, unsampled);
  }
}

TEST(PlanRoundTest, HoldsEveryArmOnceWithTheRoundsSeed) {
  const std::vector<Arm> arms = ArmsOf(OverheadFigures(2));
  std::mt19937_64 random(1);
  const std::vector<PlannedArm> planned = PlanRound(Options(), arms, 3, random);
  std::vector<Arm> seen;
  for (const auto& [arm, trial] : planned) {
    seen.push_back(arm);
    EXPECT_EQ(trial.engine, arm.is_floor ? "null" : "plain");
    EXPECT_EQ(trial.cell.workload, arm.workload);
    EXPECT_EQ(trial.cell.threads, arm.threads);
    EXPECT_EQ(trial.sampling_period, arm.sampled ? std::nullopt : std::optional(1e9));
    EXPECT_EQ(trial.workload.value_size.max_bytes, 100u);
    EXPECT_EQ(trial.workload.record_count, 1'000'000u);
    EXPECT_EQ(trial.seed, Options().seed + 3);
    EXPECT_FALSE(trial.is_floor);
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, arms);
}

TEST(PlanRoundTest, WhatIsComparedComesTogetherInAnOrderThatChanges) {
  const std::vector<Arm> arms = ArmsOf(OverheadFigures(2));
  std::mt19937_64 random(1);
  std::set<std::vector<Arm>> orders;
  std::set<bool> first_is_sampled;
  for (unsigned round = 0; round < 20; ++round) {
    std::vector<Arm> order;
    for (const PlannedArm& planned : PlanRound(Options(), arms, round, random)) {
      order.push_back(planned.arm);
    }
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i].sampled) continue;
      Arm sampled = order[i];
      sampled.sampled = true;
      const bool is_before = i > 0 && order[i - 1] == sampled;
      const bool is_after = i + 1 < order.size() && order[i + 1] == sampled;
      EXPECT_TRUE(is_before || is_after) << "round " << round;
      first_is_sampled.insert(is_before);
    }
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 10u);
  EXPECT_THAT(first_is_sampled, SizeIs(2));
}

TEST(PlanRoundTest, AnEngineThatCannotIsRefused) {
  OverheadOptions options = Options();
  options.engine.definition = &test::kModest;  // serves one thread
  std::mt19937_64 random(1);
  try {
    PlanRound(options, ArmsOf(OverheadFigures(2)), 0, random);
    FAIL() << "planned";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), HasSubstr("2 threads, it serves at most 1"));
  }
}

FigureDefinition Definition(FigureKind kind, double limit) {
  switch (kind) {
    case FigureKind::kFloorNs:
      return {kind, kOne, kOne, limit};
    case FigureKind::kSpeedUp:
      return {kind, kTwo, kOne, limit};
    case FigureKind::kDisturbance:
      break;
  }
  return {kind, kOne, kOneUnsampled, limit};
}

std::vector<ArmResult> Results(const std::vector<double>& throughputs, double cpu_share = 1) {
  std::vector<ArmResult> results;
  for (const double throughput : throughputs) results.push_back({throughput, cpu_share});
  return results;
}

// The measured arm does as many operations per second, any other 100 million.
Figure FigureOf(FigureKind kind, double limit, const std::vector<double>& measured,
                bool judges = true, double cpu_share = 1) {
  const FigureDefinition definition = Definition(kind, limit);
  const std::vector<ArmResult> hundred = Results(std::vector<double>(measured.size(), 1e8));
  ArmResults results = {{kOne, hundred}, {kTwo, hundred}, {kOneUnsampled, hundred}};
  results[definition.measured] = Results(measured, cpu_share);
  return MakeFigure(definition, results, measured.size(), judges);
}

TEST(MakeFigureTest, AFloorIsTimePerOperationAndThread) {
  const FigureDefinition two{FigureKind::kFloorNs, kTwo, kTwo, 15};
  const Figure figure = MakeFigure(two, {{kTwo, Results({1e8, 2e8, 4e8})}}, 3, true);
  EXPECT_THAT(figure.values, ElementsAre(20, 10, 5));
  EXPECT_DOUBLE_EQ(figure.median, 10);
  EXPECT_FALSE(figure.interval);
  EXPECT_EQ(figure.verdict, Verdict::kNotJudged) << "three rounds have no interval";
}

TEST(MakeFigureTest, ASpeedUpIsThroughputOverThatOfTheSameRound) {
  const Figure figure =
      MakeFigure(Definition(FigureKind::kSpeedUp, 1.95),
                 {{kTwo, Results({2e8, 6e8}, 0.5)}, {kOne, Results({1e8, 2e8})}}, 2, true);
  EXPECT_THAT(figure.values, ElementsAre(2, 3));
  EXPECT_DOUBLE_EQ(figure.cpu_share, 0.5);
}

TEST(MakeFigureTest, ADisturbanceIsTheShareThatIsLost) {
  const Figure figure = FigureOf(FigureKind::kDisturbance, 0.02, {0.75e8, 1e8, 1.25e8});
  EXPECT_THAT(figure.values, ElementsAre(0.25, 0, -0.25));
}

TEST(MakeFigureTest, OnlyCompleteRoundsCount) {
  const Figure figure = MakeFigure(Definition(FigureKind::kSpeedUp, 1.95),
                                   {{kTwo, Results({2e8, 6e8})}, {kOne, Results({1e8})}}, 1, true);
  EXPECT_THAT(figure.values, ElementsAre(2));
}

// Between the smallest and the largest of seven lies the median in 98.4% of all cases.
const std::vector<double> kSeven = {1.00e8, 1.01e8, 1.02e8, 1.03e8, 1.04e8, 1.05e8, 1.06e8};

TEST(MakeFigureTest, TheIntervalDecides) {
  const auto verdict_of = [](FigureKind kind, double limit) {
    return FigureOf(kind, limit, kSeven).verdict;
  };
  EXPECT_EQ(verdict_of(FigureKind::kFloorNs, 10.1), Verdict::kOk);
  EXPECT_EQ(verdict_of(FigureKind::kFloorNs, 9.9), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of(FigureKind::kFloorNs, 9.0), Verdict::kMissed);
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 0.99), Verdict::kOk);
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 1.02), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of(FigureKind::kSpeedUp, 1.07), Verdict::kMissed);
  EXPECT_EQ(verdict_of(FigureKind::kDisturbance, 0.02), Verdict::kOk);
  EXPECT_EQ(verdict_of(FigureKind::kDisturbance, -0.03), Verdict::kInconclusive);
  EXPECT_EQ(verdict_of(FigureKind::kDisturbance, -0.07), Verdict::kMissed);
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 9.0, kSeven, false).verdict, Verdict::kNotJudged);
}

TEST(MakeFigureTest, WhoLacksACpuMissesNothing) {
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 9.0, kSeven, true, 0.5).verdict, Verdict::kInconclusive);
  EXPECT_EQ(FigureOf(FigureKind::kFloorNs, 10.1, kSeven, true, 0.5).verdict, Verdict::kOk);
}

OverheadReport ReportOf(const std::vector<double>& limits_ns) {
  OverheadReport report;
  for (const double limit_ns : limits_ns) {
    report.figures.push_back(
        FigureOf(FigureKind::kFloorNs, limit_ns, {1e8, 1.1e8, 1.2e8, 1.3e8, 1.4e8, 1.5e8}));
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
