#include "results/paired_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/results/synthetic_run.h"

namespace kvs::paired_comparison {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr unsigned kBlocks = 12;

// Throughput of a trial by block and place in it (0 or 1).
using ThroughputOf = std::function<double(unsigned, unsigned)>;

kvs::Run ArmOf(const CellName& cell, unsigned blocks, const ThroughputOf& throughput_per_s) {
  kvs::Run run;
  run.version = "0.1.0";
  for (unsigned block = 0; block < blocks; ++block) {
    for (unsigned place = 0; place < kTrialsPerBlock; ++place) {
      run.trials.push_back(SyntheticTrial(cell, block, throughput_per_s(block, place)));
      run.trials.back().seed = 1 + block;
    }
  }
  return run;
}

// A machine that drifts by half during the run, and an arm that is `factor` as fast on it.
ThroughputOf Steady(double factor) {
  return [factor](unsigned block, unsigned place) {
    return 1e6 * factor * (1 + 0.04 * block) * (1 + 1e-4 * ((block + 3 * place) % 5));
  };
}

const PairedCell kCell = {.baseline = SyntheticCell("lmdb"), .candidate = SyntheticCell("lmdb")};

PairedRuns RunsOf(double factor, unsigned blocks = kBlocks) {
  return {.baseline = ArmOf(kCell.baseline, blocks, Steady(1)),
          .candidate = ArmOf(kCell.candidate, blocks, Steady(factor)),
          .copy = ArmOf(kCell.baseline, blocks, Steady(1))};
}

PairedRules RulesOf(unsigned stages = 1, unsigned blocks = kBlocks) {
  PairedRules rules;
  rules.blocks_per_stage = blocks;
  rules.verdicts.stages = stages;
  return rules;
}

Comparison Judged(const PairedRuns& runs, const PairedRules& rules = RulesOf(),
                  const std::vector<PairedCell>& cells = {kCell}) {
  Comparison comparison = ComparePaired(runs, cells, rules);
  JudgeComparison(comparison);
  return comparison;
}

const Figure& Find(const Comparison& comparison, const std::string& name) {
  for (const Figure& figure : comparison.cells.at(0).figures) {
    if (figure.name == name) return figure;
  }
  ADD_FAILURE() << "there is no figure " << name;
  return comparison.cells.at(0).figures.at(0);
}

TEST(PairedComparisonTest, BlocksAreComparedWithThemselves) {
  EXPECT_EQ(OutcomeOf(Judged(RunsOf(0.95))), Outcome::kRegressed);
  EXPECT_EQ(OutcomeOf(Judged(RunsOf(1.0001))), Outcome::kOk);
  const Comparison comparison = Judged(RunsOf(0.95));
  EXPECT_EQ(comparison.design, Design::kPaired);
  EXPECT_EQ(Find(comparison, "throughput").stages.at(0).candidate.size(), 2 * kBlocks);
  EXPECT_THAT(comparison.warnings, IsEmpty());
  EXPECT_EQ(Judged(RunsOf(0.95), RulesOf(2)).rules.stages, 2u);
}

TEST(PairedComparisonTest, TrialsOfABlockAreTwoPairs) {
  PairedRuns runs = RunsOf(1);
  for (unsigned trial = 0; trial < 2 * kBlocks; ++trial) {
    runs.baseline.trials[trial].throughput_per_s = 1000 + trial;
    runs.candidate.trials[trial].throughput_per_s = 2000 + trial;
    runs.copy->trials[trial].throughput_per_s = 3000 + trial;
  }
  const Arms arms = Find(Judged(runs), "throughput").stages.at(0);
  ASSERT_EQ(arms.baseline.size(), 2 * kBlocks);
  for (unsigned pair = 0; pair < 2 * kBlocks; ++pair) {
    EXPECT_EQ(arms.baseline.at(pair), 1000 + pair);
    EXPECT_EQ(arms.candidate.at(pair), 2000 + pair);
    EXPECT_EQ(arms.baseline_copy.at(pair), 3000 + pair);
  }
}

TEST(PairedComparisonTest, OnlyWholeBlocksCount) {
  PairedRuns runs = RunsOf(1);
  runs.candidate.trials.erase(runs.candidate.trials.begin() + 4);  // of block 2
  runs.copy->trials.pop_back();                                    // of the last one
  const Arms arms = Find(Judged(runs), "throughput").stages.at(0);
  EXPECT_EQ(arms.baseline.size(), 2 * (kBlocks - 2));
  EXPECT_EQ(arms.candidate.size(), 2 * (kBlocks - 2));
  EXPECT_EQ(arms.baseline_copy.size(), 2 * (kBlocks - 2));
  EXPECT_NEAR(arms.baseline.at(4) / arms.baseline.at(3), 1.12 / 1.04, 1e-3);

  runs = RunsOf(1, 1);
  runs.candidate.trials.pop_back();
  EXPECT_EQ(Judged(runs).cells.at(0).why_not_compared, "no block was finished");
  EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kInconclusive);
}

