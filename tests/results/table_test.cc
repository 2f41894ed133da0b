#include "results/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "tests/results/synthetic_run.h"

namespace kvs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Render(const kvs::Run& run, bool colour = false) {
  return RenderTables(run, Summarise(run), {.colour = colour});
}

// One of everything that a table shows.
kvs::Run RunOfEverything() {
  kvs::Run run;
  run.workloads = {{"ycsb-a", {}, {"The value is all fields together."}}};
  const auto add = [&](const CellName& cell, double per_s) -> Trial& {
    const auto same = std::count_if(run.trials.begin(), run.trials.end(),
                                    [&](const Trial& trial) { return trial.cell == cell; });
    run.trials.push_back(SyntheticTrial(cell, static_cast<unsigned>(same), per_s));
    return run.trials.back();
  };
  const auto fail = [&](const CellName& cell, TrialStatus status, const std::string& reason) {
    Trial& trial = add(cell, 0);
    trial.status = status;
    trial.reason = reason;
  };
  for (const double noise : {1.0, 1.03, 0.98}) {
    add(SyntheticCell("null", 1), 20e6 * noise);
    add(SyntheticCell("sqlite", 1), 43210 * noise);
    add(SyntheticCell("mutex", 1), 3e6 * noise);
    add(SyntheticCell("lockfree:segment_size=8MiB", 1), 6e6 * noise);
    add(SyntheticCell("lmdb", 2), 400e3 * noise).counts[0].misses = 1000;
  }
  fail(SyntheticCell("mutex", 2), TrialStatus::kUnsupported, "serves 1 thread at most");
  fail(SyntheticCell("lmdb", 2), TrialStatus::kFailed, "killed by signal 9 (Killed)");
  fail(SyntheticCell("sqlite", 2), TrialStatus::kFailed,
       "sqlite: set: /a/long/path/that/does/not/fit/on/the/rest/of/the/line/with/the/reason.db: "
       "database or disk is full");
  return run;
}

// In tier sync, with names as long as they get beside the figures.
kvs::Run RunOfSync() {
  kvs::Run run;
  const auto add = [&](const std::string& engine, double per_s, double flushes_per_write) {
    const CellName cell{"ycsb-a", engine, 1, "dedicated", "sync"};
    run.trials.push_back(SyntheticTrial(cell, 0, per_s));
    Trial& trial = run.trials.back();
    if (flushes_per_write < 0) return;
    trial.audited_writes = 1;
    trial.flushes = static_cast<uint64_t>(flushes_per_write * per_s);  // in 2 s, half are updates
  };
  add("lockfree", 6543210, 0.53);
  add("rocksdb", 54321, 0.001);
  add("sqlite", 4321, 12.3);
  add("lmdb", 3210, 2);
  add("null", 20e6, -1);
  return run;
}

constexpr const char* kGolden = R"(
ycsb-a
50% read, 50% update; 100,000 records, 97.6 MiB (budget 64.0 MiB); 4 trials of 2.0 s; pool dedicated; durability process

                                         ---- read latency -----  --- update latency ----
  engine   ops/s [min-max]      vs best      p50     p99   p99.9      p50     p99   p99.9  misses  harness  notes
1 thread
  lockfree:segment_size=8MiB
           6.00M [5.88M-6.18M]    1.00x    100ns   276ns   606ns    186ns   512ns  1.13us       0     30%!
  mutex    3.00M [2.94M-3.09M]    0.50x    200ns   552ns  1.21us    373ns  1.02us  2.25us       0      15%
  sqlite   43.2k [42.3k-44.5k]  0.0072x   13.9us  38.3us ~84.2us   25.9us  71.2us  ~156us       0    0.22%  1
  null     20.0M [19.6M-20.6M]    floor     30ns    82ns   181ns     55ns   153ns   337ns       -        -
2 threads
  lmdb      400k [392k-412k]      1.00x   3.01us  8.28us  18.2us   5.60us  15.4us  33.8us   0.25%        -  1,2
    1 of 4 trials failed: killed by signal 9 (Killed)
  sqlite  1 of 1 trial failed: sqlite: set: /a/long/path/that/does/not/fit/on/the/rest/of/the/line/with/the/reason.db:
          database or disk is full
unsupported: mutex at 2 threads: serves 1 thread at most
page cache: when measuring began, it held 85-100% of 128 MiB of lockfree:segment_size=8MiB, 85-100% of 128 MiB of mutex,
            85-100% of 128 MiB of sqlite, 85-100% of 128 MiB of lmdb
  [1] sqlite, lmdb: after power loss in this tier the file may be corrupt
  [2] lmdb: the memory budget is not honoured: the page cache serves all reads
  The value is all fields together.

