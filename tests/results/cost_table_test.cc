#include "results/cost_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "tests/results/synthetic_run.h"

namespace kvs::cost_table {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const std::vector<Trial>& trials) { return RenderCostTables(Summarise(trials)); }

// One of everything that a table shows.
std::vector<Trial> TrialsOfEverything() {
  std::vector<Trial> trials = {SyntheticTrial(SyntheticCell("lmdb", 2), 0, 400e3),
                               SyntheticTrial(SyntheticCell("sqlite", 1), 0, 43210),
                               SyntheticTrial(SyntheticCell("mutex", 1), 0, 3e6),
                               SyntheticTrial(SyntheticCell("mutex", 1), 1, 1e6),
                               SyntheticTrial(SyntheticCell("mutex", 1), 2, 2e6),
                               SyntheticTrial(SyntheticCell("lockfree:ordered=true", 1), 0, 6e6),
                               SyntheticTrial(SyntheticCell("rwlock", 1), 0, 1e6)};
  trials.back().status = TrialStatus::kFailed;
  Trial floor = SyntheticTrial(SyntheticCell("null", 1), 0, 20e6);
  floor.is_floor = true;
  floor.directory_bytes = 0;
  floor.peak_rss_bytes = 9 << 20;
  floor.system_cpu_s = 1e-6;
  floor.costs->live_bytes.reset();
  floor.costs->device_write_bytes = 0;
  trials.push_back(floor);
  return trials;
}

constexpr const char* kGoldenCosts = R"(
cost per operation: ycsb-a; pool dedicated; durability process

  engine     user   system  switches   faults   written      read  write amp  space amp  peak RSS  instr.  cycles
1 thread
)";

TEST(CostTableTest, ATableHasAHeadingAndAGroupPerThreadCount) {
  const std::string text = Render(TrialsOfEverything());
  EXPECT_EQ(text.substr(0, std::string(kGoldenCosts).size()), kGoldenCosts);
  EXPECT_LT(text.find("1 thread\n"), text.find("2 threads\n"));
  EXPECT_LT(text.find("2 threads\n"), text.find("  lmdb "));
}

TEST(CostTableTest, FiguresAreMediansOfTheTrials) {
  // Of 3, 1 and 2 million operations per second of one thread that is never idle.
  EXPECT_THAT(Render(TrialsOfEverything()),
              HasSubstr("\n  mutex     450ns     50ns      0.03     20.0  1.50 KiB       0 B     "
                        " 3.00x      1.31x   192 MiB   2.10k   1.40k\n"));
}

TEST(CostTableTest, WhatIsNotAvailableIsNotZeroAndItsReasonIsBelowOnce) {
  std::vector<Trial> trials = TrialsOfEverything();
  trials.push_back(SyntheticTrial(SyntheticCell("sqlite", 2), 0, 20000));
  const std::string text = Render(trials);
  EXPECT_THAT(text, HasSubstr("n/a       n/a        n/a      1.31x   192 MiB     n/a     n/a\n"));
  const std::string note = "  hardware counters: not permitted\n";
  const size_t at = text.find(note);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.find(note, at + 1), std::string::npos);
  EXPECT_THAT(text,
              HasSubstr("  bytes read and written: the kernel does not give /proc/self/io\n"));
}

TEST(CostTableTest, WhatIsAlmostZeroIsNotShownAsZero) {
  const std::string text = Render(TrialsOfEverything());
  EXPECT_THAT(text, HasSubstr("\n  null       45ns  <0.01ns"));
}

TEST(CostTableTest, ALongNameHasALineOfItsOwn) {
  EXPECT_THAT(Render(TrialsOfEverything()), HasSubstr("\n  lockfree:ordered=true\n           "));
}

TEST(CostTableTest, CellsWithoutFiguresAreLeftOut) {
  EXPECT_THAT(Render(TrialsOfEverything()), Not(HasSubstr("rwlock")));
}

TEST(CostTableTest, CellsWithoutCostsAreNotAvailable) {
  std::vector<Trial> trials = {SyntheticTrial(SyntheticCell("mutex", 1), 0, 3e6)};
  trials[0].costs.reset();
  EXPECT_THAT(Render(trials), HasSubstr("  mutex       n/a      n/a       n/a      n/a       n/a"));
}

TEST(CostTableTest, EachWorkloadPoolAndDurabilityHasATable) {
  const std::string text =
      Render({SyntheticTrial({"ycsb-a", "lmdb", 1, "dedicated", "process"}, 0, 1000),
              SyntheticTrial({"ycsb-c", "lmdb", 1, "naive", "process"}, 0, 1000),
              SyntheticTrial({"ycsb-c", "lmdb", 1, "naive", "sync"}, 0, 1000),
              SyntheticTrial({"ycsb-a", "mutex", 1, "dedicated", "process"}, 0, 1000)});
  EXPECT_THAT(text, HasSubstr("ycsb-a; pool dedicated; durability process\n"));
  EXPECT_THAT(text, HasSubstr("ycsb-c; pool naive; durability process\n"));
  EXPECT_THAT(text, HasSubstr("ycsb-c; pool naive; durability sync\n"));
  size_t tables = 0;
  for (size_t at = 0; (at = text.find("cost per operation: ", at)) != text.npos; ++at) ++tables;
  EXPECT_EQ(tables, 3u);
}

TEST(CostTableTest, LinesFitTheTerminalAndHaveNoTrailingSpace) {
  for (const std::string& text : {Render(TrialsOfEverything()), Render(SyntheticRun().trials)}) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 120u) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(CostTableTest, WithoutFiguresThereIsNoTable) {
  EXPECT_EQ(Render({}), "");
  Trial failed = SyntheticTrial(SyntheticCell("mutex", 1), 0, 1000);
  failed.status = TrialStatus::kFailed;
  EXPECT_EQ(Render({failed}), "");
}

}  // namespace
}  // namespace kvs::cost_table
