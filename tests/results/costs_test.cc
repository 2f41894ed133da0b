#include "results/costs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "results/summary.h"
#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"

namespace kvs::costs {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Optional;

// 1000 operations, of which half are updates.
Trial TrialOfThousand() {
  Trial trial = SyntheticTrial(SyntheticCell("lmdb"), 0, 500);
  trial.user_cpu_s = 2e-3;
  trial.system_cpu_s = 1e-3;
  trial.directory_bytes = 3000000;
  trial.costs = TrialCosts();
  TrialCosts& costs = *trial.costs;
  costs.voluntary_switches = 20;
  costs.involuntary_switches = 10;
  costs.minor_faults = 500;
  costs.major_faults = 5;
  costs.call_read_bytes = 1000000;
  costs.call_write_bytes = 2000000;
  costs.device_read_bytes = 125000;
  costs.device_write_bytes = 1500000;
  costs.written_bytes = 500000;
  costs.found_bytes = 250000;
  costs.live_bytes = 2000000;
  costs.instructions = 4000000;
  costs.cycles = 3000000;
  costs.cache_references = 2000;
  costs.cache_misses = 0;
  costs.dtlb_load_misses = 1000;
  return trial;
}

TEST(CostsTest, AreTheTotalsPerOperationOfTheWindow) {
  const Costs costs = CostsOf(TrialOfThousand());
  EXPECT_THAT(costs.user_cpu_ns_per_operation, Optional(DoubleEq(2000)));
  EXPECT_THAT(costs.system_cpu_ns_per_operation, Optional(DoubleEq(1000)));
  EXPECT_THAT(costs.voluntary_switches_per_operation, Optional(DoubleEq(0.02)));
  EXPECT_THAT(costs.involuntary_switches_per_operation, Optional(DoubleEq(0.01)));
  EXPECT_THAT(costs.minor_faults_per_operation, Optional(DoubleEq(0.5)));
  EXPECT_THAT(costs.major_faults_per_operation, Optional(DoubleEq(0.005)));
  EXPECT_THAT(costs.call_read_bytes_per_operation, Optional(DoubleEq(1000)));
  EXPECT_THAT(costs.call_write_bytes_per_operation, Optional(DoubleEq(2000)));
  EXPECT_THAT(costs.device_read_bytes_per_operation, Optional(DoubleEq(125)));
  EXPECT_THAT(costs.device_write_bytes_per_operation, Optional(DoubleEq(1500)));
  EXPECT_THAT(costs.instructions_per_operation, Optional(DoubleEq(4000)));
  EXPECT_THAT(costs.cycles_per_operation, Optional(DoubleEq(3000)));
  EXPECT_THAT(costs.cache_references_per_operation, Optional(DoubleEq(2)));
  EXPECT_THAT(costs.cache_misses_per_operation, Optional(DoubleEq(0)));
  EXPECT_THAT(costs.dtlb_load_misses_per_operation, Optional(DoubleEq(1)));
}

TEST(CostsTest, AmplificationsAreOverWhatWasAskedFor) {
  const Costs costs = CostsOf(TrialOfThousand());
  EXPECT_THAT(costs.write_amplification, Optional(DoubleEq(3)));
  EXPECT_THAT(costs.read_amplification, Optional(DoubleEq(0.5)));
  EXPECT_THAT(costs.space_amplification, Optional(DoubleEq(1.5)));
}

TEST(CostsTest, NothingToDivideByIsNotAvailable) {
  Trial trial = TrialOfThousand();
  trial.costs->written_bytes = 0;
  trial.costs->found_bytes = 0;
  trial.costs->live_bytes = 0;
  const Costs costs = CostsOf(trial);
  EXPECT_EQ(costs.write_amplification, std::nullopt);
  EXPECT_EQ(costs.read_amplification, std::nullopt);
  EXPECT_EQ(costs.space_amplification, std::nullopt);
  EXPECT_THAT(costs.device_write_bytes_per_operation, Optional(DoubleEq(1500)));
}

TEST(CostsTest, ZeroIsAFigure) {
  Trial trial = TrialOfThousand();
  trial.costs->device_read_bytes = 0;
  trial.costs->device_write_bytes = 0;
  EXPECT_THAT(CostsOf(trial).read_amplification, Optional(DoubleEq(0)));
  EXPECT_THAT(CostsOf(trial).write_amplification, Optional(DoubleEq(0)));
}

TEST(CostsTest, WhatTheKernelDoesNotTellIsNotAvailable) {
  Trial trial = TrialOfThousand();
  trial.costs->device_read_bytes.reset();
  trial.costs->device_write_bytes.reset();
  trial.costs->live_bytes.reset();
  trial.costs->cycles.reset();
  const Costs costs = CostsOf(trial);
  EXPECT_EQ(costs.device_read_bytes_per_operation, std::nullopt);
  EXPECT_EQ(costs.device_write_bytes_per_operation, std::nullopt);
  EXPECT_EQ(costs.write_amplification, std::nullopt);
  EXPECT_EQ(costs.read_amplification, std::nullopt);
  EXPECT_EQ(costs.space_amplification, std::nullopt);
  EXPECT_EQ(costs.cycles_per_operation, std::nullopt);
  EXPECT_THAT(costs.instructions_per_operation, Optional(DoubleEq(4000)));
}

TEST(CostsTest, ATrialWithoutFiguresOrCostsHasNone) {
  Trial failed = TrialOfThousand();
  failed.status = TrialStatus::kFailed;
  EXPECT_EQ(CostsOf(failed), Costs());
  Trial idle = TrialOfThousand();
  idle.operations = 0;
  EXPECT_EQ(CostsOf(idle), Costs());
  Trial old = TrialOfThousand();
  old.costs.reset();
  EXPECT_EQ(CostsOf(old), Costs());
}

TEST(CostsTest, TheListNamesEveryMemberOnce) {
  std::set<std::string> names;
  Costs costs;
  for (const CostFigure& figure : CostFigures()) {
    EXPECT_TRUE(names.insert(figure.name).second) << figure.name;
    EXPECT_EQ(costs.*figure.member, std::nullopt) << figure.name << " is listed twice";
    costs.*figure.member = 1;
  }
  EXPECT_EQ(names.size() * sizeof(std::optional<double>), sizeof(Costs));
}

TEST(CostsTest, ACellHasMediansOverTheTrialsThatTell) {
  Trial slow = TrialOfThousand();
  slow.costs->minor_faults = 900;
  slow.costs->cycles.reset();
  slow.costs->notes = {"a", "b"};
  Trial fast = TrialOfThousand();
  fast.costs->minor_faults = 100;
  fast.costs->instructions.reset();
  fast.costs->cycles.reset();
  fast.costs->notes = {"b", "c"};
  Trial old = TrialOfThousand();
  old.costs.reset();
  const auto cells = Summarise({slow, TrialOfThousand(), fast, old});
  ASSERT_EQ(cells.size(), 1u);
  ASSERT_TRUE(cells[0].costs);
  const CostSummary& costs = *cells[0].costs;
  EXPECT_THAT(costs.medians.minor_faults_per_operation, Optional(DoubleEq(0.5)));
  EXPECT_THAT(costs.medians.cycles_per_operation, Optional(DoubleEq(3000)));
  EXPECT_THAT(costs.medians.instructions_per_operation, Optional(DoubleEq(4000)));
  EXPECT_THAT(costs.notes, ElementsAre("a", "b", "c"));
}

TEST(CostsTest, ACellOfTrialsWithoutCostsHasNone) {
  Trial old = TrialOfThousand();
  old.costs.reset();
  EXPECT_FALSE(Summarise({old}).at(0).costs);
  Trial failed = TrialOfThousand();
  failed.status = TrialStatus::kFailed;
  EXPECT_FALSE(Summarise({failed}).at(0).costs);
}

RC_GTEST_PROP(CostsTest, AFigureIsFiniteAndNotNegative, ()) {
  const Costs costs = CostsOf(*AnyTrial());
  for (const CostFigure& figure : CostFigures()) {
    const std::optional<double> value = costs.*figure.member;
    RC_ASSERT(!value || (std::isfinite(*value) && *value >= 0));
  }
}

}  // namespace
}  // namespace kvs::costs
