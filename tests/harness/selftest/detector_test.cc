#include "harness/selftest/detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "harness/exit_code.h"
#include "harness/selftest/detector_report.h"
#include "results/comparison.h"
#include "results/paired_comparison.h"
#include "tests/sanitizer.h"

namespace kvs::detector {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr unsigned kBlocks = 80;
constexpr double kTrialS = 0.5;
constexpr unsigned kDraws = kHasSanitizer ? 10 : 60;

// About a normal distribution: the same with every standard library.
double Noise(std::mt19937_64& random, double deviation) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
  return std::exp(deviation * (sum - 6));
}

// A pool of one cell whose arms lose what their names say; `own` is the noise of each trial,
// `drift` of each block.
Pool MadeUpPool(double own, double drift, unsigned blocks = kBlocks) {
  std::mt19937_64 random(7);
  Pool pool;
  for (unsigned block = 0; block < blocks; ++block) {
    const double speed = 1e6 * Noise(random, drift);
    unsigned position = 0;
    for (int twice = 0; twice < 2; ++twice) {
      for (const DetectorArm& arm : kDetectorArms) {
        if (arm.has_lock) continue;
        const double throughput = speed * (1 - arm.loss) * Noise(random, own);
        const auto p50_ns = static_cast<uint64_t>(1e9 / throughput);
        const uint64_t tail = arm.has_tail ? 3 : 1;
        pool.trials.push_back({.cell = "made-up",
                               .block = block,
                               .position = position++,
                               .arm = std::string(arm.name),
                               .throughput_per_s = throughput,
                               .read = PoolLatency{.samples = 50'000,
                                                   .p50_ns = p50_ns,
                                                   .p99_ns = 2 * p50_ns * tail,
                                                   .p999_ns = 4 * p50_ns * tail},
                               .elapsed_s = kTrialS});
      }
    }
  }
  return pool;
}

// The same throughputs, one arm after the other, over a machine that gets slower: 20% in a run.
Pool MadeUpRuns(unsigned runs) {
  constexpr unsigned kTrials = 10;
  std::mt19937_64 random(8);
  Pool pool;
  for (unsigned run = 0; run < runs; ++run) {
    unsigned position = 0;
    for (const std::string_view arm : {kBaseline, std::string_view("same")}) {
      for (unsigned i = 0; i < kTrials; ++i, ++position) {
        pool.trials.push_back(
            {.cell = "made-up",
             .block = run,
             .position = position,
             .arm = std::string(arm),
             .throughput_per_s = 1e6 * (1 - 0.01 * position) * Noise(random, 0.01),
             .elapsed_s = kTrialS});
      }
    }
  }
  return pool;
}

DetectorRules Rules(unsigned draws = kDraws) {
  DetectorRules rules;
  rules.minutes = {1, 2};
  rules.draws = draws;
  return rules;
}

TEST(DetectorTest, FindsWhatIsThereAndNothingElse) {
  const DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2), {}, Rules());
  const auto tally = [&](std::string_view arm) {
    return *report.Find("made-up", arm, Order::kInterleaved, Method::kCompare, 2.0)->drawn;
  };
  EXPECT_EQ(tally("same").comparisons, kDraws);
  EXPECT_LE(tally("same").false_verdicts, kDraws / 20);
  for (const char* arm : {"by5", "by10", "by20"}) {
    EXPECT_GE(tally(arm).throughput_found + tally(arm).untrusted, kDraws - kDraws / 30) << arm;
    EXPECT_EQ(tally(arm).said_ok, 0u) << arm;
  }
  EXPECT_LE(tally("tail").throughput_found, kDraws / 20);
  EXPECT_GE(tally("tail").any_found + tally("tail").untrusted, kDraws - kDraws / 30);
}

// The trials of an arm in the first `blocks` blocks, as a run has them.
Run RunOf(const Pool& pool, std::string_view arm, unsigned blocks) {
  Run run;
  for (const PoolTrial& recorded : pool.trials) {
    if (recorded.arm != arm || recorded.block >= blocks) continue;
    Trial trial;
    trial.cell = {.workload = recorded.cell,
                  .engine = "slowed",
                  .threads = 1,
                  .pool = "dedicated",
                  .durability = "process"};
    trial.repetition = recorded.block;
    trial.seed = recorded.block;
    trial.window_s = 1;
    trial.operations = static_cast<uint64_t>(recorded.throughput_per_s);
    trial.throughput_per_s = recorded.throughput_per_s;
    Latency latency{.what = "read", .samples = recorded.read->samples, .percentiles = {}};
    latency.percentiles = {{.percent = 50, .value_ns = recorded.read->p50_ns},
                           {.percent = 99, .value_ns = recorded.read->p99_ns},
                           {.percent = 99.9, .value_ns = recorded.read->p999_ns}};
    trial.latencies.push_back(std::move(latency));
    run.trials.push_back(std::move(trial));
  }
  return run;
}