ops/s    operations per second over all threads, median of the trials [min-max]
vs best  ops/s over that of the fastest engine with as many threads
latency  service time in the engine, 1 in 64 timed, medians of the trials; ~: fewer than 10 samples beyond
misses   share of the lookups that found no key
harness  the harness's own share of the time, by the null engine (the floor); !: above 25%, as much harness as engine
)";

TEST(TableTest, GoldenText) { EXPECT_EQ("\n" + Render(RunOfEverything()), kGolden); }

constexpr const char* kGoldenOpenLoop = R"(
ycsb-a
50% read, 50% update; 100,000 records, 97.6 MiB (budget 64.0 MiB); 4 trials of 2.0 s; pool dedicated; durability process
open loop at 200k/s, Poisson arrivals: response time from the intended start

                                         ---- read response ----  --- update response ---
  engine   ops/s [min-max]      backlog      p50     p99   p99.9      p50     p99   p99.9  misses  service  notes
1 thread
  lockfree:segment_size=8MiB
            200k [200k-200k]          0   1.00us  2.76us  6.06us   1.86us  5.12us  11.3us       0    143ns
  mutex     200k [200k-200k]          0   2.00us  5.52us  12.1us   3.73us  10.2us  22.5us       0    287ns
  sqlite   43.2k [42.3k-44.5k]    1.58s    139us   383us  ~842us    259us   712us ~1.56ms       0   19.9us  1,2
  null      200k [200k-200k]          0    300ns   820ns  1.81us    550ns  1.53us  3.37us       -     43ns
2 threads
  lmdb      200k [200k-200k]          0   30.1us  82.8us   182us   56.0us   154us   338us   0.25%   4.30us  1,3
    1 of 4 trials failed: killed by signal 9 (Killed)
  sqlite  1 of 1 trial failed: sqlite: set: /a/long/path/that/does/not/fit/on/the/rest/of/the/line/with/the/reason.db:
          database or disk is full
unsupported: mutex at 2 threads: serves 1 thread at most
page cache: when measuring began, it held 85-100% of 128 MiB of lockfree:segment_size=8MiB, 85-100% of 128 MiB of mutex,
            85-100% of 128 MiB of sqlite, 85-100% of 128 MiB of lmdb
  [1] sqlite, lmdb: after power loss in this tier the file may be corrupt
  [2] sqlite: did not keep up
  [3] lmdb: the memory budget is not honoured: the page cache serves all reads
  The value is all fields together.

ops/s    operations per second over all threads, median of the trials [min-max]
backlog  operations due before the window's end and not done then, as time of the rate; longest of the trials
response from the intended start to the answer, every operation, medians of the trials; ~: fewer than 10 samples beyond
misses   share of the lookups that found no key
service  median time in the engine alone, over all operations
null     what the harness itself adds, when the engine does nothing
)";

TEST(TableTest, GoldenTextOfAnOpenLoop) {
  kvs::Run run = RunOfEverything();
  for (Trial& trial : run.trials) MakeOpenLoop(200e3, trial);
  EXPECT_EQ("\n" + Render(run), kGoldenOpenLoop);
}

TEST(TableTest, APoolInAnOpenLoopShowsTheWaitInItsQueueBesideTheResponseTime) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 1, "shared-queue", "process"}, 0, 1000)};
  run.trials[0].queue_wait = Latency{"queue-wait", 500, 7e6, 1, 9000000, {{50, 7000000, 250}}};
  MakeOpenLoop(2000, run.trials[0]);
  run.trials[0].arrivals = "constant";
  const std::string table = Render(run);
  EXPECT_THAT(table, HasSubstr("-- wait in queue --"));
  EXPECT_THAT(table, HasSubstr("-- response time --"));
  EXPECT_THAT(table, HasSubstr("open loop at 2.00k/s, constant arrivals"));
}

TEST(TableTest, ColourChangesNothingButColour) {
  const std::string coloured = Render(SyntheticRun(), true);
  EXPECT_THAT(coloured, HasSubstr("\033[1m"));
  EXPECT_EQ(std::regex_replace(coloured, std::regex("\033\\[[0-9]+m"), ""), Render(SyntheticRun()));
}

TEST(TableTest, LinesFitTheTerminalAndHaveNoTrailingSpace) {
  for (const kvs::Run& run :
       {RunOfEverything(), SyntheticRun(), RunOfSync(), SyntheticOpenLoopRun()}) {
    std::istringstream lines(Render(run));
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(line.size(), 120u) << line;
      EXPECT_FALSE(line.ends_with(' ')) << line;
    }
  }
}

