#include "results/verdict.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <random>
#include <vector>

#include "tests/results/binomial_limits.h"

namespace kvs::verdict {
namespace {

// A time of which each trial is 100 times one of these.
Figure TimeOf(std::vector<double> baseline, std::vector<double> candidate) {
  for (double& value : baseline) value *= 100;
  for (double& value : candidate) value *= 100;
  Figure figure{.name = "read p50", .unit = "ns"};
  figure.stages.push_back({.baseline = std::move(baseline), .candidate = std::move(candidate)});
  return figure;
}

Figure CountOf(std::vector<double> baseline, std::vector<double> candidate) {
  Figure figure = TimeOf(std::move(baseline), std::move(candidate));
  figure.is_count = true;
  figure.stages.front().same_operations = true;
  return figure;
}

// `n` values around `middle`, evenly spread by `spread` to either side.
std::vector<double> Around(double middle, double spread, size_t n) {
  std::vector<double> values;
  for (size_t i = 0; i < n; ++i) {
    const double place = n == 1 ? 0 : 2 * static_cast<double>(i) / static_cast<double>(n - 1) - 1;
    values.push_back(middle * (1 + spread * place));
  }
  return values;
}

Judgement JudgeOne(const Figure& figure, Design design = Design::kUnpaired,
                   const VerdictRules& rules = {}) {
  return Judge(std::vector<Figure>{figure}, design, rules).front();
}

TEST(VerdictTest, AChangeBeyondTheThresholdThatIsSure) {
  const Judgement slower = JudgeOne(TimeOf(Around(1, 0.01, 8), Around(1.1, 0.01, 8)));
  EXPECT_EQ(slower.verdict, Verdict::kRegressed);
  EXPECT_NEAR(*slower.change, 0.1, 0.001);
  EXPECT_GT(slower.interval->low, 0.08);
  EXPECT_LT(slower.interval->high, 0.12);
  EXPECT_EQ(slower.alpha, 0.05);
  EXPECT_NEAR(slower.baseline_median, 100, 1e-9);
  EXPECT_NEAR(slower.candidate_median, 110, 1e-9);
  EXPECT_EQ(slower.baseline_trials, 8u);
  const Judgement faster = JudgeOne(TimeOf(Around(1.1, 0.01, 8), Around(1, 0.01, 8)));
  EXPECT_EQ(faster.verdict, Verdict::kImproved);
  EXPECT_NEAR(*faster.change, 1 / 1.1 - 1, 0.001);
}

TEST(VerdictTest, MoreIsBetterOfThroughput) {
  Figure throughput = TimeOf(Around(1, 0.01, 8), Around(1.1, 0.01, 8));
  throughput.higher_is_better = true;
  EXPECT_EQ(JudgeOne(throughput).verdict, Verdict::kImproved);
}

TEST(VerdictTest, OkIsAnIntervalWithinTheThreshold) {
  const Judgement same = JudgeOne(TimeOf(Around(1, 0.005, 8), Around(1.001, 0.005, 8)));
  EXPECT_EQ(same.verdict, Verdict::kOk);
  EXPECT_GT(same.interval->low, -0.02);
  EXPECT_LT(same.interval->high, 0.02);
  EXPECT_FALSE(same.detectable_change || same.trials_needed);
}

// 1% is sure, and does not matter.
TEST(VerdictTest, AChangeThatIsSureAndSmallIsOk) {
  const Judgement small = JudgeOne(TimeOf(Around(1, 0.001, 8), Around(1.01, 0.001, 8)));
  EXPECT_EQ(small.verdict, Verdict::kOk);
  EXPECT_GT(small.interval->low, 0);
  VerdictRules strict;
  strict.threshold = 0.005;
  EXPECT_EQ(JudgeOne(TimeOf(Around(1, 0.001, 8), Around(1.01, 0.001, 8)), Design::kUnpaired, strict)
                .verdict,
            Verdict::kRegressed);
}

// No interval exists, however clear the figures look.
TEST(VerdictTest, FewTrialsAreInconclusiveAndSayHowManyItTakes) {
  const Judgement three = JudgeOne(TimeOf(Around(1, 0.001, 3), Around(2, 0.001, 3)));
  EXPECT_EQ(three.verdict, Verdict::kInconclusive);
  EXPECT_NEAR(*three.change, 1, 0.01);
  EXPECT_FALSE(three.interval);
  EXPECT_FALSE(three.detectable_change);
  EXPECT_EQ(three.trials_needed, 4u);
  const Figure blocks = TimeOf(Around(1, 0, 5), Around(2, 0, 5));
  EXPECT_EQ(JudgeOne(blocks, Design::kPaired).verdict, Verdict::kInconclusive);
  EXPECT_EQ(JudgeOne(blocks, Design::kPaired).trials_needed, 6u);
  EXPECT_EQ(JudgeOne(TimeOf(Around(1, 0, 6), Around(2, 0, 6)), Design::kPaired).verdict,
            Verdict::kRegressed);
}

TEST(VerdictTest, NoisyTrialsSayWhatTheyCouldHaveShown) {
  const Judgement noisy = JudgeOne(TimeOf(Around(1, 0.2, 10), Around(1.005, 0.2, 10)));
  EXPECT_EQ(noisy.verdict, Verdict::kInconclusive);
  ASSERT_TRUE(noisy.interval && noisy.detectable_change && noisy.trials_needed);
  EXPECT_GT(*noisy.detectable_change, 0.05);
  EXPECT_LT(*noisy.detectable_change, 0.3);
  EXPECT_GT(*noisy.trials_needed, 10u);
  // What it calls detectable is: the same trials, moved so far, are a change.
  const double factor = 1.02 * (1 + *noisy.detectable_change);
  EXPECT_EQ(JudgeOne(TimeOf(Around(1, 0.2, 10), Around(1.005 * factor, 0.2, 10))).verdict,
            Verdict::kRegressed);
}

// With as many trials of that spread there is a verdict.
TEST(VerdictTest, TheTrialsThatAreNeededSuffice) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> noise(0, 0.03);
  const auto draw = [&](double middle, size_t n) {
    std::vector<double> values(n);
    for (double& value : values) value = middle * std::exp(noise(random));
    return values;
  };
  int decided = 0;
  constexpr int kRounds = 15;
  for (int round = 0; round < kRounds; ++round) {
    const Judgement pilot = JudgeOne(TimeOf(draw(1, 10), draw(1.0, 10)));
    if (pilot.verdict != Verdict::kInconclusive) continue;
    const size_t n = std::min<size_t>(*pilot.trials_needed, 150);
    decided += JudgeOne(TimeOf(draw(1, n), draw(1.0, n))).verdict == Verdict::kOk;
  }
  // A forecast from ten trials: it is right far more often than the pilot.
  EXPECT_GE(decided, kRounds / 3);
}

TEST(VerdictTest, PairedBlocksCancelWhatBothShare) {
  std::vector<double> baseline, candidate;
  for (size_t i = 0; i < 12; ++i) {
    const double drift = 1 + 0.1 * static_cast<double>(i);  // far more than the change
    baseline.push_back(drift);
    candidate.push_back(1.05 * drift * (1 + 0.002 * static_cast<double>(i % 3)));
  }
  const Figure figure = TimeOf(baseline, candidate);
  EXPECT_EQ(JudgeOne(figure, Design::kPaired).verdict, Verdict::kRegressed);
  EXPECT_EQ(JudgeOne(figure, Design::kUnpaired).verdict, Verdict::kInconclusive);
}

TEST(VerdictTest, CountsWhoseRatiosAgreeAreJudgedByTheExactRule) {
  const Judgement more = JudgeOne(CountOf({2, 2, 2}, {2.02, 2.02, 2.02}));
  EXPECT_EQ(more.verdict, Verdict::kRegressed);
  EXPECT_TRUE(more.is_exact);
  EXPECT_NEAR(*more.change, 0.01, 1e-9);
  EXPECT_EQ(JudgeOne(CountOf({2, 2, 2}, {1.98, 1.98, 1.98})).verdict, Verdict::kImproved);
  EXPECT_EQ(JudgeOne(CountOf({2, 2.001, 2}, {2.002, 2, 2})).verdict, Verdict::kOk);
  // What differs from trial to trial differs alike in both arms.
  EXPECT_EQ(JudgeOne(CountOf({2, 3, 4}, {2.2, 3.3, 4.4})).verdict, Verdict::kRegressed);
  Figure of_other_operations = CountOf({2, 3, 4}, {2.2, 3.3, 4.4});
  of_other_operations.stages.front().same_operations = false;
  EXPECT_EQ(JudgeOne(of_other_operations).verdict, Verdict::kInconclusive);
}

TEST(VerdictTest, ACountThatRepeatsItselfOnTheSameOperationsIsOneWitness) {
  Figure figure = CountOf({2, 2, 3, 3}, {2.2, 2.2, 3.3, 3.3});
  EXPECT_EQ(JudgeOne(figure, Design::kPaired).verdict, Verdict::kRegressed);
  figure.stages.front().trials_per_stream = 2;
  EXPECT_EQ(JudgeOne(figure, Design::kPaired).verdict, Verdict::kInconclusive);
  figure = CountOf({2, 2, 3, 3, 4, 4}, {2.2, 2.2, 3.3, 3.3, 4.4, 4.4});
  figure.stages.front().trials_per_stream = 2;
  EXPECT_TRUE(JudgeOne(figure, Design::kPaired).is_exact);
}

TEST(VerdictTest, TimesAndCountsThatVaryAreNotJudgedByTheExactRule) {
  EXPECT_EQ(JudgeOne(TimeOf({2, 2, 2}, {3, 3, 3})).verdict, Verdict::kInconclusive);
  EXPECT_EQ(JudgeOne(CountOf({2, 2}, {3, 3})).verdict, Verdict::kInconclusive);
  const Judgement varying = JudgeOne(CountOf(Around(2, 0.1, 12), Around(3, 0.2, 12)));
  EXPECT_EQ(varying.verdict, Verdict::kRegressed);
  EXPECT_FALSE(varying.is_exact);
}

TEST(VerdictTest, Zeros) {
  EXPECT_EQ(JudgeOne(CountOf({0, 0, 0}, {0, 0, 0})).verdict, Verdict::kOk);
  const Judgement from_zero = JudgeOne(CountOf({0, 0, 0}, {1, 1, 1}));
  EXPECT_EQ(from_zero.verdict, Verdict::kRegressed);
  EXPECT_FALSE(from_zero.change);  // no factor makes 1 of 0
  EXPECT_EQ(JudgeOne(CountOf({1, 1, 1}, {0, 0, 0})).verdict, Verdict::kImproved);
  const Judgement some = JudgeOne(CountOf({0, 1, 3}, {1, 2, 0}));
  EXPECT_EQ(some.verdict, Verdict::kNotJudged);
  EXPECT_EQ(some.reason, "0 in some trials");
  EXPECT_EQ(JudgeOne(TimeOf({}, {1})).verdict, Verdict::kNotJudged);
}

TEST(VerdictTest, WhatShallNotBeJudgedIsNotAndCountsForNothing) {
  Figure rare = TimeOf(Around(1, 0, 4), Around(2, 0, 4));
  rare.why_not_judged = "rare";
  const std::vector<Figure> figures = {rare, TimeOf(Around(1, 0.001, 4), Around(2, 0.001, 4)),
                                       rare};
  const std::vector<Judgement> judgements = Judge(figures, Design::kUnpaired, {});
  EXPECT_EQ(judgements[0].verdict, Verdict::kNotJudged);
  EXPECT_EQ(judgements[0].reason, "rare");
  EXPECT_EQ(judgements[1].verdict, Verdict::kRegressed);
  EXPECT_EQ(judgements[1].alpha, 0.05);
}

// Benjamini and Hochberg (1995), section 4.1: the p values of their example, of which the procedure
// rejects four at 0.05, and Bonferroni's three.
TEST(VerdictTest, SelectsAsTheExampleOfBenjaminiAndHochberg) {
  const std::vector<double> p_values = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201,
                                        0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                                        0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
  EXPECT_EQ(CountSelected(p_values, 0.05), 4u);
  EXPECT_EQ(CountSelected(p_values, 0.001), 0u);
  EXPECT_EQ(CountSelected({}, 0.05), 0u);
  EXPECT_EQ(CountSelected({0.05}, 0.05), 1u);
  // The largest rank decides, though not every smaller one holds.
  EXPECT_EQ(CountSelected({0.04, 0.045, 0.049}, 0.05), 3u);
}

TEST(VerdictTest, MoreFiguresNeedMoreEvidenceAndSharedChangesNeedLess) {
  const Figure changed = TimeOf(Around(1, 0.001, 5), Around(1.1, 0.001, 5));  // p = 2 / 252
  const Figure noisy = TimeOf(Around(1, 0.2, 5), Around(1.001, 0.2, 5));
  std::vector<Figure> one_of_many(10, noisy);
  one_of_many[3] = changed;
  const Judgement alone = Judge(one_of_many, Design::kUnpaired, {})[3];
  EXPECT_EQ(alone.verdict, Verdict::kInconclusive);
  EXPECT_NEAR(alone.alpha, 0.005, 1e-12);
  EXPECT_EQ(alone.trials_needed, 6u);  // 2 / 924
  std::vector<Figure> many(10, noisy);
  for (size_t i = 0; i < 4; ++i) many[i] = changed;
  const Judgement together = Judge(many, Design::kUnpaired, {})[0];
  EXPECT_EQ(together.verdict, Verdict::kRegressed);
  EXPECT_NEAR(together.alpha, 0.02, 1e-12);
}

// Otherwise a noisy figure beside many quiet ones would raise a false alarm.
TEST(VerdictTest, FiguresThatAreOkDoNotMakeAChangeEasier) {
  std::vector<Figure> figures(10, TimeOf(Around(1, 0.001, 12), Around(1, 0.001, 12)));
  figures[3] = TimeOf(Around(1, 0.001, 5), Around(1.1, 0.001, 5));  // p = 2 / 252
  const std::vector<Judgement> judgements = Judge(figures, Design::kUnpaired, {});
  EXPECT_EQ(judgements[0].verdict, Verdict::kOk);
  EXPECT_EQ(judgements[3].verdict, Verdict::kInconclusive);
}

TEST(VerdictTest, StagesShareTheErrorAndJudgeFreshBlocksAlone) {
  VerdictRules rules;
  rules.stages = 2;
  Figure figure = TimeOf(Around(1, 0.1, 8), Around(1.03, 0.1, 8));
  const Judgement first = JudgeOne(figure, Design::kUnpaired, rules);
  EXPECT_EQ(first.verdict, Verdict::kInconclusive);
  EXPECT_EQ(first.alpha, 0.025);
  figure.stages.push_back(TimeOf(Around(1, 0.01, 8), Around(1.1, 0.01, 8)).stages.front());
  const Judgement second = JudgeOne(figure, Design::kUnpaired, rules);
  EXPECT_EQ(second.verdict, Verdict::kRegressed);
  EXPECT_EQ(second.stage, 1u);
  EXPECT_NEAR(*second.change, 0.1, 0.001);  // of the second stage alone

  // What the first stage decided stays, whatever comes later.
  Figure decided = TimeOf(Around(1, 0.01, 8), Around(1.1, 0.01, 8));
  const Judgement before = JudgeOne(decided, Design::kUnpaired, rules);
  decided.stages.push_back(TimeOf(Around(1, 0.01, 8), Around(1, 0.01, 8)).stages.front());
  EXPECT_EQ(JudgeOne(decided, Design::kUnpaired, rules), before);
}

// Simulations: what is promised of false verdicts holds, and true changes are found. Fixed seeds.

struct Family {
  size_t figures = 8;
  size_t trials = 10;
  double noise = 0.02;
  double change_share = 0;  // of the figures that change
  double change = 0;
};

struct Errors {
  int any_false_change = 0;
  double false_share_sum = 0;  // of false changes among the changes reported
  int decided = 0;
  int true_found = 0, true_changes = 0;
};

Errors Simulate(const Family& family, Design design, int rounds, unsigned stages) {
  std::mt19937_64 random(42);
  std::student_t_distribution<double> noise(3);  // heavy tails
  Errors errors;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Figure> figures(family.figures);
    const auto changed =
        static_cast<size_t>(family.change_share * static_cast<double>(family.figures));
    for (size_t i = 0; i < family.figures; ++i) {
      for (unsigned stage = 0; stage < stages; ++stage) {
        Arms arms;
        for (size_t k = 0; k < family.trials; ++k) {
          const double shared = design == Design::kPaired ? noise(random) : 0;
          const double own = family.noise * noise(random);
          arms.baseline.push_back(std::exp(shared));
          arms.candidate.push_back(std::exp(shared + own));
          if (design == Design::kUnpaired)
            arms.baseline[k] = std::exp(family.noise * noise(random));
          if (i < changed) arms.candidate[k] *= 1 + family.change;
        }
        figures[i].stages.push_back(std::move(arms));
      }
    }
    VerdictRules rules;
    rules.stages = stages;
    int changes = 0, false_changes = 0;
    const std::vector<Judgement> judgements = Judge(figures, design, rules);
    for (size_t i = 0; i < family.figures; ++i) {
      const Verdict verdict = judgements[i].verdict;
      errors.decided += verdict != Verdict::kInconclusive;
      if (i < changed) {
        ++errors.true_changes;
        errors.true_found += verdict == Verdict::kRegressed;
      }
      if (verdict != Verdict::kRegressed && verdict != Verdict::kImproved) continue;
      ++changes;
      false_changes += i >= changed || verdict == Verdict::kImproved;
    }
    errors.any_false_change += false_changes > 0;
    if (changes > 0) errors.false_share_sum += static_cast<double>(false_changes) / changes;
  }
  return errors;
}

