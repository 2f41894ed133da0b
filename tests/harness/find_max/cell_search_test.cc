#include "harness/find_max/cell_search.h"

#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"

namespace kvs::find_max {
namespace {

using ::testing::HasSubstr;

constexpr double kClosedLoopPerS = 100'000;

TrialPlan CellPlan() {
  TrialPlan plan;
  plan.cell = {"ycsb-a", "mutex", 2, "dedicated", "process"};
  plan.workload = LoadSpec("ycsb-a", {});
  plan.duration_s = 2;
  plan.operations = 12345;
  plan.seed = 40;
  return plan;
}

std::vector<Trial> ClosedLoop() {
  std::vector<Trial> trials(3, TrialWithoutFigures(CellPlan()));
  trials[0].operations = trials[1].operations = 1;
  trials[0].throughput_per_s = kClosedLoopPerS / 2;
  trials[1].throughput_per_s = kClosedLoopPerS;
  trials[2].status = TrialStatus::kFailed;
  trials[2].reason = "once";
  Trial floor = trials[1];
  floor.is_floor = true;
  floor.throughput_per_s = 1e9;
  trials.push_back(floor);
  Trial other = trials[1];
  other.cell.engine = "rwlock";
  other.throughput_per_s = 1e9;
  trials.push_back(other);
  return trials;
}

// What a probe gives of an engine whose p99 is `p99_ns` at the rate of `plan`.
Trial Outcome(const TrialPlan& plan, double p99_ns) {
  Trial trial = TrialWithoutFigures(plan);
  trial.window_s = plan.duration_s;
  trial.operations = static_cast<uint64_t>(plan.duration_s * plan.open_loop->rate_per_s);
  trial.throughput_per_s = plan.open_loop->rate_per_s;
  trial.backlog_operations = 0;
  trial.response_times = {
      {.what = "all",
       .samples = trial.operations,
       .percentiles = {{.percent = 99, .value_ns = static_cast<uint64_t>(p99_ns)}}}};
  return trial;
}

// A queue whose waiting grows as 1/(1 - utilisation): below 1 ms up to 95% of the closed loop.
double QueueP99Ns(double rate_per_s) { return 50'000 / (1 - rate_per_s / kClosedLoopPerS); }

FindMaxOptions Options(const std::string& slo) {
  return {.slo = ParseSlo(slo), .arrivals = Arrivals::kConstant, .confirmations = 3};
}

MaxRate EmptyRecord() {
  MaxRate record;
  record.cell = CellPlan().cell;
  return record;
}

TEST(CellSearchTest, FindsTheRateOfAQueue) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), record);
  std::set<uint64_t> seeds;
  while (const std::optional<TrialPlan> plan = search.Next()) {
    EXPECT_EQ(record.outcome, SearchOutcome::kSearching);
    EXPECT_EQ(plan->open_loop->arrivals, Arrivals::kConstant);
    EXPECT_FALSE(plan->operations.has_value()) << "a window of time";
    EXPECT_GE(plan->duration_s, 2);
    EXPECT_GE(plan->duration_s * plan->open_loop->rate_per_s * 0.01, kLeastSamplesBeyond);
    EXPECT_GE(plan->seed, 43u) << "of no trial in the closed loop";
    EXPECT_TRUE(seeds.insert(plan->seed).second) << "of no other probe";
    search.Take(Outcome(*plan, QueueP99Ns(plan->open_loop->rate_per_s)));
  }
  EXPECT_EQ(record.outcome, SearchOutcome::kFound);
  EXPECT_EQ(record.closed_loop_per_s, kClosedLoopPerS);
  EXPECT_LE(*record.max_rate_per_s, 95'000);
  EXPECT_GE(*record.max_rate_per_s, 95'000 / 1.03);
  EXPECT_GE(*record.fails_at_per_s, 95'000);
  ASSERT_GE(record.probes.size(), 4u);
  EXPECT_EQ(record.probes.front().purpose, "bracket");
  EXPECT_EQ(record.probes.back().purpose, "confirm");
  for (const RateProbe& probe : record.probes) {
    EXPECT_EQ(probe.held, probe.why.empty());
    EXPECT_EQ(probe.held, *probe.trial.rate_per_s < 95'000);
  }
}

TEST(CellSearchTest, LowRatesGetLongWindowsAndTheLowestIsSaid) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), record);
  double longest_s = 0;
  while (const std::optional<TrialPlan> plan = search.Next()) {
    longest_s = std::max(longest_s, plan->duration_s);
    search.Take(Outcome(*plan, 2e6));
  }
  EXPECT_EQ(record.outcome, SearchOutcome::kNotReached);
  EXPECT_FALSE(record.max_rate_per_s.has_value());
  EXPECT_NEAR(longest_s, kLongestWindowS, 1e-9);
  EXPECT_NEAR(record.lowest_per_s, 250, 1e-9);  // 150 samples beyond p99 in 60 s
  EXPECT_EQ(record.fails_at_per_s, record.lowest_per_s);
  EXPECT_EQ(record.reason, "p99 2.00ms");
}

TEST(CellSearchTest, WhatCannotHaveItsSamplesIsNotJudged) {
  const FindMaxOptions options = Options("p99.999<1ms");  // 15 M operations
  MaxRate record = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), record);
  EXPECT_FALSE(search.Next().has_value());
  EXPECT_EQ(record.outcome, SearchOutcome::kNotJudged);
  EXPECT_THAT(record.reason, HasSubstr("--duration"));
  TrialPlan patient = CellPlan();
  patient.duration_s = 1000;
  record = EmptyRecord();
  CellSearch long_search(options, patient, ClosedLoop(), record);
  EXPECT_TRUE(long_search.Next().has_value());
}

