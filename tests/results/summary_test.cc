#include "results/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"

namespace kvs {
namespace {

using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;

Trial Failed(const CellName& cell, TrialStatus status, const std::string& reason) {
  Trial trial;
  trial.cell = cell;
  trial.status = status;
  trial.reason = reason;
  return trial;
}

TEST(SummaryTest, FiguresAreMediansOverTheTrials) {
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("lmdb"), 0, 1000),
                                SyntheticTrial(SyntheticCell("lmdb"), 1, 4000),
                                SyntheticTrial(SyntheticCell("lmdb"), 2, 2000)});
  ASSERT_EQ(cells.size(), 1u);
  const CellSummary& cell = cells[0];
  EXPECT_EQ(cell.trials, 3u);
  EXPECT_EQ(cell.trials_measured, 3u);
  EXPECT_EQ(cell.status, TrialStatus::kOk);
  EXPECT_EQ(cell.throughput_per_s, (Spread{.median = 2000, .min = 1000, .max = 4000}));
  EXPECT_THAT(cell.ns_per_operation, Optional(DoubleEq(500000)));
  // 2 s of CPU time in each window of 2 s.
  EXPECT_THAT(cell.cpu_ns_per_operation, Optional(DoubleEq(500000)));
  EXPECT_EQ(cell.hits, 7000u);
  EXPECT_EQ(cell.misses, 0u);
}

TEST(SummaryTest, PercentilesAreMediansAndSayHowWellTheyAreSampled) {
  std::vector<Trial> trials;
  for (const uint64_t value_ns : {300u, 100u, 200u}) {
    Trial trial = SyntheticTrial(SyntheticCell("lmdb"), 0, 1000);
    trial.latencies = {{"all",
                        1000,
                        1.5 * static_cast<double>(value_ns),
                        1,
                        10 * value_ns,
                        {{50, value_ns, 500}, {99.9, 5 * value_ns, value_ns == 200 ? 7u : 1u}}}};
    trials.push_back(trial);
  }
  const auto cells = Summarise(trials);
  const LatencySummary* all = cells.at(0).FindLatency("all");
  ASSERT_NE(all, nullptr);
  EXPECT_EQ(all->samples, 3000u);
  EXPECT_EQ(all->mean_ns, 300);
  EXPECT_EQ(all->max_ns, 3000u);
  ASSERT_EQ(all->percentiles.size(), 2u);
  EXPECT_EQ(all->percentiles[0].median_ns, 200);
  EXPECT_TRUE(all->percentiles[0].well_sampled);
  EXPECT_EQ(all->percentiles[1].median_ns, 1000);
  EXPECT_EQ(all->percentiles[1].samples_beyond, 9u);
  EXPECT_FALSE(all->percentiles[1].well_sampled);
  EXPECT_EQ(cells[0].FindLatency("read"), nullptr);
}

TEST(SummaryTest, APercentileThatOnlySomeTrialsHaveIsOverThose) {
  Trial first = SyntheticTrial(SyntheticCell("lmdb"), 0, 1000);
  Trial second = first;
  first.latencies = {{"all", 1, 1, 1, 1, {{50, 10, 0}}}};
  second.latencies = {{"all", 1, 1, 1, 1, {{50, 30, 0}, {90, 70, 0}}}};
  const auto cells = Summarise({first, second});
  ASSERT_EQ(cells[0].latencies[0].percentiles.size(), 2u);
  EXPECT_EQ(cells[0].latencies[0].percentiles[0].median_ns, 20);
  EXPECT_EQ(cells[0].latencies[0].percentiles[1].median_ns, 70);
}

TEST(SummaryTest, RatiosAreToTheFastestOfTheSameGroupWithoutTheFloor) {
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("null"), 0, 9000),
                                SyntheticTrial(SyntheticCell("lmdb"), 0, 4000),
                                SyntheticTrial(SyntheticCell("sqlite"), 0, 1000),
                                SyntheticTrial(SyntheticCell("lmdb", 2), 0, 8000)});
  EXPECT_EQ(cells[0].ratio_to_best, std::nullopt);
  EXPECT_EQ(cells[1].ratio_to_best, 1.0);
  EXPECT_EQ(cells[2].ratio_to_best, 0.25);
  EXPECT_EQ(cells[3].ratio_to_best, 1.0);
}