// What `compare` makes of all blocks of the pool, stage by stage.
Tally JudgedByCompare(const Pool& pool, std::string_view arm, unsigned stages) {
  const unsigned per_stage = pool.Blocks() / stages;
  Comparison comparison;
  unsigned stage = 0;
  for (bool goes_on = true; goes_on && stage < stages; ++stage) {
    const unsigned blocks = (stage + 1) * per_stage;
    const PairedRuns runs{.baseline = RunOf(pool, kBaseline, blocks),
                          .candidate = RunOf(pool, arm, blocks),
                          .copy = RunOf(pool, kCopy, blocks)};
    const CellName cell = runs.baseline.trials.front().cell;
    PairedRules rules{.blocks_per_stage = per_stage, .verdicts = {}};
    rules.verdicts.stages = stages;
    comparison = ComparePaired(runs, {{.baseline = cell, .candidate = cell}}, rules);
    JudgeComparison(comparison);
    goes_on = IsUndecided(comparison.cells.front()) && OutcomeOf(comparison) != Outcome::kUntrusted;
  }
  Tally tally{.comparisons = 1, .blocks = size_t{stage} * per_stage};
  tally.untrusted = OutcomeOf(comparison) == Outcome::kUntrusted;
  if (tally.untrusted > 0) return tally;
  const Verdict throughput = comparison.cells.front().judgements.front().verdict;
  const VerdictCounts counts = CountVerdicts(comparison, false);
  tally.throughput_found = throughput == Verdict::kRegressed;
  tally.any_found = counts.regressed > 0;
  tally.undecided = throughput == Verdict::kInconclusive;
  tally.said_ok = FindDetectorArm(arm)->loss > 0 && throughput == Verdict::kOk;
  tally.false_verdicts =
      arm == kSame ? counts.regressed + counts.improved > 0 : throughput == Verdict::kImproved;
  return tally;
}

TEST(DetectorTest, JudgesAsCompareDoes) {
  DetectorRules rules = Rules();
  rules.verdicts.stages = 2;
  rules.minutes = {1.25};  // 25 blocks: 2 stages of 12
  rules.main_minutes = 1.25;
  rules.draws = 0;
  std::set<size_t> blocks_used;
  for (const double own : {0.005, 0.02, 0.04, 0.1}) {
    Pool pool = MadeUpPool(own, 0.1, 24);
    for (PoolTrial& trial : pool.trials) {
      // p99.9 can be judged, but not in the second stage.
      trial.read->samples = trial.block == 15 && trial.arm == kBaseline ? 50'000 : 150'000;
    }
    const DetectorReport report = MeasureDetector(pool, {}, rules);
    for (const char* arm : {"same", "by3", "by5", "by10", "tail"}) {
      const DetectorRow* row =
          report.Find("made-up", arm, Order::kInterleaved, Method::kCompare, 1.25);
      EXPECT_EQ(row->disjoint, JudgedByCompare(pool, arm, 2)) << own << " " << arm;
      blocks_used.insert(row->disjoint.blocks);
    }
  }
  EXPECT_THAT(blocks_used, ::testing::ElementsAre(12, 24));  // both were tried
}

TEST(DetectorTest, TellsHowLongAComparisonIsByTheRecordedTimes) {
  const DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2), {}, Rules());
  const auto row = [&](double minutes) {
    return report.Find("made-up", "same", Order::kInterleaved, Method::kCompare, minutes);
  };
  // Three arms, twice 0.5 s each.
  EXPECT_EQ(row(1)->trials, 2u * 20);
  EXPECT_EQ(row(2)->trials, 2u * 40);
  EXPECT_EQ(row(1)->disjoint.comparisons, kBlocks / 20);
  EXPECT_EQ(row(2)->disjoint.comparisons, kBlocks / 40);
  EXPECT_EQ(row(2)->drawn->blocks, kDraws * 40);
}