TEST(PairedComparisonTest, LaterStagesAreJudgedByTheirBlocksAlone) {
  const auto first_noisy = [](unsigned block, unsigned place) {
    const double noise = block >= kBlocks ? 1 : block % 2 == 0 ? 1.3 : 1 / 1.3;
    return Steady(0.9)(block, place) * noise;
  };
  PairedRuns runs = RunsOf(1, 2 * kBlocks);
  runs.candidate = ArmOf(kCell.candidate, kBlocks, first_noisy);
  const Comparison first = Judged(runs, RulesOf(2));
  EXPECT_EQ(OutcomeOf(first), Outcome::kInconclusive);
  EXPECT_TRUE(IsUndecided(first.cells.at(0)));

  runs.candidate = ArmOf(kCell.candidate, 2 * kBlocks, first_noisy);
  const Comparison both = Judged(runs, RulesOf(2));
  EXPECT_EQ(OutcomeOf(both), Outcome::kRegressed);
  EXPECT_FALSE(IsUndecided(both.cells.at(0)));
  EXPECT_EQ(both.cells.at(0).judgements.at(0).stage, 1u);
  EXPECT_EQ(both.cells.at(0).judgements.at(0).candidate_trials, 2 * kBlocks);
  EXPECT_NEAR(*both.cells.at(0).judgements.at(0).change, -0.1, 0.001);
}

TEST(PairedComparisonTest, ALaterStageChangesNothingThatWasDecided) {
  PairedRuns runs = RunsOf(0.9, 2 * kBlocks);
  Trial& late = runs.copy->trials.back();
  for (Latency& latency : late.latencies) latency.samples = 10;
  late.costs.reset();
  const Comparison comparison = Judged(runs, RulesOf(2));
  EXPECT_EQ(Find(comparison, "read p50").stages.size(), 1u);
  EXPECT_EQ(Find(comparison, "read p50").why_not_judged, "");
  EXPECT_EQ(Find(comparison, "bytes by write calls").stages.size(), 1u);
  EXPECT_EQ(Find(comparison, "throughput").stages.size(), 2u);
  EXPECT_EQ(comparison.cells.at(0).judgements.at(0).stage, 0u);
}

TEST(PairedComparisonTest, PercentilesNeedSamplesBeyondThemInEveryTrialOfEveryArm) {
  PairedRuns runs = RunsOf(1);
  for (Latency& latency : runs.copy->trials[3].latencies) latency.samples = 9940;
  EXPECT_THAT(Find(Judged(runs), "read p99").why_not_judged, HasSubstr("fewer than 100"));
  runs.copy->trials[3].latencies.clear();
  EXPECT_THAT(Find(Judged(runs), "read p50").why_not_judged, HasSubstr("not sampled"));
}

TEST(PairedComparisonTest, CountsOfTheSameOperationsAreExact) {
  PairedRuns runs = RunsOf(1);
  for (Trial& trial : runs.candidate.trials) {
    trial.costs->call_write_bytes = *trial.costs->call_write_bytes * 11 / 10;
  }
  const auto is_exact = [](const Comparison& comparison) {
    const auto& figures = comparison.cells.at(0).figures;
    const auto at = static_cast<size_t>(&Find(comparison, "bytes by write calls") - figures.data());
    return comparison.cells.at(0).judgements.at(at).is_exact;
  };
  EXPECT_TRUE(is_exact(Judged(runs)));
  EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kRegressed);
  runs.candidate.trials[5].seed = 77;
  EXPECT_FALSE(is_exact(Judged(runs)));
}

TEST(PairedComparisonTest, TheTwoTrialsOfABlockAreOneWitnessForACount) {
  const Comparison comparison = Judged(RunsOf(1, 2), RulesOf(1, 2));
  for (const Judgement& judgement : comparison.cells.at(0).judgements) {
    EXPECT_FALSE(judgement.is_exact);
  }
}

TEST(PairedComparisonTest, ABaselineThatDiffersFromItselfIsNotTrusted) {
  PairedRuns runs = RunsOf(0.9);
  runs.copy = ArmOf(kCell.baseline, kBlocks, Steady(0.95));
  EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kUntrusted);
  runs.copy.reset();
  EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kRegressed);
  EXPECT_THAT(Judged(runs).warnings, ElementsAre(HasSubstr("nothing vouches")));
}