TEST(SummaryTest, TheHarnessShareIsTheFloorsTimeOverTheCells) {
  Trial floor = SyntheticTrial({"ycsb-a", "null", 1, "dedicated", "none"}, 0, 10000);
  floor.is_floor = true;
  floor.user_cpu_s = floor.window_s;
  floor.system_cpu_s = 0;
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("lmdb"), 0, 1000),
                                SyntheticTrial(SyntheticCell("lockfree"), 0, 2501),
                                SyntheticTrial(SyntheticCell("mutex"), 0, 20000),
                                SyntheticTrial(SyntheticCell("lmdb", 2), 0, 1000), floor});
  ASSERT_TRUE(cells[0].harness_share && cells[1].harness_share);
  EXPECT_DOUBLE_EQ(*cells[0].harness_share, 0.1);
  EXPECT_FALSE(cells[0].harness_bound);
  EXPECT_DOUBLE_EQ(*cells[1].harness_share, 0.2501);
  EXPECT_TRUE(cells[1].harness_bound);
  EXPECT_EQ(cells[2].harness_share, std::nullopt);  // of a floor that something slowed down
  EXPECT_THAT(cells[2].notes, Contains(HasSubstr("faster than the floor")));
  EXPECT_THAT(cells[1].notes, Not(Contains(HasSubstr("floor"))));
  EXPECT_EQ(cells[3].harness_share, std::nullopt);
  EXPECT_EQ(cells[4].harness_share, std::nullopt);
  EXPECT_TRUE(cells[4].is_floor);
}

TEST(SummaryTest, AFloorThatWaitedForAProcessorHasItsCpuTime) {
  Trial floor = SyntheticTrial({"ycsb-a", "null", 2, "dedicated", "none"}, 0, 5000);
  floor.user_cpu_s = 0.3 * floor.window_s * floor.cell.threads;
  floor.system_cpu_s = 0.1 * floor.window_s * floor.cell.threads;
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("lmdb", 2), 0, 2000), floor});
  ASSERT_TRUE(cells[0].harness_share);
  EXPECT_NEAR(*cells[0].harness_share, 0.4 * 0.4, 1e-9);
}

TEST(SummaryTest, WithFewerProcessorsThanThreadsAFloorWaitsAsItsCellsDo) {
  Trial floor = SyntheticTrial({"ycsb-a", "null", 8, "dedicated", "none"}, 0, 5000);
  floor.user_cpu_s = 0.25 * floor.window_s * floor.cell.threads;  // 2 of 8 threads run at a time
  floor.system_cpu_s = 0;
  const Trial cell = SyntheticTrial(SyntheticCell("lmdb", 8), 0, 2000);
  EXPECT_THAT(Summarise({cell, floor}, 2)[0].harness_share, Optional(DoubleNear(0.4, 1e-9)));
  EXPECT_THAT(Summarise({cell, floor}, 8)[0].harness_share, Optional(DoubleNear(0.1, 1e-9)));
}

TEST(SummaryTest, AFloorWhoseCpuTimeWasNotCountedHasItsTime) {
  Trial floor = SyntheticTrial({"ycsb-a", "null", 2, "dedicated", "none"}, 0, 5000);
  floor.user_cpu_s = floor.system_cpu_s = 0;
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("lmdb", 2), 0, 2000), floor});
  ASSERT_TRUE(cells[0].harness_share);
  EXPECT_DOUBLE_EQ(*cells[0].harness_share, 0.4);
}

TEST(SummaryTest, AnOpenLoopHasResponseTimesAndTheLongestBacklogAndNoShares) {
  std::vector<Trial> trials = {SyntheticTrial(SyntheticCell("null"), 0, 9000),
                               SyntheticTrial(SyntheticCell("lmdb"), 0, 900),
                               SyntheticTrial(SyntheticCell("lmdb"), 1, 500)};
  for (Trial& trial : trials) MakeOpenLoop(1000, trial);
  const auto cells = Summarise(trials);
  EXPECT_EQ(cells[0].backlog_s, 0);
  const CellSummary& lmdb = cells[1];
  EXPECT_EQ(lmdb.rate_per_s, 1000);
  EXPECT_EQ(lmdb.arrivals, "poisson");
  EXPECT_EQ(lmdb.backlog_s, 1);  // half of 2 s
  EXPECT_EQ(lmdb.harness_share, std::nullopt);
  EXPECT_EQ(lmdb.ratio_to_best, std::nullopt);
  ASSERT_NE(lmdb.FindResponseTime("read"), nullptr);
  EXPECT_EQ(lmdb.FindResponseTime("read")->max_ns, 10 * lmdb.FindLatency("read")->max_ns);
  const auto closed = Summarise({SyntheticTrial(SyntheticCell("lmdb"), 0, 900)});
  EXPECT_EQ(closed[0].rate_per_s, std::nullopt);
  EXPECT_EQ(closed[0].backlog_s, std::nullopt);
  EXPECT_EQ(closed[0].FindResponseTime("read"), nullptr);
}