TEST(TableTest, NotesAreNumberedAsTheyAppear) {
  kvs::Run run;
  for (const auto& [engine, per_s] : {std::pair("mutex", 1e6), std::pair("lockfree", 2e6)}) {
    run.trials.push_back(SyntheticTrial(SyntheticCell(engine, 1), 0, per_s));
    run.trials.back().notes = {std::string("a note of ") + engine};
  }
  const std::string table = Render(run);
  EXPECT_THAT(table, HasSubstr("[1] lockfree: a note of lockfree"));
  EXPECT_THAT(table, HasSubstr("[2] mutex: a note of mutex"));
}

TEST(TableTest, AllWritesHaveOneLatencyGroup) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-c", "lmdb", 1, "dedicated", "process"}, 0, 1000)};
  const std::string table = Render(run);
  EXPECT_THAT(table, HasSubstr("100% read"));
  EXPECT_THAT(table, HasSubstr("-- read latency --"));
  EXPECT_THAT(table, Not(HasSubstr("update latency")));
}

TEST(TableTest, APoolShowsTheWaitInItsQueueBesideTheServiceTime) {
  kvs::Run run;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 1, "shared-queue", "process"}, 0, 1000)};
  run.trials[0].queue_wait = Latency{"queue-wait", 500, 7e6, 1, 9000000, {{50, 7000000, 250}}};
  const std::string table = Render(run);
  EXPECT_THAT(table, HasSubstr("-- wait in queue --"));
  EXPECT_THAT(table, HasSubstr("-- service time --"));
  EXPECT_THAT(table, HasSubstr("pool shared-queue"));
  EXPECT_THAT(table, HasSubstr(" 7.00ms "));
}

TEST(TableTest, EachPoolAndDurabilityHasATableAndTheFloorStandsInAllOfThem) {
  kvs::Run run;
  Trial floor = SyntheticTrial({"ycsb-a", "null", 1, "dedicated", "none"}, 0, 5e6);
  floor.is_floor = true;
  run.trials = {SyntheticTrial({"ycsb-a", "lmdb", 1, "dedicated", "process"}, 0, 1000), floor,
                SyntheticTrial({"ycsb-a", "lmdb", 1, "dedicated", "sync"}, 0, 500)};
  const std::string table = Render(run);
  EXPECT_THAT(table, HasSubstr("durability process"));
  EXPECT_THAT(table, HasSubstr("durability sync"));
  EXPECT_THAT(table, Not(HasSubstr("durability none")));
  size_t floors = 0;
  for (size_t at = 0; (at = table.find("  null ", at)) != table.npos; ++at) ++floors;
  EXPECT_EQ(floors, 2u);
}

TEST(TableTest, AFigureThatIsMostlyHarnessIsMarked) {
  kvs::Run run;
  run.trials = {SyntheticTrial(SyntheticCell("null", 1), 0, 1000),
                SyntheticTrial(SyntheticCell("mutex", 1), 0, 300)};
  EXPECT_THAT(Render(run), HasSubstr("30%!"));
}

TEST(TableTest, WrongAnswersAndFailuresAreCountedApart) {
  kvs::Run run;
  for (const TrialStatus status :
       {TrialStatus::kWrongAnswer, TrialStatus::kFailed, TrialStatus::kWrongAnswer}) {
    run.trials.push_back(SyntheticTrial(SyntheticCell("mutex", 1), 0, 0));
    run.trials.back().status = status;
    run.trials.back().reason = "torn value";
  }
  EXPECT_THAT(Render(run), HasSubstr("2 of 3 trials gave a wrong answer, 1 failed: torn value"));
}

TEST(TableTest, ACellThatStillChangedWhenItWasMeasuredHasALine) {
  kvs::Run run;
  for (unsigned repetition = 0; repetition < 3; ++repetition) {
    run.trials.push_back(SyntheticTrial(SyntheticCell("lmdb", 2), repetition, 1e6));
    if (repetition > 0) MakeDrift(0.2, run.trials.back());
    run.trials.push_back(SyntheticTrial(SyntheticCell("sqlite", 1), repetition, 1e6));
    MakeDrift(-0.5, run.trials.back());
    run.trials.push_back(SyntheticTrial(SyntheticCell("mutex", 1), repetition, 1e6));
  }
  EXPECT_THAT(
      Render(run),
      HasSubstr(
          "not steady: sqlite at 1 thread: still slowing down (-51% over the window, 3 of 3 "
          "trials): "
          "use a longer --warmup, or read\n"
          "            it as the mean of a change\n"
          "not steady: lmdb at 2 threads: still speeding up (+20% over the window, 2 of 3 trials): "
          "use a longer --warmup, or read\n"
          "            it as the mean of a change\n"
          "page cache: "));
  for (Trial& trial : run.trials) trial.cold = "evict";
  EXPECT_THAT(Render(run), HasSubstr("3 of 3 trials): it began cold: read it as the\n"));
}

