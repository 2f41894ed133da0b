#include "harness/find_max/cell_searches.h"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs::find_max::cell_searches {
namespace {

using ::testing::ElementsAre;

// Cells of some engines, and a run with a trial of each.
struct Setting {
  std::vector<TrialPlan> cells;
  kvs::Run run;

  explicit Setting(std::initializer_list<const char*> engines) {
    for (const char* engine : engines) {
      TrialPlan& plan = cells.emplace_back();
      plan.cell = {"ycsb-a", engine, 1, "dedicated", "process"};
      plan.workload = LoadSpec("ycsb-a", {});
      plan.duration_s = 1;
      Trial& trial = run.trials.emplace_back(TrialWithoutFigures(plan));
      trial.operations = 1;
      trial.throughput_per_s = 100'000;
    }
  }
};

Trial Outcome(const TrialPlan& plan, TrialStatus status) {
  Trial trial = TrialWithoutFigures(plan);
  trial.status = status;
  return trial;
}

TEST(CellSearchesTest, CellsTakeTurnsUntilTheirSearchIsOver) {
  const FindMaxOptions options{.slo = ParseSlo("p50<1ms")};
  Setting setting({"a", "b", "c"});
  CellSearches searches(options, setting.cells, setting.run);
  std::vector<std::string> engines;
  while (const std::optional<TrialPlan> probe = searches.Next()) {
    const bool ends = engines.size() == 1 || engines.size() >= 6;  // of b the first
    engines.push_back(probe->cell.engine);
    const MaxRate& search =
        searches.Take(Outcome(*probe, ends ? TrialStatus::kFailed : TrialStatus::kOk));
    EXPECT_EQ(search.cell.engine, engines.back());
    EXPECT_EQ(search.outcome, ends ? SearchOutcome::kFailed : SearchOutcome::kSearching);
  }
  EXPECT_THAT(engines, ElementsAre("a", "b", "c", "a", "c", "a", "c", "a"));
}

TEST(CellSearchesTest, GoesOnWithWhatTheRunHas) {
  const FindMaxOptions options{.slo = ParseSlo("p50<1ms")};
  Setting setting({"a", "b"});
  {
    CellSearches searches(options, setting.cells, setting.run);
    searches.Take(Outcome(*searches.Next(), TrialStatus::kFailed));
  }
  ASSERT_EQ(setting.run.max_rates->cells.size(), 2u);
  CellSearches searches(options, setting.cells, setting.run);
  EXPECT_EQ(searches.Next()->cell.engine, "b");
}

TEST(CellSearchesTest, WithoutCellsThereIsNothingToProbe) {
  const FindMaxOptions options{.slo = ParseSlo("p50<1ms")};
  Setting setting({});
  EXPECT_FALSE(CellSearches(options, setting.cells, setting.run).Next().has_value());
}

}  // namespace
}  // namespace kvs::find_max::cell_searches