TEST(SummaryTest, FiguresSurviveBesideAFailedTrial) {
  const auto cells = Summarise({SyntheticTrial(SyntheticCell("lmdb"), 0, 1000),
                                Failed(SyntheticCell("lmdb"), TrialStatus::kFailed, "disk full"),
                                Failed(SyntheticCell("lmdb"), TrialStatus::kFailed, "killed")});
  EXPECT_EQ(cells[0].status, TrialStatus::kFailed);
  EXPECT_EQ(cells[0].reason, "disk full");
  EXPECT_EQ(cells[0].trials, 3u);
  EXPECT_EQ(cells[0].trials_measured, 1u);
  EXPECT_EQ(cells[0].trials_failed, 2u);
  EXPECT_EQ(cells[0].throughput_per_s->median, 1000);
}

TEST(SummaryTest, TheWorstStatusCounts) {
  const CellName cell = SyntheticCell("lmdb");
  const std::vector<Trial> trials = {
      Failed(cell, TrialStatus::kUnsupported, "a"), Failed(cell, TrialStatus::kInterrupted, "b"),
      Failed(cell, TrialStatus::kWrongAnswer, "c"), Failed(cell, TrialStatus::kFailed, "d")};
  const auto cells = Summarise(trials);
  EXPECT_EQ(cells[0].status, TrialStatus::kWrongAnswer);
  EXPECT_EQ(cells[0].reason, "c");
  EXPECT_EQ(cells[0].trials_failed, 2u);
  EXPECT_EQ(cells[0].trials_wrong, 1u);
  EXPECT_EQ(cells[0].throughput_per_s, std::nullopt);
  EXPECT_EQ(cells[0].ratio_to_best, std::nullopt);
}

TEST(SummaryTest, ATrialWithoutOperationsGivesNoFigures) {
  Trial idle;
  idle.cell = SyntheticCell("lmdb");
  idle.window_s = 2;
  const auto cells = Summarise({idle});
  EXPECT_EQ(cells[0].status, TrialStatus::kOk);
  EXPECT_EQ(cells[0].trials_measured, 0u);
  EXPECT_EQ(cells[0].throughput_per_s, std::nullopt);
}

TEST(SummaryTest, TheShareInThePageCacheIsOfTrialsThatHaveFiles) {
  std::vector<Trial> trials(4, SyntheticTrial(SyntheticCell("lmdb"), 0, 1000));
  trials[0].page_cache = {1000, 250};
  trials[1].page_cache = {2000, 2000};
  trials[2].page_cache = {0, 0};
  trials[3].page_cache.reset();
  for (Trial& trial : trials) trial.cold = "drop";
  const CellSummary cell = Summarise(trials)[0];
  EXPECT_EQ(cell.resident_share, (Spread{.median = 0.625, .min = 0.25, .max = 1}));
  EXPECT_EQ(cell.file_bytes, 2000u);
  EXPECT_EQ(cell.cold, "drop");
  const CellSummary null = Summarise({SyntheticTrial(SyntheticCell("null"), 0, 1000)})[0];
  EXPECT_EQ(null.resident_share, std::nullopt);
  EXPECT_EQ(null.cold, std::nullopt);
}

TEST(SummaryTest, EveryNoteIsThereOnce) {
  Trial first = SyntheticTrial(SyntheticCell("mutex"), 0, 1000);
  Trial second = first;
  first.notes = {"a", "b"};
  second.notes = {"b", "c"};
  EXPECT_THAT(Summarise({first, second})[0].notes, ElementsAre("a", "b", "c"));
}

RC_GTEST_PROP(SummaryTest, EveryTrialIsInExactlyOneCell, ()) {
  const auto trials = *AnyTrials();
  const auto cells = Summarise(trials);
  unsigned total = 0;
  for (const CellSummary& cell : cells) {
    total += cell.trials;
    RC_ASSERT(cell.trials_measured <= cell.trials);
    RC_ASSERT(cell.throughput_per_s.has_value() == (cell.trials_measured > 0));
    RC_ASSERT(!cell.ratio_to_best || (*cell.ratio_to_best > 0 && *cell.ratio_to_best <= 1));
    RC_ASSERT(!cell.harness_share || (*cell.harness_share > 0 && *cell.harness_share <= 1));
  }
  RC_ASSERT(total == trials.size());
}

}  // namespace
}  // namespace kvs
