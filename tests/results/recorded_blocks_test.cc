// What is judged of blocks that were measured: see recorded/README.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "results/paired_comparison.h"
#include "tests/source_directory.h"

namespace kvs::recorded_blocks {
namespace {

const CellName kCell = {"ycsb-c", "lockfree", 1, "dedicated", "process"};

// A line of the file: block, arm, seed, operations, window_s, read_samples, read_p50_ns,
// read_p99_ns.
void AddTrial(const std::string& line, PairedRuns& runs) {
  std::istringstream in(line);
  const auto next = [&in] {
    std::string field;
    if (!std::getline(in, field, ',')) throw std::runtime_error("a field is missing");
    return field;
  };
  Trial trial;
  trial.cell = kCell;
  trial.repetition = static_cast<unsigned>(std::stoul(next()));
  const std::string arm = next();
  trial.seed = std::stoull(next());
  trial.operations = std::stoull(next());
  trial.window_s = std::stod(next());
  trial.throughput_per_s = static_cast<double>(trial.operations) / trial.window_s;
  Latency& reads = trial.latencies.emplace_back();
  reads.what = "read";
  reads.samples = std::stoull(next());
  reads.percentiles = {{.percent = 50, .value_ns = std::stoull(next()), .samples_beyond = 0},
                       {.percent = 99, .value_ns = std::stoull(next()), .samples_beyond = 0}};
  kvs::Run& run = arm == "baseline"    ? runs.baseline
                  : arm == "candidate" ? runs.candidate
                                       : runs.copy.value();
  run.trials.push_back(trial);
}

PairedRuns Read(const std::string& name) {
  std::ifstream file(kvs::SourceDirectory() / "tests/results/recorded" / name);
  PairedRuns runs{.baseline = {}, .candidate = {}, .copy = kvs::Run()};
  std::string line;
  std::getline(file, line);  // the heading
  while (std::getline(file, line)) AddTrial(line, runs);
  EXPECT_EQ(runs.baseline.trials.size(), 40u) << name;
  EXPECT_EQ(runs.candidate.trials.size(), 40u) << name;
  EXPECT_EQ(runs.copy->trials.size(), 40u) << name;
  return runs;
}

Comparison Judged(const PairedRuns& runs, unsigned blocks = 20) {
  PairedRules rules;
  rules.blocks_per_stage = blocks;
  Comparison comparison = ComparePaired(runs, {{.baseline = kCell, .candidate = kCell}}, rules);
  JudgeComparison(comparison);
  return comparison;
}

TEST(RecordedBlocksTest, ALossOfTenPercentIsARegression) {
  const Comparison comparison = Judged(Read("blocks-slower.csv"));
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kRegressed);
  const Judgement& throughput = comparison.cells.at(0).judgements.at(0);
  EXPECT_EQ(throughput.verdict, Verdict::kRegressed);
  EXPECT_NEAR(*throughput.change, -0.114, 0.001);
  for (const Judgement& copy : comparison.cells.at(0).copy_judgements) {
    EXPECT_NE(copy.verdict, Verdict::kRegressed);
    EXPECT_NE(copy.verdict, Verdict::kImproved);
  }
}

TEST(RecordedBlocksTest, TheOtherWayRoundItIsAnImprovement) {
  PairedRuns runs = Read("blocks-slower.csv");
  std::swap(runs.baseline, runs.candidate);
  runs.copy.reset();  // it is of the other
  EXPECT_EQ(VerdictOf(Judged(runs).cells.at(0)), Verdict::kImproved);
}

TEST(RecordedBlocksTest, TheSameProgramIsOkAndNotInconclusive) {
  const Comparison comparison = Judged(Read("blocks-same.csv"));
  EXPECT_EQ(OutcomeOf(comparison), Outcome::kOk);
  EXPECT_EQ(CountVerdicts(comparison, false).ok, 2u);
  EXPECT_EQ(CountVerdicts(comparison, false).inconclusive, 0u);
}

TEST(RecordedBlocksTest, TwoBlocksTellNothing) {
  for (const char* name : {"blocks-slower.csv", "blocks-same.csv"}) {
    EXPECT_EQ(OutcomeOf(Judged(Read(name), 2)), Outcome::kInconclusive) << name;
  }
}

}  // namespace
}  // namespace kvs::recorded_blocks
