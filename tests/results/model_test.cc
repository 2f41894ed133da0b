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

}  // namespace
}  // namespace kvs