TEST(DetectorTest, WithTooFewBlocksThereIsNoComparison) {
  const DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2, 30), {}, Rules());
  const DetectorRow* row =
      report.Find("made-up", "by5", Order::kInterleaved, Method::kCompare, 2.0);
  EXPECT_EQ(row->drawn->comparisons, 0u);
  EXPECT_EQ(row->disjoint.comparisons, 0u);
  EXPECT_EQ(ExitCodeOf(report), ExitCode::kInconclusive);
  EXPECT_THAT(ReportAsText(report, Layout::kText), HasSubstr("cannot be told"));
}

TEST(DetectorTest, NoiseBeyondAllMeasureIsUndecidedNotOk) {
  const DetectorReport report = MeasureDetector(MadeUpPool(0.5, 0.2), {}, Rules());
  const Tally tally =
      *report.Find("made-up", "by5", Order::kInterleaved, Method::kCompare, 2.0)->drawn;
  EXPECT_GE(tally.undecided + tally.untrusted, kDraws - (kDraws + 11) / 12);
  EXPECT_EQ(ExitCodeOf(report), ExitCode::kRegression);  // the aim is missed
}

TEST(DetectorTest, DriftMakesChangesOfRunsOneAfterTheOther) {
  const DetectorReport report =
      MeasureDetector(MadeUpPool(0.01, 0.2), MadeUpRuns(6), Rules(/*draws=*/1));
  for (const Method method : {Method::kCompare, Method::kUTest}) {
    const DetectorRow* row =
        report.Find("made-up", "same", Order::kSequential, method, std::nullopt);
    EXPECT_EQ(row->trials, 10u);
    EXPECT_EQ(row->disjoint.comparisons, 6u);
    EXPECT_EQ(row->disjoint.false_verdicts, 6u);
  }
  // As many trials, interleaved.
  const DetectorRow* paired =
      report.Find("made-up", "same", Order::kInterleaved, Method::kCompare, std::nullopt);
  EXPECT_EQ(paired->trials, 10u);
}

TEST(DetectorTest, ATruthIsOfAllBlocks) {
  const DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2), {}, Rules(/*draws=*/1));
  for (const ArmTruth& truth : report.truths) {
    EXPECT_EQ(truth.blocks, kBlocks);
    EXPECT_NEAR(truth.throughput_change, -FindDetectorArm(truth.arm)->loss, 0.01);
    EXPECT_LT(truth.interval->low, truth.throughput_change);
    EXPECT_GT(truth.interval->high, truth.throughput_change);
  }
}

TEST(DetectorTest, TheSameSeedDrawsTheSame) {
  const Pool pool = MadeUpPool(0.1, 0.2);
  DetectorRules rules = Rules();
  rules.minutes = {2};
  rules.draws = 5;
  const std::string first = ReportAsJson(MeasureDetector(pool, {}, rules));
  EXPECT_EQ(ReportAsJson(MeasureDetector(pool, {}, rules)), first);
  rules.seed = 2;
  EXPECT_NE(ReportAsJson(MeasureDetector(pool, {}, rules)), first);
}

TEST(DetectorTest, RefusesAPoolThatLacksTrials) {
  const auto refusal = [](const Pool& pool) -> std::string {
    try {
      MeasureDetector(pool, {}, Rules());
    } catch (const UsageError& error) {
      return error.what();
    }
    return "";
  };
  Pool pool = MadeUpPool(0.01, 0.2, 4);
  pool.trials.pop_back();
  EXPECT_THAT(refusal(pool), HasSubstr("1 trials of arm 'tail'"));
  std::erase_if(pool.trials, [](const PoolTrial& trial) { return trial.arm == kCopy; });
  EXPECT_THAT(refusal(pool), HasSubstr("no arm 'copy'"));
}

TEST(DetectorTest, AFigureWithTooFewSamplesIsNotJudged) {
  Pool pool = MadeUpPool(0.001, 0.2);
  for (PoolTrial& trial : pool.trials) trial.read->samples = 9'000;  // 90 beyond p99
  const DetectorReport report = MeasureDetector(pool, {}, Rules());
  EXPECT_EQ(
      report.Find("made-up", "tail", Order::kInterleaved, Method::kCompare, 2.0)->drawn->any_found,
      0u);
}

