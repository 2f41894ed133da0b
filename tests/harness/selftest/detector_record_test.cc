#include "harness/selftest/detector_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/selftest/slowed_engine.h"

namespace kvs::detector {
namespace {

class DetectorRecordTest : public ::testing::Test {
 protected:
  DetectorRecordTest() : engines_(AllEngines().begin(), AllEngines().end()) {
    engines_.push_back(&kSlowedEngine);
    options_.engines = engines_;
    options_.seed = 100;
  }

  const RecordedCell* CellWithLock() const {
    for (const RecordedCell& cell : RecordedCells(options_)) {
      if (cell.has_lock) return &cell;
    }
    return nullptr;
  }

  std::vector<const EngineDefinition*> engines_;
  selftest::DetectorOptions options_;
  std::mt19937_64 random_{1};
};

TEST_F(DetectorRecordTest, ABlockHasEachArmTwiceTheSecondTimeTheOtherWayRound) {
  for (const RecordedCell& cell : RecordedCells(options_)) {
    const std::vector<PlannedPoolTrial> block = PlanBlock(options_, cell, 7, random_);
    std::vector<std::string> arms;
    for (const PlannedPoolTrial& trial : block) arms.push_back(trial.arm);
    const std::vector<std::string> reversed(arms.rbegin(), arms.rend());
    EXPECT_EQ(arms, reversed);
    const std::set<std::string> each(arms.begin(), arms.end());
    EXPECT_EQ(2 * each.size(), arms.size());
    EXPECT_EQ(each.contains("lock"), cell.has_lock);
    EXPECT_EQ(each.size(), cell.has_lock ? 9u : 8u);
  }
}

TEST_F(DetectorRecordTest, ArmsDifferInNothingButTheirSlowdown) {
  const RecordedCell* cell = CellWithLock();
  ASSERT_NE(cell, nullptr);
  std::map<std::string, std::map<std::string, std::string>> settings;
  std::set<uint64_t> seeds, value_seeds;
  for (const PlannedPoolTrial& trial : PlanBlock(options_, *cell, 7, random_)) {
    EXPECT_EQ(trial.plan.engine, "slowed");
    settings[trial.arm] = trial.plan.settings;
    seeds.insert(trial.plan.seed);
    value_seeds.insert(trial.plan.value_seed);
  }
  EXPECT_EQ(seeds, std::set<uint64_t>{107});
  EXPECT_EQ(value_seeds, std::set<uint64_t>{107});
  EXPECT_EQ(settings["copy"], settings["baseline"]);
  EXPECT_EQ(settings["same"], settings["baseline"]);
  const auto added = [&](const std::string& arm) {
    std::string text;
    for (const auto& [key, value] : settings[arm]) {
      if (!settings["baseline"].contains(key)) text += key + "=" + value + " ";
    }
    return text;
  };
  EXPECT_EQ(added("by3"), "by=3% ");
  EXPECT_EQ(added("by20"), "by=20% ");
  EXPECT_EQ(added("lock"), "longer=100% ");
  EXPECT_THAT(added("tail"), ::testing::MatchesRegex("every=[0-9]+ held_ns=[0-9]+ "));
}

TEST_F(DetectorRecordTest, ASequentialRunBeginsWithItsBaselineAndMixesNothing) {
  const RecordedCell& cell = RecordedCells(options_).front();
  const std::vector<PlannedPoolTrial> run = PlanSequentialRun(options_, cell, 2, random_);
  ASSERT_EQ(run.size(), 4u * 40);
  std::vector<std::string> order;
  for (size_t i = 0; i < run.size(); ++i) {
    if (order.empty() || order.back() != run[i].arm) order.push_back(run[i].arm);
    EXPECT_EQ(run[i].plan.seed, 100 + 2 * 40 + i % 40);
  }
  EXPECT_EQ(order.front(), kBaseline);
  std::sort(order.begin(), order.end());
  EXPECT_THAT(order, ::testing::ElementsAre("baseline", "by10", "by5", "same"));
}

}  // namespace
}  // namespace kvs::detector