constexpr int kRounds = 250;

TEST(VerdictSimulationTest, WhereNothingChangedAChangeIsReportedInAtMostOneOfTwentyComparisons) {
  for (const Design design : {Design::kPaired, Design::kUnpaired}) {
    for (const unsigned stages : {1u, 2u}) {
      const Errors errors = Simulate({}, design, kRounds, stages);
      EXPECT_LE(errors.any_false_change, MostWith(kRounds, 0.05));
    }
  }
}

TEST(VerdictSimulationTest, FalseChangesAreAtMostTheirShareOfThoseReported) {
  for (const Design design : {Design::kPaired, Design::kUnpaired}) {
    const Errors errors =
        Simulate({.trials = 14, .change_share = 0.5, .change = 0.1}, design, kRounds, 1);
    // Each round's share is within 0..1, so its sum varies no more than a count of events would.
    EXPECT_LE(errors.false_share_sum, MostWith(kRounds, 0.05));
    EXPECT_GT(errors.true_found, errors.true_changes * 9 / 10);
  }
}

// The change is just what matters, so that every OK is false.
TEST(VerdictSimulationTest, ChangesOfTheThresholdAreRarelyCalledOk) {
  for (const double change : {0.0201, 1 / 1.0201 - 1}) {
    std::mt19937_64 random(5);
    std::normal_distribution<double> noise(0, 0.01);
    int ok = 0;
    for (int round = 0; round < kRounds; ++round) {
      std::vector<double> baseline(12), candidate(12);
      for (double& value : baseline) value = std::exp(noise(random));
      for (double& value : candidate) value = (1 + change) * std::exp(noise(random));
      ok += JudgeOne(TimeOf(baseline, candidate)).verdict == Verdict::kOk;
    }
    EXPECT_LE(ok, MostWith(kRounds, 0.05));
  }
}