TEST(CellSearchTest, AFailureEndsTheSearch) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), record);
  Trial failed = TrialWithoutFigures(*search.Next());
  failed.status = TrialStatus::kWrongAnswer;
  failed.reason = "a value of another key";
  search.Take(failed);
  EXPECT_FALSE(search.Next().has_value());
  EXPECT_EQ(record.outcome, SearchOutcome::kFailed);
  EXPECT_EQ(record.reason, "a value of another key");
  EXPECT_EQ(record.probes.size(), 1u);
}

TEST(CellSearchTest, WhatAnEngineCannotDoIsNoFailure) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), record);
  Trial unsupported = TrialWithoutFigures(*search.Next());
  unsupported.status = TrialStatus::kUnsupported;
  unsupported.reason = "it has no such thing";
  search.Take(unsupported);
  EXPECT_FALSE(search.Next().has_value());
  EXPECT_EQ(record.outcome, SearchOutcome::kNotJudged);
  EXPECT_EQ(record.reason, "it has no such thing");
}

TEST(CellSearchTest, AnEngineThatIsNeverFastEnoughIsNotAskedAgain) {
  const FindMaxOptions options = Options("p99<1ms,read:p50<10us");
  for (const uint64_t fastest_ns : {9'999, 10'000}) {
    MaxRate record = EmptyRecord();
    CellSearch search(options, CellPlan(), ClosedLoop(), record);
    Trial trial = Outcome(*search.Next(), 2e6);
    trial.latencies = {{.what = "read", .samples = 1000, .min_ns = fastest_ns, .percentiles = {}}};
    search.Take(trial);
    if (fastest_ns < 10'000) {
      EXPECT_EQ(record.outcome, SearchOutcome::kSearching);
      continue;
    }
    EXPECT_FALSE(search.Next().has_value());
    EXPECT_EQ(record.outcome, SearchOutcome::kNotReached);
    EXPECT_EQ(record.fails_at_per_s, kClosedLoopPerS / 2);
    EXPECT_THAT(record.reason, HasSubstr("fastest of 1000 operations (read)"));
  }
}

TEST(CellSearchTest, NoRateIsAboveTheHighestThatCanBeAsked) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  std::vector<Trial> trials = ClosedLoop();
  for (Trial& trial : trials) trial.throughput_per_s = 1e12;
  CellSearch search(options, CellPlan(), trials, record);
  while (const std::optional<TrialPlan> plan = search.Next()) {
    EXPECT_LT(plan->open_loop->rate_per_s, kMostRatePerS);
    search.Take(Outcome(*plan, 10));
  }
  EXPECT_EQ(record.outcome, SearchOutcome::kFound);
  EXPECT_GT(*record.max_rate_per_s, 0.9 * kMostRatePerS);
}

TEST(CellSearchTest, WithoutAClosedLoopThereIsNothingToSearch) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate record = EmptyRecord();
  const std::vector<Trial> trials = {ClosedLoop()[2]};
  CellSearch search(options, CellPlan(), trials, record);
  EXPECT_FALSE(search.Next().has_value());
  EXPECT_EQ(record.outcome, SearchOutcome::kFailed);
  EXPECT_THAT(record.reason, HasSubstr("once"));
}

TEST(CellSearchTest, GoesOnWhereAnotherWasInterrupted) {
  const FindMaxOptions options = Options("p99<1ms");
  MaxRate whole = EmptyRecord();
  CellSearch search(options, CellPlan(), ClosedLoop(), whole);
  while (const std::optional<TrialPlan> plan = search.Next()) {
    search.Take(Outcome(*plan, QueueP99Ns(plan->open_loop->rate_per_s)));
  }
  // A new search before every probe.
  MaxRate record = EmptyRecord();
  for (;;) {
    CellSearch one(options, CellPlan(), ClosedLoop(), record);
    const std::optional<TrialPlan> plan = one.Next();
    if (!plan) break;
    one.Take(Outcome(*plan, QueueP99Ns(plan->open_loop->rate_per_s)));
  }
  EXPECT_EQ(record, whole);

  const auto edited = [&](auto edit) {
    MaxRate other = whole;
    other.outcome = SearchOutcome::kSearching;
    other.probes.resize(3);
    edit(other);
    CellSearch again(options, CellPlan(), ClosedLoop(), other);
  };
  EXPECT_NO_THROW(edited([](MaxRate&) {}));
  EXPECT_THROW(edited([](MaxRate& other) { *other.probes[1].trial.rate_per_s *= 1.01; }),
               UsageError);
  EXPECT_THROW(edited([](MaxRate& other) { other.probes[2].held ^= true; }), UsageError);
}

}  // namespace
}  // namespace kvs::find_max