TEST(ShareIntervalTest, IsClopperAndPearsons) {
  // scipy.stats.binomtest(k, n).proportion_ci()
  EXPECT_NEAR(ShareInterval(0, 10).low, 0, 1e-12);
  EXPECT_NEAR(ShareInterval(0, 10).high, 0.308497, 1e-6);
  EXPECT_NEAR(ShareInterval(3, 10).low, 0.066739, 1e-6);
  EXPECT_NEAR(ShareInterval(3, 10).high, 0.652453, 1e-6);
  EXPECT_NEAR(ShareInterval(10, 10).high, 1, 1e-12);
}

TEST(DetectorReportTest, AnAimIsKeptMissedOrUnknownByItsInterval) {
  DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2), {}, Rules(/*draws=*/1));
  const auto state_with = [&](size_t false_verdicts, size_t comparisons) {
    for (DetectorRow& row : report.rows) {
      if (row.arm != "same") continue;
      row.drawn->false_verdicts = false_verdicts;
      row.drawn->comparisons = comparisons;
    }
    return JudgeAims(report).front().state;
  };
  EXPECT_EQ(state_with(0, 500), Aim::State::kKept);
  EXPECT_EQ(state_with(10, 500), Aim::State::kUnknown);
  EXPECT_EQ(state_with(30, 500), Aim::State::kMissed);
  EXPECT_EQ(state_with(0, 0), Aim::State::kUnknown);
}

// The arms called by3 and by5 lost what `less` and `more` say, and were found so many times of 100.
Aim AimOfFindingBetween(double less, unsigned found_less, double more, unsigned found_more) {
  DetectorReport report = MeasureDetector(MadeUpPool(0.01, 0.2), {}, Rules(/*draws=*/1));
  const auto set = [&report](std::string_view arm, double loss, size_t found) {
    for (ArmTruth& truth : report.truths) {
      if (truth.arm == arm) truth.throughput_change = -loss;
    }
    for (DetectorRow& row : report.rows) {
      if (row.arm != arm) continue;
      row.drawn->throughput_found = found;
      row.drawn->comparisons = 100;
    }
  };
  set("by3", less, found_less);
  set("by5", more, found_more);
  return JudgeAims(report).at(1);
}

TEST(DetectorReportTest, ALossOfFivePercentIsJudgedBetweenTheArmsThatLostAboutThat) {
  const Aim halfway = AimOfFindingBetween(0.04, 50, 0.06, 100);
  EXPECT_EQ(halfway.what,
            "comparisons that find 5% less throughput (between those of -4.0% and -6.0%)");
  ASSERT_TRUE(halfway.share);
  EXPECT_NEAR(*halfway.share, 0.75, 1e-9);
  EXPECT_NEAR(halfway.interval.low, (ShareInterval(50, 100).low + ShareInterval(100, 100).low) / 2,
              1e-9);
  EXPECT_EQ(halfway.state, Aim::State::kMissed);

  EXPECT_EQ(AimOfFindingBetween(0.049, 99, 0.08, 100).state, Aim::State::kKept);
  EXPECT_EQ(AimOfFindingBetween(0.03, 70, 0.052, 93).state, Aim::State::kUnknown);
  // What was injected does not count: the arm of 3% lost more than 5%.
  EXPECT_NEAR(*AimOfFindingBetween(0.055, 60, 0.07, 90).share, 0.6 * 0.05 / 0.055, 0.01);
}

TEST(DetectorReportTest, MarkdownTablesHaveAsManyFieldsInEachRow) {
  const DetectorReport report =
      MeasureDetector(MadeUpPool(0.01, 0.2), MadeUpRuns(2), Rules(/*draws=*/1));
  const std::string text = ReportAsText(report, Layout::kMarkdown);
  EXPECT_THAT(text, HasSubstr("compare.py, U test"));
  EXPECT_THAT(text, HasSubstr("sequential: kvs-bench compare"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  size_t fields = 0;
  std::string line;
  for (std::istringstream lines(text); std::getline(lines, line);) {
    if (!line.starts_with("|")) {
      fields = 0;
      continue;
    }
    const auto bars = static_cast<size_t>(std::count(line.begin(), line.end(), '|'));
    if (fields != 0) {
      EXPECT_EQ(bars, fields) << line;
    }
    fields = bars;
  }
}

}  // namespace
}  // namespace kvs::detector
