#include "results/benchmark_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/results/synthetic_run.h"

namespace kvs {
namespace {

const CellName kCell{"ycsb-a", "lmdb", 2, "dedicated", "sync"};
constexpr const char* kName = "ycsb-a/engine:lmdb/threads:2/pool:dedicated/durability:sync";

Trial TrialWith(TrialStatus status, const std::string& reason) {
  Trial trial;
  trial.cell = kCell;
  trial.status = status;
  trial.reason = reason;
  return trial;
}

TEST(BenchmarkRowsTest, ATrialIsOneRowOfThroughputAndThreeOfLatency) {
  Trial trial = SyntheticTrial(kCell, 0, 250000);
  trial.user_cpu_s = 1;
  trial.system_cpu_s = 0.5;
  const Json rows = BenchmarkRows({trial});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0]["name"], kName);
  EXPECT_EQ(rows[0]["run_name"], kName);
  EXPECT_EQ(rows[0]["run_type"], "iteration");
  EXPECT_EQ(rows[0]["threads"], 2);
  EXPECT_EQ(rows[0]["iterations"], 500000);
  EXPECT_EQ(rows[0]["real_time"], 4000.0);  // ns per operation at 250,000 a second
  EXPECT_EQ(rows[0]["cpu_time"], 3000.0);   // 1.5 s for 500,000
  EXPECT_EQ(rows[0]["time_unit"], "ns");
  EXPECT_EQ(rows[0]["items_per_second"], 250000.0);
  EXPECT_FALSE(rows[0].contains("label"));
  const Latency& all = *trial.FindLatency("all");
  EXPECT_EQ(rows[1]["name"], std::string(kName) + "/latency:p50");
  EXPECT_EQ(rows[1]["real_time"], static_cast<double>(all.percentiles[0].value_ns));
  EXPECT_EQ(rows[2]["name"], std::string(kName) + "/latency:p99");
  EXPECT_EQ(rows[3]["name"], std::string(kName) + "/latency:p99.9");
  EXPECT_EQ(rows[3]["real_time"], static_cast<double>(all.percentiles[4].value_ns));
  EXPECT_EQ(rows[3]["iterations"], all.samples);
}

TEST(BenchmarkRowsTest, AnOpenLoopHasRowsOfResponseTimeBesideThoseOfLatency) {
  Trial trial = SyntheticTrial(kCell, 0, 250000);
  MakeOpenLoop(300000, trial);
  const Json rows = BenchmarkRows({trial});
  ASSERT_EQ(rows.size(), 7u);
  const Latency& all = *trial.FindResponseTime("all");
  EXPECT_EQ(rows[2]["name"], std::string(kName) + "/latency:p99");
  EXPECT_EQ(rows[4]["name"], std::string(kName) + "/response:p50");
  EXPECT_EQ(rows[5]["name"], std::string(kName) + "/response:p99");
  EXPECT_EQ(rows[6]["name"], std::string(kName) + "/response:p99.9");
  EXPECT_EQ(rows[6]["real_time"], static_cast<double>(all.percentiles[4].value_ns));
  EXPECT_EQ(rows[6]["per_family_instance_index"], 6);
}

TEST(BenchmarkRowsTest, RepetitionsAreCountedPerCell) {
  const CellName other{"ycsb-a", "sqlite", 2, "dedicated", "sync"};
  const Json rows = BenchmarkRows({SyntheticTrial(kCell, 0, 1000), SyntheticTrial(other, 0, 1000),
                                   SyntheticTrial(kCell, 1, 1000)});
  std::vector<std::vector<unsigned>> seen;
  for (const Json& row : rows) {
    if (!row.contains("items_per_second")) continue;
    seen.push_back({row["family_index"], row["repetitions"], row["repetition_index"]});
  }
  EXPECT_EQ(seen, (std::vector<std::vector<unsigned>>{{0, 2, 0}, {1, 1, 0}, {0, 2, 1}}));
}

TEST(BenchmarkRowsTest, AFailedTrialIsAnErrorAsGoogleBenchmarkWritesIt) {
  const Json rows = BenchmarkRows({TrialWith(TrialStatus::kFailed, "lmdb: set: /x: disk full"),
                                   TrialWith(TrialStatus::kWrongAnswer, "torn value")});
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["error_occurred"], true);
  EXPECT_EQ(rows[0]["error_message"], "failed: lmdb: set: /x: disk full");
  EXPECT_EQ(rows[0]["real_time"], 0.0);
  EXPECT_EQ(rows[1]["error_message"], "wrong-answer: torn value");
}

TEST(BenchmarkRowsTest, AnUnsupportedTrialHasNoRow) {
  EXPECT_EQ(BenchmarkRows({TrialWith(TrialStatus::kUnsupported, "no scan")}), Json::array());
}

TEST(BenchmarkRowsTest, AnInterruptedTrialIsLabelledOrAnError) {
  Trial measured = SyntheticTrial(kCell, 0, 1000);
  measured.status = TrialStatus::kInterrupted;
  EXPECT_EQ(BenchmarkRows({measured})[0]["label"], "interrupted");
  const Json rows = BenchmarkRows({TrialWith(TrialStatus::kInterrupted, "")});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["error_message"], "interrupted");
}

TEST(BenchmarkRowsTest, ATrialWithoutOperationsIsAnError) {
  const Json rows = BenchmarkRows({TrialWith(TrialStatus::kOk, "")});
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["error_message"], "no operation completed in the window");
}

}  // namespace
}  // namespace kvs
