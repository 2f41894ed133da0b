#include "harness/run/plan.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/command_line.h"
#include "tests/harness/test_engines.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

RunOptions Options(const std::vector<std::string>& arguments) {
  return ParseCommandLine(arguments, test::kTestEngines).run;
}

Plan PlanOf(const std::vector<std::string>& arguments) {
  return MakePlan(Options(arguments), test::kTestEngines);
}

std::vector<std::string> CellNames(const Plan& plan) {
  std::vector<std::string> names;
  for (const TrialPlan& trial : plan.trials) names.push_back(trial.cell.ToString());
  return names;
}

TEST(PlanTest, RunsEveryCellOncePerRound) {
  const Plan plan = PlanOf({"--engine", "null,plain", "--threads", "1,2,4", "--trials", "4"});
  const size_t cells = 2 * 3 * 2;
  ASSERT_EQ(plan.trials.size(), cells * 4);
  for (size_t round = 0; round < 4; ++round) {
    std::set<std::string> seen;
    for (size_t i = 0; i < cells; ++i) {
      const TrialPlan& trial = plan.trials[round * cells + i];
      EXPECT_EQ(trial.repetition, round);
      EXPECT_FALSE(trial.is_floor);
      seen.insert(trial.cell.ToString());
    }
    EXPECT_EQ(seen.size(), cells) << "round " << round;
  }
}

TEST(PlanTest, WhatStoresNothingIsNotColdAndNothingWarmsUp) {
  for (const TrialPlan& trial : PlanOf({"--engine", "plain,null", "--cold"}).trials) {
    EXPECT_EQ(trial.cold.has_value(), trial.engine == "plain");
    EXPECT_EQ(trial.warmup_s, 0);
  }
  for (const TrialPlan& trial : PlanOf({"--engine", "plain", "--cold"}).trials) {
    EXPECT_EQ(trial.cold.has_value(), !trial.is_floor);
    EXPECT_EQ(trial.warmup_s, 0);
  }
}

TEST(PlanTest, OrderComesFromTheSeed) {
  const std::vector<std::string> arguments = {"--engine", "null,plain", "--threads", "1,2,4"};
  const auto with_seed = [&arguments](const char* seed) {
    std::vector<std::string> all = arguments;
    all.insert(all.end(), {"--seed", seed});
    return CellNames(PlanOf(all));
  };
  EXPECT_EQ(with_seed("1"), with_seed("1"));
  EXPECT_NE(with_seed("1"), with_seed("2"));
  const std::vector<std::string> names = with_seed("1");
  const std::vector<std::string> first(names.begin(), names.begin() + 12);
  const std::vector<std::string> second(names.begin() + 12, names.begin() + 24);
  EXPECT_NE(first, second) << "every round is shuffled anew";
}

TEST(PlanTest, EnginesOfARoundGetTheSameOperations) {
  std::map<unsigned, std::set<uint64_t>> seeds;
  for (const TrialPlan& trial : PlanOf({"--engine", "null,plain"}).trials) {
    seeds[trial.repetition].insert(trial.seed);
  }
  std::set<uint64_t> all;
  for (const auto& [round, of_round] : seeds) {
    EXPECT_EQ(of_round.size(), 1u);
    all.insert(of_round.begin(), of_round.end());
  }
  EXPECT_EQ(all.size(), seeds.size());
}

TEST(PlanTest, AddsOneShortFloorPerConfigurationWithoutNull) {
  const Plan plan = PlanOf({"--engine", "plain", "--threads", "1,2", "--durability", "process,sync",
                            "--duration", "10s", "--workload", "ycsb-c"});
  std::set<unsigned> threads;
  size_t floors = 0;
  for (const TrialPlan& trial : plan.trials) {
    if (!trial.is_floor) continue;
    ++floors;
    EXPECT_EQ(trial.engine, "null");
    EXPECT_EQ(trial.cell.engine, "null");
    EXPECT_EQ(trial.repetition, 0u);
    EXPECT_LT(trial.duration_s, 10);
    threads.insert(trial.cell.threads);
  }
  EXPECT_EQ(floors, 2u);
  EXPECT_EQ(threads, (std::set<unsigned>{1, 2}));
}

