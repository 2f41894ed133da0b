#include "results/stored_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "results/action_json.h"
#include "tests/results/synthetic_run.h"

namespace kvs::stored_comparison {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr unsigned kTrials = 10;

// Trials of `cell` around `throughput_per_s`, with a spread of a thousandth.
void AddTrials(const CellName& cell, double throughput_per_s, kvs::Run& run) {
  for (unsigned i = 0; i < kTrials; ++i) {
    run.trials.push_back(SyntheticTrial(cell, i, throughput_per_s * (1 + 1e-4 * i)));
    run.trials.back().seed = 1 + i;
  }
}

kvs::Run RunOf(double throughput_per_s) {
  kvs::Run run;
  run.version = "0.1.0";
  run.host = {{"name", "here"}, {"kernel", "Linux 6"}};
  run.machine = MachineReport{.fingerprint = "f00", .facts = {}, .findings = {}};
  run.workloads = {{"ycsb-a", {{"recordcount", "1000"}}, {}}};
  AddTrials(SyntheticCell("lmdb"), throughput_per_s, run);
  return run;
}

Comparison Judged(const kvs::Run& baseline, const kvs::Run& candidate, bool judge_flushes = false) {
  Comparison comparison = CompareStored(baseline, candidate, judge_flushes);
  JudgeComparison(comparison);
  return comparison;
}

const Figure* Find(const ComparedCell& cell, const std::string& name) {
  const auto found = std::find_if(cell.figures.begin(), cell.figures.end(),
                                  [&](const Figure& figure) { return figure.name == name; });
  return found == cell.figures.end() ? nullptr : &*found;
}

TEST(StoredComparisonTest, ThroughputAndPercentilesOfEachKind) {
  const Comparison comparison = Judged(RunOf(1e6), RunOf(0.9e6));
  EXPECT_EQ(comparison.design, Design::kUnpaired);
  EXPECT_THAT(comparison.warnings, Contains(HasSubstr("unpaired")));
  ASSERT_EQ(comparison.cells.size(), 1u);
  const ComparedCell& cell = comparison.cells[0];
  const Figure* throughput = Find(cell, "throughput");
  ASSERT_NE(throughput, nullptr);
  EXPECT_TRUE(throughput->higher_is_better);
  EXPECT_EQ(throughput->stages.at(0).baseline.size(), kTrials);
  EXPECT_NEAR(throughput->stages.at(0).candidate.at(1), 0.9e6 * (1 + 1e-4), 1);
  EXPECT_NE(Find(cell, "read p99"), nullptr);
  EXPECT_NE(Find(cell, "update p50"), nullptr);
  EXPECT_EQ(Find(cell, "all p50"), nullptr);
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kRegressed);
  EXPECT_EQ(OutcomeOf(Judged(RunOf(1e6), RunOf(1e6 + 1))), Outcome::kOk);
}

TEST(StoredComparisonTest, PercentilesNeedSamplesBeyondThemInEveryTrial) {
  kvs::Run candidate = RunOf(1e6);
  for (Latency& latency : candidate.trials[3].latencies) {
    if (latency.what == "read") latency.samples = 9940;  // 99.4 of them beyond p99
  }
  const Comparison comparison = Judged(RunOf(1e6), candidate);
  EXPECT_THAT(Find(comparison.cells[0], "read p99")->why_not_judged, HasSubstr("fewer than 100"));
  EXPECT_EQ(Find(comparison.cells[0], "read p50")->why_not_judged, "");
  candidate.trials[3].latencies[0].samples = 10'000;
  EXPECT_EQ(Find(Judged(RunOf(1e6), candidate).cells[0], "read p99")->why_not_judged, "");
  candidate.trials[3].latencies.clear();
  EXPECT_THAT(Find(Judged(RunOf(1e6), candidate).cells[0], "read p50")->why_not_judged,
              HasSubstr("not sampled"));
}

TEST(StoredComparisonTest, OpenLoopIsJudgedByResponseTimes) {
  kvs::Run baseline = RunOf(1e6), candidate = RunOf(1e6);
  for (kvs::Run* run : {&baseline, &candidate}) {
    for (Trial& trial : run->trials) MakeOpenLoop(1e6, trial);
  }
  const ComparedCell cell = Judged(baseline, candidate).cells.at(0);
  EXPECT_EQ(Find(cell, "throughput"), nullptr);
  EXPECT_EQ(Find(cell, "read p99"), nullptr);
  EXPECT_NE(Find(cell, "read response p99"), nullptr);
}

