#include "results/model.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/results/synthetic_run.h"

namespace kvs {
namespace {

Trial OpenLoopTrial(uint64_t backlog_operations) {
  Trial trial = SyntheticTrial(SyntheticCell("lmdb", 2), 0, 1000);
  MakeOpenLoop(1000, trial);
  trial.backlog_operations = backlog_operations;
  return trial;
}

TEST(ModelTest, ATrialFellBehindWhenMoreThanAHundredthOfTheWindowIsLeft) {
  // 1000/s for 2 s.
  EXPECT_FALSE(OpenLoopTrial(0).FellBehind());
  EXPECT_FALSE(OpenLoopTrial(20).FellBehind());
  EXPECT_TRUE(OpenLoopTrial(21).FellBehind());
  EXPECT_EQ(OpenLoopTrial(500).BacklogS(), 0.5);
}

TEST(ModelTest, TheOperationsInHandAreNotBehind) {
  Trial trial = OpenLoopTrial(2);
  trial.window_s = 0.01;
  EXPECT_FALSE(trial.FellBehind());
  trial.backlog_operations = 3;
  EXPECT_TRUE(trial.FellBehind());
}

TEST(ModelTest, AClosedLoopHasNoBacklog) {
  const Trial trial = SyntheticTrial(SyntheticCell("lmdb"), 0, 1000);
  EXPECT_FALSE(trial.FellBehind());
  EXPECT_EQ(trial.BacklogS(), std::nullopt);
  EXPECT_EQ(trial.FindResponseTime("all"), nullptr);
}

TEST(ModelTest, WhatIsInterruptedIsNotFinished) {
  kvs::Run run;
  run.planned_trials = 3;
  run.trials.assign(2, SyntheticTrial(SyntheticCell("lmdb"), 0, 1000));
  run.trials[1].status = TrialStatus::kInterrupted;
  EXPECT_EQ(run.FinishedTrials(), 1u);
  EXPECT_EQ(run.FinishedPart(), "1 of 3 planned trials");
  EXPECT_FALSE(run.IsDone());
  run.planned_trials = 4;
  run.trials.push_back(run.trials[0]);
  run.trials[2].status = TrialStatus::kUnsupported;
  EXPECT_EQ(run.FinishedPart(), "1 of 3 planned trials") << "nothing is measured of the fourth";
  run.planned_trials = 3;
  run.trials.assign(3, SyntheticTrial(SyntheticCell("lmdb"), 0, 1000));
  run.trials[1].status = TrialStatus::kFailed;
  EXPECT_TRUE(run.IsDone()) << "a failure is an end";
}

TEST(ModelTest, SearchesCountAsWell) {
  kvs::Run run;
  run.planned_trials = 1;
  run.trials.assign(1, SyntheticTrial(SyntheticCell("lmdb"), 0, 1000));
  run.plan.emplace().slo = "p99<1ms";
  EXPECT_EQ(run.FinishedPart(), "1 of 1 planned trial, no search");
  EXPECT_FALSE(run.IsDone());
  run.max_rates.emplace().cells.resize(2);
  run.max_rates->cells[0].outcome = SearchOutcome::kNotReached;
  EXPECT_EQ(run.FinishedPart(), "1 of 1 planned trial, 1 of 2 searches");
  EXPECT_FALSE(run.IsDone());
  run.max_rates->cells[1].outcome = SearchOutcome::kFound;
  EXPECT_TRUE(run.IsDone());
}

}  // namespace
}  // namespace kvs
