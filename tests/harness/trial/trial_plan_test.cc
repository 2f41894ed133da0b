#include "harness/trial/trial_plan.h"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "harness/command_line.h"
#include "harness/run/plan.h"
#include "tests/harness/test_engines.h"

namespace kvs {
namespace {

TEST(TrialPlanTest, SurvivesTheChannel) {
  const RunOptions options =
      ParseCommandLine(
          {"--engine", "plain:size=1", "--threads", "3", "--pool", "naive", "--durability", "sync",
           "--workload", "ycsb-e", "--operations", "10k", "--memory-budget", "1MiB", "--verify",
           "full", "-p", "fieldnameprefix=a, b"},
          test::kTestEngines)
          .run;
  TrialPlan plan = MakePlan(options, test::kTestEngines).trials.front();
  plan.directory = "/some where/store";
  const TrialPlan copy = TrialPlanFromJson(TrialPlanToJson(plan));
  EXPECT_EQ(TrialPlanToJson(copy), TrialPlanToJson(plan));
  EXPECT_EQ(copy.cell, plan.cell);
  EXPECT_EQ(copy.workload.properties, plan.workload.properties);
  EXPECT_EQ(copy.workload.proportions, plan.workload.proportions);
  EXPECT_EQ(copy.operations, 10000u);
  EXPECT_EQ(copy.OpenOptions().settings, plan.settings);
  EXPECT_EQ(copy.OpenOptions().directory, "/some where/store");
}

TEST(TrialPlanTest, AnOpenLoopSurvivesTheChannelAndIsInTheTrialWithoutFigures) {
  const RunOptions options =
      ParseCommandLine({"--engine", "plain", "--rate", "200k", "--arrivals", "constant"},
                       test::kTestEngines)
          .run;
  const TrialPlan plan = MakePlan(options, test::kTestEngines).trials.front();
  const TrialPlan copy = TrialPlanFromJson(TrialPlanToJson(plan));
  ASSERT_TRUE(copy.open_loop.has_value());
  EXPECT_DOUBLE_EQ(copy.open_loop->rate_per_s, 200'000);
  EXPECT_EQ(copy.open_loop->arrivals, Arrivals::kConstant);
  EXPECT_EQ(TrialWithoutFigures(copy).rate_per_s, 200'000);
  EXPECT_EQ(TrialWithoutFigures(copy).arrivals, "constant");
  TrialPlan closed = plan;
  closed.open_loop.reset();
  EXPECT_FALSE(TrialPlanFromJson(TrialPlanToJson(closed)).open_loop.has_value());
}

TEST(TrialPlanTest, PairsOfWindowsSurviveTheChannel) {
  TrialPlan plan =
      MakePlan(ParseCommandLine({"--engine", "plain"}, test::kTestEngines).run, test::kTestEngines)
          .trials.front();
  EXPECT_FALSE(TrialPlanFromJson(TrialPlanToJson(plan)).pairs.has_value());
  plan.pairs = WindowPairsPlan{.count = 7, .reference_threads = 3, .reference_is_sampled = false};
  const TrialPlan copy = TrialPlanFromJson(TrialPlanToJson(plan));
  ASSERT_TRUE(copy.pairs.has_value());
  EXPECT_EQ(copy.pairs->count, 7u);
  EXPECT_EQ(copy.pairs->reference_threads, 3u);
  EXPECT_FALSE(copy.pairs->reference_is_sampled);
}

TEST(TrialPlanTest, AColdStartSurvivesTheChannelAndIsInTheTrialWithoutFigures) {
  const auto plan_of = [](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"--engine", "plain"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunOptions options = ParseCommandLine(arguments, test::kTestEngines).run;
    const std::vector<TrialPlan> trials = MakePlan(options, test::kTestEngines).trials;
    return *std::find_if(trials.begin(), trials.end(),
                         [](const TrialPlan& trial) { return !trial.is_floor; });
  };
  for (const ColdStart cold : {ColdStart::kEvict, ColdStart::kDrop}) {
    const TrialPlan plan = plan_of({fmt::format("--cold={}", ToString(cold))});
    const TrialPlan copy = TrialPlanFromJson(TrialPlanToJson(plan));
    EXPECT_EQ(copy.cold, cold);
    EXPECT_EQ(TrialWithoutFigures(copy).cold, ToString(cold));
  }
  EXPECT_EQ(TrialPlanFromJson(TrialPlanToJson(plan_of({}))).cold, std::nullopt);
}

TEST(TrialPlanTest, EveryShippedWorkloadSurvivesTheChannel) {
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    TrialPlan plan;
    plan.workload = LoadSpec(shipped.name, {});
    plan.cell.workload = plan.workload.name;
    plan.cell.pool = "dedicated";
    plan.cell.durability = "process";
    const Spec copy = TrialPlanFromJson(TrialPlanToJson(plan)).workload;
    EXPECT_EQ(copy.properties, plan.workload.properties) << shipped.name;
    EXPECT_EQ(copy.preload, plan.workload.preload) << shipped.name;
    EXPECT_EQ(copy.key_choice, plan.workload.key_choice) << shipped.name;
    EXPECT_EQ(copy.operation_count, plan.workload.operation_count) << shipped.name;
  }
}

TEST(TrialPlanTest, RefusesWhatItDidNotWrite) {
  EXPECT_THROW(TrialPlanFromJson(""), std::exception);
  EXPECT_THROW(TrialPlanFromJson("{}"), std::exception);
  EXPECT_THROW(TrialPlanFromJson("[1]"), std::exception);
}

}  // namespace
}  // namespace kvs