kvs::Run RunOfSync(double throughput_per_s, double flushes_per_write) {
  kvs::Run run = RunOf(throughput_per_s);
  for (Trial& trial : run.trials) {
    trial.cell.durability = "sync";
    uint64_t writes = 0;
    for (const OperationCounts& counts : trial.counts) {
      if (counts.operation == "update") writes += counts.completed;
    }
    trial.flushes = static_cast<uint64_t>(flushes_per_write * static_cast<double>(writes));
  }
  return run;
}

TEST(StoredComparisonTest, TimesThatWaitForFlushesAreAdvisoryUnlessAskedFor) {
  const Comparison advisory = Judged(RunOfSync(1e4, 1), RunOfSync(0.9e4, 1));
  EXPECT_TRUE(Find(advisory.cells[0], "throughput")->is_advisory);
  EXPECT_FALSE(Find(advisory.cells[0], "flushes")->is_advisory);
  EXPECT_EQ(OutcomeOf(advisory), Outcome::kOk);
  EXPECT_EQ(OutcomeOf(Judged(RunOfSync(1e4, 1), RunOfSync(0.9e4, 1), true)), Outcome::kRegressed);
}

TEST(StoredComparisonTest, CountsAreJudgedExactly) {
  const Comparison comparison = Judged(RunOfSync(1e4, 1), RunOfSync(1e4 + 1, 1.05));
  const auto& figures = comparison.cells[0].figures;
  const auto at = static_cast<size_t>(Find(comparison.cells[0], "flushes") - figures.data());
  EXPECT_TRUE(comparison.cells[0].judgements[at].is_exact);
  EXPECT_EQ(comparison.cells[0].judgements[at].verdict, Verdict::kRegressed);
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kRegressed);
  EXPECT_EQ(Find(Judged(RunOf(1e6), RunOf(1e6 + 1)).cells[0], "flushes"), nullptr);
}

TEST(StoredComparisonTest, FloorsAreNotCompared) {
  kvs::Run run = RunOf(1e6);
  for (Trial& trial : run.trials) trial.is_floor = true;
  EXPECT_THAT(CompareStored(run, run, false).cells, IsEmpty());
}

TEST(StoredComparisonTest, FailuresAndWhatIsNotThereAreSaid) {
  kvs::Run candidate = RunOf(1e6);
  candidate.trials[2].status = TrialStatus::kFailed;
  candidate.trials[2].reason = "killed by signal 9";
  const Comparison failed = Judged(RunOf(1e6), candidate);
  EXPECT_TRUE(failed.cells[0].candidate_failed);
  EXPECT_THAT(failed.cells[0].why_not_compared,
              AllOf(HasSubstr("candidate: 1 of 10 trials failed"), HasSubstr("signal 9")));
  EXPECT_EQ(OutcomeOf(failed), Outcome::kFailed);
  // A baseline that failed leaves nothing to compare with, and is no failure of the candidate.
  EXPECT_EQ(OutcomeOf(Judged(candidate, RunOf(1e6))), Outcome::kInconclusive);

  kvs::Run stalled = RunOf(1e6);
  stalled.trials[4].operations = 0;
  stalled.trials[4].throughput_per_s = 0;
  const Comparison idle = Judged(stalled, RunOf(1e6));
  EXPECT_EQ(idle.cells[0].why_not_compared,
            "baseline: 1 of 10 trials completed no operation in the window");
  EXPECT_EQ(OutcomeOf(idle), Outcome::kInconclusive);

  kvs::Run unsupported = RunOf(1e6);
  for (Trial& trial : unsupported.trials) trial.status = TrialStatus::kUnsupported;
  EXPECT_EQ(OutcomeOf(Judged(RunOf(1e6), unsupported)), Outcome::kInconclusive);
  EXPECT_THAT(CompareStored(unsupported, unsupported, false).cells, IsEmpty());

  kvs::Run more = RunOf(1e6);
  AddTrials(SyntheticCell("sqlite"), 1e5, more);
  EXPECT_THAT(Judged(RunOf(1e6), more).warnings,
              Contains(AllOf(HasSubstr("only in the candidate"), HasSubstr("sqlite"))));
}

