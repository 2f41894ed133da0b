#include "results/csv.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"

namespace kvs {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// RFC 4180 by its grammar: a field is quoted, or holds neither comma, quote nor line break.
Rows Parse(std::string_view csv) {
  Rows rows;
  std::vector<std::string> row;
  size_t at = 0;
  while (at < csv.size()) {
    std::string field;
    if (csv[at] == '"') {
      for (++at; csv.at(at) != '"' || (at + 1 < csv.size() && csv[at + 1] == '"'); ++at) {
        field += csv[at];
        if (csv[at] == '"') ++at;
      }
      ++at;
    } else {
      while (csv.at(at) != ',' && csv.at(at) != '\r') {
        if (csv[at] == '"' || csv[at] == '\n') throw std::runtime_error("quote in a bare field");
        field += csv[at++];
      }
    }
    row.push_back(field);
    if (csv.at(at) == ',') {
      ++at;
      continue;
    }
    if (csv.substr(at, 2) != "\r\n") throw std::runtime_error("no CRLF after a row");
    at += 2;
    rows.push_back(std::exchange(row, {}));
  }
  return rows;
}

std::string FieldOf(const Rows& rows, size_t row, const std::string& column) {
  const auto found = std::find(rows[0].begin(), rows[0].end(), column);
  if (found == rows[0].end()) throw std::runtime_error("no column " + column);
  return rows.at(row).at(static_cast<size_t>(found - rows[0].begin()));
}

RC_GTEST_PROP(CsvTest, EveryRowHasAllColumnsAndTextSurvives, ()) {
  kvs::Run run;
  run.trials = *AnyTrials();
  const Rows rows = Parse(TrialsToCsv(run));
  RC_ASSERT(rows.size() == run.trials.size() + 1);
  for (size_t i = 0; i < run.trials.size(); ++i) {
    RC_ASSERT(rows[i + 1].size() == rows[0].size());
    RC_ASSERT(FieldOf(rows, i + 1, "workload") == run.trials[i].cell.workload);
    RC_ASSERT(FieldOf(rows, i + 1, "reason") == run.trials[i].reason);
    RC_ASSERT(FieldOf(rows, i + 1, "seed") == std::to_string(run.trials[i].seed));
  }
}

TEST(CsvTest, FiguresOfATrial) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 2, "dedicated", "sync"}, 1, 250000)};
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "engine"), "lmdb");
  EXPECT_EQ(FieldOf(rows, 1, "threads"), "2");
  EXPECT_EQ(FieldOf(rows, 1, "durability"), "sync");
  EXPECT_EQ(FieldOf(rows, 1, "repetition"), "1");
  EXPECT_EQ(FieldOf(rows, 1, "status"), "ok");
  EXPECT_EQ(FieldOf(rows, 1, "operations"), "500000");
  EXPECT_EQ(FieldOf(rows, 1, "throughput_per_s"), "250000");
  const Latency& all = *run.trials[0].FindLatency("all");
  EXPECT_EQ(FieldOf(rows, 1, "latency_p50_ns"), std::to_string(all.percentiles[0].value_ns));
  EXPECT_EQ(FieldOf(rows, 1, "latency_p99.99_ns"), std::to_string(all.percentiles[5].value_ns));
  EXPECT_EQ(FieldOf(rows, 1, "latency_max_ns"), std::to_string(all.max_ns));
}

TEST(CsvTest, ATrialWithoutFiguresHasEmptyFields) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 2, "dedicated", "sync"}, 0, 0)};
  run.trials[0].status = TrialStatus::kFailed;
  run.trials[0].reason = "lmdb: open: /x: \"full\", at last";
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "status"), "failed");
  EXPECT_EQ(FieldOf(rows, 1, "reason"), "lmdb: open: /x: \"full\", at last");
  EXPECT_EQ(FieldOf(rows, 1, "throughput_per_s"), "");
  EXPECT_EQ(FieldOf(rows, 1, "latency_p99_ns"), "");
}

TEST(CsvTest, CostsThatAreNotAvailableAreEmptyAndZeroIsZero) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 2, "dedicated", "sync"}, 0, 1000),
                SyntheticTrial({"ycsb-a", "sqlite", 2, "dedicated", "sync"}, 0, 1000)};
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "minor_faults"), "40");
  EXPECT_EQ(FieldOf(rows, 1, "minor_faults_per_operation"), "0.02");
  EXPECT_EQ(FieldOf(rows, 1, "device_read_bytes"), "0");
  EXPECT_EQ(FieldOf(rows, 1, "write_amplification"), "3");
  EXPECT_EQ(FieldOf(rows, 1, "cycles"), "2800000");
  EXPECT_EQ(FieldOf(rows, 1, "counter_running_share"), "1");
  EXPECT_EQ(FieldOf(rows, 2, "minor_faults"), "40");
  for (const char* column : {"call_read_bytes", "device_write_bytes", "write_amplification",
                             "cycles", "cycles_per_operation", "counter_running_share"}) {
    EXPECT_EQ(FieldOf(rows, 2, column), "") << column;
  }
  run.trials[0].costs.reset();
  const Rows without = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(without, 1, "minor_faults"), "");
  EXPECT_EQ(FieldOf(without, 1, "user_cpu_ns_per_operation"), "");
}