TEST(PairedComparisonTest, FailuresOfEachArm) {
  const auto fail = [](kvs::Run& run) {
    run.trials.back().status = TrialStatus::kWrongAnswer;
    run.trials.back().reason = "a foreign value";
  };
  PairedRuns runs = RunsOf(1);
  fail(runs.candidate);
  EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kFailed);
  EXPECT_THAT(Judged(runs).cells.at(0).why_not_compared,
              AllOf(HasSubstr("candidate: 1 of 24 trials failed"), HasSubstr("a foreign value")));
  for (const bool in_copy : {false, true}) {
    runs = RunsOf(1);
    fail(in_copy ? *runs.copy : runs.baseline);
    EXPECT_EQ(OutcomeOf(Judged(runs)), Outcome::kInconclusive);
    EXPECT_FALSE(IsUndecided(Judged(runs).cells.at(0)));
  }
}

TEST(PairedComparisonTest, AFewBlocksWithoutAnOperationAreLeftOut) {
  PairedRuns runs = RunsOf(0.9, 20);
  runs.baseline.trials[0].operations = 0;
  runs.copy->trials[1].operations = 0;
  runs.candidate.trials[10].operations = 0;
  Comparison comparison = Judged(runs, RulesOf(1, 20));
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kRegressed);
  EXPECT_EQ(Find(comparison, "throughput").stages.at(0).baseline.size(), 36u);
  EXPECT_THAT(
      comparison.warnings,
      ElementsAre(AllOf(HasSubstr("left out 2 of 20 blocks"),
                        HasSubstr("1 of the baseline, 1 of the candidate, 1 of the copy"))));

  runs.candidate.trials[20].operations = 0;
  comparison = Judged(runs, RulesOf(1, 20));
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kInconclusive);
  EXPECT_THAT(comparison.cells.at(0).why_not_compared,
              HasSubstr("candidate: 2 of 40 trials completed no operation"));
}

TEST(PairedComparisonTest, WhatAnArmDoesNotSupportIsNamedAndLeftOut) {
  PairedRuns runs = RunsOf(1);
  const PairedCell other = {.baseline = SyntheticCell("sqlite"),
                            .candidate = SyntheticCell("sqlite")};
  Trial trial;
  trial.cell = other.candidate;
  trial.status = TrialStatus::kUnsupported;
  trial.reason = "scans";
  runs.candidate.trials.push_back(trial);
  const Comparison comparison = Judged(runs, RulesOf(), {kCell, other});
  EXPECT_EQ(comparison.cells.size(), 1u);
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kOk);
  EXPECT_THAT(comparison.warnings,
              ElementsAre(AllOf(HasSubstr("not compared"), HasSubstr("engine:sqlite"),
                                HasSubstr("candidate: unsupported: scans"))));
}

TEST(PairedComparisonTest, TwoEnginesAreOneCell) {
  const PairedCell cell = {.baseline = SyntheticCell("mutex"),
                           .candidate = SyntheticCell("rwlock")};
  EXPECT_EQ(cell.Joined().engine, "mutex|rwlock");
  EXPECT_EQ(kCell.Joined(), kCell.baseline);
  PairedRuns runs = RunsOf(1);
  runs.baseline = ArmOf(cell.baseline, kBlocks, Steady(1));
  runs.candidate = ArmOf(cell.candidate, kBlocks, Steady(0.9));
  runs.copy = ArmOf(cell.baseline, kBlocks, Steady(1));
  const Comparison comparison = Judged(runs, RulesOf(), {cell});
  EXPECT_EQ(comparison.cells.at(0).cell, cell.Joined());
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kRegressed);
}

TEST(PairedComparisonTest, ArmsMayDifferInTheirEnvironmentAndTheDifferencesAreNamed) {
  PairedRuns runs = RunsOf(1);
  runs.candidate.host = {{"compiler", "another"}};
  runs.candidate.version = "0.2.0";
  for (Trial& trial : runs.candidate.trials) trial.effective_options = {{"sync", "off"}};
  EXPECT_THAT(Judged(runs).warnings,
              AllOf(Contains(HasSubstr("the arms differ in host.compiler: '(not there)', then")),
                    Contains(HasSubstr("version of kvs-bench: '0.1.0', then '0.2.0'")),
                    Contains(HasSubstr("effective option of lmdb: sync"))));
}

}  // namespace
}  // namespace kvs::paired_comparison