TEST(TableTest, WhatThePageCacheHeldStandsBelow) {
  kvs::Run run;
  run.host = {{"memory", "16.0 GiB"}};
  const auto add = [&](const std::string& engine, unsigned threads, uint64_t resident_bytes) {
    run.trials.push_back(SyntheticTrial(SyntheticCell(engine, threads), 0, 1e6 / threads));
    run.trials.back().page_cache = {1 << 20, resident_bytes};
    run.trials.back().memory_budget_bytes = 0;
  };
  add("lmdb", 1, 1 << 19);
  add("lmdb", 2, 1 << 20);
  add("rocksdb", 1, 0);
  add("sqlite", 2, 10);
  run.trials.back().page_cache->file_bytes = 0;  // no share of nothing
  EXPECT_THAT(Render(run),
              AllOf(HasSubstr("97.6 MiB (memory 16.0 GiB); 1 trial"),
                    HasSubstr("\npage cache: when measuring began, it held 50-100% of 1.00 MiB of "
                              "lmdb, 0 of 1.00 MiB of rocksdb\n")));
  for (Trial& trial : run.trials) trial.cold = "evict";
  EXPECT_THAT(Render(run), HasSubstr("\ncold start: when the window began, the page cache held "));
  for (Trial& trial : run.trials) trial.page_cache.reset();
  EXPECT_THAT(Render(run), Not(HasSubstr("page cache held")));
}

TEST(TableTest, AnInterruptedRunSaysSo) {
  kvs::Run run = RunOfEverything();
  EXPECT_THAT(Render(run), Not(HasSubstr("Interrupted")));
  run.complete = false;
  run.planned_trials = 99;
  EXPECT_THAT(Render(run), HasSubstr("Interrupted: 17 of 98 planned trials came to their end.\n"));
}

TEST(TableTest, InTierSyncFlushesPerWriteStandBesideTheThroughput) {
  const std::string table = Render(RunOfSync());
  EXPECT_THAT(table, HasSubstr("  engine     ops/s [min-max]      syncs  vs best      p50"));
  EXPECT_THAT(table, HasSubstr("  lockfree   6.54M [6.54M-6.54M]   0.53    1.00x "));
  EXPECT_THAT(table, HasSubstr("  rocksdb    54.3k [54.3k-54.3k]  <0.01  0.0083x "));
  EXPECT_THAT(table, HasSubstr("  sqlite     4.32k [4.32k-4.32k]   12.3 0.00066x "));
  EXPECT_THAT(table, HasSubstr("  lmdb       3.21k [3.21k-3.21k]   2.00 0.00049x "));
  EXPECT_THAT(table, HasSubstr("  null       20.0M [20.0M-20.0M]      -    floor "));
  EXPECT_THAT(table, HasSubstr("\nsyncs    flushes of the whole process per write\n"));
}

TEST(TableTest, WhatMustBeKnownOfAllTrialsStandsBelowOnce) {
  kvs::Run run = RunOfEverything();
  run.notes = {"a note", "another"};
  EXPECT_EQ(Render(run), Render(RunOfEverything()) + "note     a note\nnote     another\n");
}

TEST(TableTest, WhatIsWrongWithTheMachineStandsBelow) {
  kvs::Run run = RunOfEverything();
  run.machine = MachineReport{.fingerprint = "0123456789abcdef",
                              .facts = std::nullopt,
                              .findings = {{"swap", FindingStatus::kOk, "none", ""},
                                           {"turbo", FindingStatus::kWarn, "on", "off with it"},
                                           {"file_system", FindingStatus::kFail, "tmpfs", "a disk"},
                                           {"steal", FindingStatus::kUnknown, "untold", ""}}};
  EXPECT_EQ(Render(run), Render(RunOfEverything()) +
                             "machine  warn: turbo: on\n"
                             "machine  fail: file_system: tmpfs\n");
}

TEST(TableTest, ARunWithoutTrialsHasNoTable) {
  EXPECT_THAT(Render(kvs::Run{}), Not(HasSubstr("engine  ")));
}

}  // namespace
}  // namespace kvs