TEST(CsvTest, WritesThatWereNotAuditedAreEmptyAndZeroIsZero) {
  kvs::Run run;
  run.trials.assign(3, SyntheticTrial({"ycsb-a", "lmdb", 2, "dedicated", "sync"}, 0, 1000));
  run.trials[0].flushes = 2000;
  run.trials[0].audited_writes = 17;
  run.trials[1].audited_writes = 0;
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "audited_writes"), "17");
  EXPECT_EQ(FieldOf(rows, 1, "flushes_per_write"), "2");  // 1000 updates
  EXPECT_EQ(FieldOf(rows, 2, "audited_writes"), "0");
  EXPECT_EQ(FieldOf(rows, 2, "flushes_per_write"), "0");
  EXPECT_EQ(FieldOf(rows, 3, "audited_writes"), "");
}

TEST(CsvTest, AnOpenLoopHasItsRateBacklogAndResponseTimes) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 2, "dedicated", "sync"}, 0, 1000)};
  const Rows closed = Parse(TrialsToCsv(run));
  for (const char* column : {"rate_per_s", "arrivals", "backlog_operations", "backlog_s",
                             "response_p50_ns", "response_max_ns"}) {
    EXPECT_EQ(FieldOf(closed, 1, column), "") << column;
  }
  MakeOpenLoop(1500, run.trials[0]);  // for 2 s
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "rate_per_s"), "1500");
  EXPECT_EQ(FieldOf(rows, 1, "arrivals"), "poisson");
  EXPECT_EQ(FieldOf(rows, 1, "backlog_operations"), "1000");
  EXPECT_EQ(FieldOf(rows, 1, "backlog_s"), "0.6666666666666666");
  const Latency& all = *run.trials[0].FindResponseTime("all");
  EXPECT_EQ(FieldOf(rows, 1, "response_p50_ns"), std::to_string(all.percentiles[0].value_ns));
  EXPECT_EQ(FieldOf(rows, 1, "response_max_ns"), std::to_string(all.max_ns));
}

TEST(CsvTest, TheTrendOfAWindowIsEmptyWhereItIsNotKnown) {
  kvs::Run run;
  run.trials.assign(2, SyntheticTrial(SyntheticCell("lmdb"), 0, 1e6));
  MakeDrift(-0.5, run.trials[0]);
  run.trials[1].slices.reset();
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_NEAR(std::stod(FieldOf(rows, 1, "change_share")), -0.5, 0.02);
  EXPECT_LT(std::stod(FieldOf(rows, 1, "trend_z")), -3.3);
  EXPECT_EQ(FieldOf(rows, 2, "change_share"), "");
  EXPECT_EQ(FieldOf(rows, 2, "trend_z"), "");
}

TEST(CsvTest, WhatThePageCacheHeldIsEmptyWhereItIsNotKnown) {
  kvs::Run run;
  run.trials.assign(2, SyntheticTrial(SyntheticCell("lmdb"), 0, 1e6));
  run.trials[0].page_cache = {100, 0};
  run.trials[0].cold = "evict";
  run.trials[1].page_cache.reset();
  const Rows rows = Parse(TrialsToCsv(run));
  EXPECT_EQ(FieldOf(rows, 1, "file_bytes"), "100");
  EXPECT_EQ(FieldOf(rows, 1, "resident_bytes"), "0");
  EXPECT_EQ(FieldOf(rows, 1, "cold"), "evict");
  EXPECT_EQ(FieldOf(rows, 2, "resident_bytes"), "");
  EXPECT_EQ(FieldOf(rows, 2, "cold"), "");
}

TEST(CsvTest, ProbesFollowTheTrialsAndEachRowHasItsCellsMaxRate) {
  kvs::Run run;
  run.trials = {SyntheticTrial(SyntheticCell("lmdb"), 0, 1e6),
                SyntheticTrial(SyntheticCell("sqlite"), 0, 1e5)};
  run.max_rates.emplace().cells.resize(2);
  MaxRate& found = run.max_rates->cells[0];
  found.cell = SyntheticCell("lmdb");
  found.max_rate_per_s = 480000;
  found.probes.push_back(
      {.purpose = "bracket", .held = false, .why = "p99 2ms, fell behind", .trial = {}});
  found.probes.push_back({.purpose = "confirm", .held = true, .why = "", .trial = {}});
  for (RateProbe& probe : found.probes) {
    probe.trial = run.trials[0];
    MakeOpenLoop(500000, probe.trial);
  }
  run.max_rates->cells[1].cell = SyntheticCell("sqlite");
  const Rows rows = Parse(TrialsToCsv(run));
  ASSERT_EQ(rows.size(), 1u + 2 + 2);
  EXPECT_EQ(FieldOf(rows, 1, "probe"), "");
  EXPECT_EQ(FieldOf(rows, 1, "max_rate_per_s"), "480000");
  EXPECT_EQ(FieldOf(rows, 2, "max_rate_per_s"), "") << "nothing was found";
  EXPECT_EQ(FieldOf(rows, 3, "probe"), "bracket");
  EXPECT_EQ(FieldOf(rows, 3, "probe_held"), "false");
  EXPECT_EQ(FieldOf(rows, 3, "probe_why"), "p99 2ms, fell behind");
  EXPECT_EQ(FieldOf(rows, 3, "rate_per_s"), "500000");
  EXPECT_EQ(FieldOf(rows, 4, "probe_held"), "true");
  EXPECT_EQ(FieldOf(rows, 4, "max_rate_per_s"), "480000");
  EXPECT_EQ(rows[4].size(), rows[0].size());
}

TEST(CsvTest, NoTrialsLeaveTheHeader) { EXPECT_EQ(Parse(TrialsToCsv(kvs::Run{})).size(), 1u); }

}  // namespace
}  // namespace kvs