TEST(PlanTest, FloorsCanBeLeftOut) {
  const Plan plan = PlanOf({"--engine", "plain", "--no-floor"});
  EXPECT_FALSE(plan.trials.empty());
  for (const TrialPlan& trial : plan.trials) EXPECT_FALSE(trial.is_floor);
}

TEST(PlanTest, AFloorOfAnOpenLoopIsShortToo) {
  const Plan plan = PlanOf({"--engine", "plain", "--threads", "1", "--workload", "ycsb-c", "--rate",
                            "1k", "--operations", "50k"});
  for (const TrialPlan& trial : plan.trials) {
    EXPECT_EQ(trial.operations, trial.is_floor ? 1000u : 50'000u);
    EXPECT_EQ(trial.open_loop->rate_per_s, 1000);
  }
}

TEST(PlanTest, NullAmongTheEnginesIsTheFloor) {
  for (const TrialPlan& trial : PlanOf({"--engine", "null,plain"}).trials) {
    EXPECT_FALSE(trial.is_floor);
  }
}

// The reason for which `arguments`, one cell of engine `modest`, is unsupported.
std::string Reason(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--engine", "modest"});
  const Plan plan = PlanOf(arguments);
  if (plan.unsupported.size() != 1 || !plan.trials.empty()) return "(supported)";
  EXPECT_EQ(plan.unsupported.front().status, TrialStatus::kUnsupported);
  return plan.unsupported.front().reason;
}

TEST(PlanTest, DeclaredLimitsMakeCellsUnsupported) {
  EXPECT_THAT(Reason({"--threads", "2", "--workload", "ycsb-c"}),
              HasSubstr("2 threads, it serves at most 1"));
  EXPECT_THAT(Reason({"--threads", "1", "--workload", "readwhilewriting"}),
              HasSubstr("background writers"));
  EXPECT_THAT(Reason({"--threads", "1", "--workload", "ycsb-e"}), HasSubstr("no order of keys"));
  EXPECT_THAT(Reason({"--threads", "1", "--workload", "ycsb-c", "--durability", "sync"}),
              HasSubstr("durability 'sync'"));
  EXPECT_THAT(Reason({"--threads", "1", "--key-size", "101"}), HasSubstr("101 bytes"));
  EXPECT_THAT(Reason({"--threads", "1", "--value-size", "10001"}), HasSubstr("values"));
  EXPECT_THAT(Reason({"--threads", "1", "-p", "multigetproportion=1", "--workload", "ycsb-c"}),
              HasSubstr("batched lookup"));
}

TEST(PlanTest, UnsupportedCellsStandBesideThoseThatRun) {
  const Plan plan = PlanOf(
      {"--engine", "null,modest", "--threads", "1,2", "--workload", "ycsb-c", "--trials", "2"});
  ASSERT_EQ(plan.unsupported.size(), 1u);
  EXPECT_EQ(plan.unsupported.front().cell.threads, 2u);
  EXPECT_EQ(plan.trials.size(), 3u * 2);
  EXPECT_EQ(plan.size(), 7u);
}

TEST(PlanTest, DiskEstimateGrowsWithTheData) {
  const auto estimate = [](const char* records) {
    return EstimateDiskBytes(
        PlanOf({"--engine", "plain", "--threads", "1", "--records", records}).trials.front());
  };
  EXPECT_GE(estimate("1M"), 100u * 1000 * 1000);
  EXPECT_LT(estimate("1k"), uint64_t{1} << 30);
  EXPECT_GT(estimate("9000T"), uint64_t{1} << 60);
}

TEST(PlanTest, DiskEstimateGrowsWithTheInserts) {
  const auto estimate = [](const char* operations) {
    return EstimateDiskBytes(PlanOf({"--engine", "plain", "--threads", "1", "--workload", "ycsb-d",
                                     "--operations", operations})
                                 .trials.front());
  };
  // A twentieth of them inserts records of 1000 bytes.
  EXPECT_GE(estimate("20M"), estimate("1k") + uint64_t{1000} * 1000 * 999);
}

}  // namespace
}  // namespace kvs