TEST(VerdictSimulationTest, EqualArmsWithEnoughBlocksAreOk) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> noise(0, 0.01);
  int ok = 0;
  for (int round = 0; round < 100; ++round) {
    std::vector<double> baseline(40), candidate(40);
    for (double& value : baseline) value = std::exp(noise(random));
    for (double& value : candidate) value = std::exp(noise(random));
    ok += JudgeOne(TimeOf(baseline, candidate)).verdict == Verdict::kOk;
  }
  EXPECT_GE(ok, 95);
}

// The exact rule needs no statistics only where chance hardly ever looks like agreement.
TEST(VerdictSimulationTest, NoisyCountsSeldomPassForExactOnesThatDiffer) {
  for (const double spread : {0.001, 0.003, 0.005, 0.01, 0.03}) {
    std::mt19937_64 random(8);
    std::normal_distribution<double> noise(0, spread);
    int false_changes = 0;
    constexpr int kCounts = 2000;
    for (int round = 0; round < kCounts; ++round) {
      std::vector<double> baseline(3), candidate(3);
      for (double& value : baseline) value = std::exp(noise(random));
      for (double& value : candidate) value = std::exp(noise(random));
      const Verdict verdict = JudgeOne(CountOf(baseline, candidate)).verdict;
      false_changes += verdict == Verdict::kRegressed || verdict == Verdict::kImproved;
    }
    EXPECT_LE(false_changes, MostWith(kCounts, 0.01)) << spread;
  }
}

}  // namespace
}  // namespace kvs::verdict