TEST(StoredComparisonTest, EnvironmentsThatDiffer) {
  const kvs::Run baseline = RunOf(1e6);
  kvs::Run candidate = RunOf(1e6);
  candidate.host[0].second = "there";
  EXPECT_THAT(EnvironmentMismatches(baseline, candidate), IsEmpty());
  candidate.host = {{"name", "here"}, {"kernel", "Linux 7"}, {"cpu", "fast"}};
  candidate.machine->fingerprint = "f01";
  candidate.version = "0.2.0";
  for (Trial& trial : candidate.trials) trial.library = "LMDB 1.0";
  EXPECT_THAT(EnvironmentMismatches(baseline, candidate),
              ElementsAre(Mismatch{"host.kernel", "Linux 6", "Linux 7"},
                          Mismatch{"host.cpu", "(not there)", "fast"},
                          Mismatch{"machine.fingerprint", "f00", "f01"},
                          Mismatch{"version of kvs-bench", "0.1.0", "0.2.0"},
                          Mismatch{"library of lmdb", "LMDB 0.9.24", "LMDB 1.0"}));
  candidate = RunOf(1e6);
  kvs::Run with_facts = RunOf(1e6);
  with_facts.machine->facts = {{"kernel", "Linux 6"}, {"turbo", "on"}};
  EXPECT_THAT(EnvironmentMismatches(with_facts, candidate), IsEmpty());
  candidate.machine->facts = {{"kernel", "Linux 7"}, {"turbo", "off"}};
  EXPECT_THAT(EnvironmentMismatches(with_facts, candidate),
              ElementsAre(Mismatch{"machine.facts.turbo", "on", "off"}));
  candidate.machine.reset();
  EXPECT_THAT(EnvironmentMismatches(baseline, candidate),
              ElementsAre(Mismatch{"machine.fingerprint", "f00", "(not there)"}));
}

TEST(StoredComparisonTest, WorkloadsThatDiffer) {
  const kvs::Run baseline = RunOf(1e6);
  kvs::Run candidate = RunOf(0.5e6);
  EXPECT_THAT(WorkloadMismatches(baseline, candidate), IsEmpty());
  candidate.workloads[0].properties[0].second = "2000";
  for (Trial& trial : candidate.trials) {
    trial.window_s *= 2;
    trial.memory_budget_bytes = 64;
    trial.cold = "evict";
    MakeOpenLoop(1000, trial);
  }
  std::vector<std::string> fields;
  for (const Mismatch& mismatch : WorkloadMismatches(baseline, candidate)) {
    fields.push_back(mismatch.field);
  }
  EXPECT_THAT(fields, AllOf(Contains("workload ycsb-a: recordcount"), Contains("rate"),
                            Contains("arrivals"), Contains("memory budget in bytes"),
                            Contains("cold start"), Contains(HasSubstr("shortest window"))));
  // With a number of operations, a slow run takes longer, and that is the answer.
  kvs::Run counted = RunOf(1e6), slower = RunOf(1e6);
  for (kvs::Run* run : {&counted, &slower}) {
    run->workloads[0].properties.emplace_back("operationcount", "1000");
  }
  for (Trial& trial : slower.trials) trial.window_s *= 2;
  EXPECT_THAT(WorkloadMismatches(counted, slower), IsEmpty());
}

TEST(ActionJsonTest, OneMedianPerCellWithAUniqueName) {
  for (const kvs::Run& run : {SyntheticRun(), SyntheticOpenLoopRun()}) {
    const auto rows = nlohmann::json::parse(ActionJson(run));
    ASSERT_GT(rows.size(), 40u);
    std::set<std::string> names;
    for (const auto& row : rows) {
      EXPECT_TRUE(names.insert(row["name"]).second) << row;
      EXPECT_TRUE(row["value"].is_number()) << row;
      EXPECT_GT(row["value"], 0) << row;
      EXPECT_TRUE(row["unit"].is_string() && row["range"].is_string() && row["extra"].is_string());
    }
  }
  const auto row = nlohmann::json::parse(ActionJson(RunOf(1e6))).at(0);
  EXPECT_EQ(row["name"], SyntheticCell("lmdb").ToString());
  EXPECT_EQ(row["unit"], "ns/op");
  EXPECT_NEAR(row["value"], 1000 / (1 + 4.5e-4), 0.01);
  EXPECT_EQ(row["extra"], "10 trials");
}

}  // namespace
}  // namespace kvs::stored_comparison
