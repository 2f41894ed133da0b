// Which answers of an engine the driver takes for right, and which for wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "harness/driver/driver.h"
#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kRemoves =
    "recordcount=300\nreadproportion=0.4\nupdateproportion=0.2\ndeleteproportion=0.4\n"
    "valuesize=64\n";
constexpr const char* kLatest =
    "recordcount=100\nreadproportion=0.5\ninsertproportion=0.5\nupdateproportion=0\n"
    "requestdistribution=latest\nvaluesize=64\n";

constexpr const char* kReadsAndWrites =
    "recordcount=50\nreadproportion=0.5\nupdateproportion=0.3\nreadmodifywriteproportion=0.2\n"
    "valuesize=64\n";

// ---- what holds for every pool ----

TEST_P(DriverPoolTest, InsertedKeysAreReadOnlyOnceTheyAreThere) {
  DriverFixture run(kLatest);
  run.options.pool = GetParam();
  run.options.threads = 4;
  run.options.operations = 2 * kOperations;
  // Some inserts are slow, so that later ones overtake them.
  std::atomic<uint64_t> sets{0};
  run.LoadAll();
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "set" && sets.fetch_add(1) % 16 == 0) std::this_thread::yield();
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
  EXPECT_EQ(Of(result, OperationKind::kRead).misses, 0u);
}

TEST_P(DriverPoolTest, MissesOfRemovedKeysAreCountedAndRight) {
  DriverFixture run(kRemoves);
  run.options.pool = GetParam();
  run.options.threads = 1;
  const Measurement result = run.LoadAndRun();
  ASSERT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
  const KindResult& reads = Of(result, OperationKind::kRead);
  const KindResult& removes = Of(result, OperationKind::kRemove);
  EXPECT_GT(reads.misses, 0u);
  EXPECT_GT(reads.hits, 0u);
  EXPECT_EQ(removes.completed, run.store->removes);
  EXPECT_EQ(removes.hits + removes.misses, removes.completed);
  EXPECT_EQ(removes.unknown, 0u);
  EXPECT_EQ(result.values_checked, reads.hits);  // a remove returns no value
}

TEST_P(DriverPoolTest, RemovesThatDoNotTellAreUnknown) {
  DriverFixture run(kRemoves);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.store->blind_removes = true;
  const Measurement result = run.LoadAndRun();
  const KindResult& removes = Of(result, OperationKind::kRemove);
  EXPECT_EQ(removes.unknown, removes.completed);
  EXPECT_EQ(removes.completed, run.store->removes);
  EXPECT_EQ(result.wrong.count, 0u);
}

TEST_P(DriverPoolTest, AMissOfAKeyThatMustBeThereIsWrong) {
  DriverFixture run("recordcount=20\nreadproportion=1\nupdateproportion=0\n");
  run.options.pool = GetParam();
  run.LoadAll();
  const std::string lost = run.KeyOf(7);
  run.store->entries.erase(lost);
  const Measurement result = run.Run();
  ASSERT_GT(result.wrong.count, 0u);
  EXPECT_EQ(result.wrong.examples.size(), std::min<uint64_t>(result.wrong.count, 10));
  for (const std::string& example : result.wrong.examples) {
    EXPECT_THAT(example, AllOf(HasSubstr("read of key \"" + lost + "\" (number 7)"),
                               HasSubstr("expected a value"), HasSubstr("saw no such key")));
  }
}

TEST_P(DriverPoolTest, AValueOfAnotherKeyIsWrong) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.LoadAll();
  const std::string foreign = run.ValueOf(8);
  run.store->answer = [&](std::string_view, bool&, std::string& value) { value = foreign; };
  const Measurement result = run.Run();
  // All but the reads of key 8 itself.
  EXPECT_GT(result.wrong.count, kOperations - 100);
  EXPECT_LT(result.wrong.count, kOperations);
  ASSERT_EQ(result.wrong.examples.size(), 10u);
  EXPECT_THAT(result.wrong.examples.front(), HasSubstr("saw a value of another key"));
}

TEST_P(DriverPoolTest, ATornValueIsWrongWhereItIsCheckedInFull) {
  for (const double period : {1.0, 8.0}) {
    DriverFixture run(kReads);
    run.options.pool = GetParam();
    run.options.full_check_period = period;
    run.options.seed = 5;
    run.options.threads = 1;  // the window closes with the first; others may have reads to check
    run.LoadAll();
    run.store->answer = [](std::string_view, bool&, std::string& value) { value.back() ^= 1; };
    const Measurement result = run.Run();
    if (period == 1) {
      EXPECT_EQ(result.wrong.count, kOperations);
      EXPECT_EQ(result.values_checked_fully, result.operations);
    } else {
      const double mean = kOperations / period;  // of independent draws of 1/8
      EXPECT_NEAR(static_cast<double>(result.wrong.count), mean,
                  6 * std::sqrt(mean * (1 - 1 / period)));
    }
    EXPECT_THAT(result.wrong.examples.front(), HasSubstr("saw a damaged value"));
  }
}

TEST_P(DriverPoolTest, AnOlderValueThanTheWorkersOwnIsWrongWhereItIsCheckedInFull) {
  DriverFixture run(kReadsAndWrites);
  run.options.pool = GetParam();
  run.options.full_check_period = 1;
  run.LoadAll();
  const auto loaded = run.store->entries;
  run.store->answer = [&](std::string_view key, bool&, std::string& value) {
    value = loaded.at(std::string(key));
  };
  const Measurement result = run.Run();
  // Of 50 keys most are among the last 64 writes.
  EXPECT_GT(result.wrong.count, 100u);
  EXPECT_THAT(result.wrong.examples.front(), HasSubstr("saw the older value that was loaded"));
}

TEST_P(DriverPoolTest, NewerValuesOfOtherWorkersAreRightAndWhatWasWrittenLastIsThere) {
  DriverFixture run(kReadsAndWrites);
  run.options.pool = GetParam();
  run.options.threads = 4;
  run.options.full_check_period = 1;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
  EXPECT_GE(result.recent_writes.size(), 20u);
  EXPECT_LE(result.recent_writes.size(), 4 * RecentWrites::kMost);
  EXPECT_EQ(ReadBackWrites(run.engine, run.keys, run.values, result.recent_writes).count, 0u);
}

TEST_P(DriverPoolTest, AnEngineThatStoresNothingIsNotChecked) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  const Measurement result =
      Measure(run.engine, /*stores_data=*/false, run.spec, run.keys, run.values, run.options);
  EXPECT_EQ(result.wrong.count, 0u);
  EXPECT_EQ(result.values_checked, 0u);
  EXPECT_EQ(Of(result, OperationKind::kRead).misses, result.operations);
}

// ---- dedicated threads ----

TEST(DriverTest, AReadOfAKeyThatWasNeverStoredMustMiss) {
  DriverFixture run("recordcount=100\nreadproportion=1\nupdateproportion=0\nreadmissing=true\n");
  const Measurement right = run.LoadAndRun();
  EXPECT_EQ(right.wrong.count, 0u);
  EXPECT_EQ(Of(right, OperationKind::kRead).misses, right.operations);
  const std::string value = run.ValueOf(1);
  run.store->answer = [&](std::string_view, bool& found, std::string& answer) {
    found = true;
    answer = value;
  };
  const Measurement wrong = run.Run();
  EXPECT_EQ(wrong.wrong.count, kOperations);
  EXPECT_THAT(wrong.wrong.examples.front(), HasSubstr("never stored"));
}

// Reads wait to be judged while updates go on.
TEST(DriverTest, ReadsAmongUpdatesAreJudgedByTheirOwnKeys) {
  DriverFixture run("recordcount=50\nreadproportion=0.5\nupdateproportion=0.5\n");
  run.options.threads = 1;
  run.options.sampling_period = 64;
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  const std::string lost = run.KeyOf(7);
  uint64_t lost_reads = 0;
  run.store->answer = [&](std::string_view key, bool& found, std::string&) {
    if (key != lost) return;
    found = false;
    ++lost_reads;
  };
  const Measurement result = run.Run();
  ASSERT_GT(lost_reads, 0u);
  EXPECT_EQ(result.wrong.count, lost_reads);
  for (const std::string& example : result.wrong.examples) {
    EXPECT_THAT(example, HasSubstr("read of key \"" + lost + "\" (number 7)"));
  }
  const KindResult& reads = Of(result, OperationKind::kRead);
  EXPECT_EQ(reads.completed, run.store->gets);
  EXPECT_EQ(reads.misses, lost_reads);
  EXPECT_EQ(Of(result, OperationKind::kUpdate).completed, run.store->sets - loaded);
  EXPECT_EQ(result.operations, kOperations);
  EXPECT_EQ(result.values_checked, reads.hits);
}

// Judged after updates of the same keys, by what had been written when it came.
TEST(DriverTest, AReadThatCameBeforeAnUpdateIsNotOlderThanIt) {
  DriverFixture run("recordcount=3\nreadproportion=0.5\nupdateproportion=0.5\n");
  run.options.threads = 1;
  run.options.sampling_period = 1000;
  run.options.full_check_period = 1;
  const Measurement result = run.LoadAndRun();
  EXPECT_GT(result.values_checked_fully, 0u);
  EXPECT_EQ(result.wrong.count, 0u);
}

TEST(DriverTest, WhatMayHaveBeenRemovedOrHasNoVersionIsNotKeptInMind) {
  for (const char* workload :
       {kRemoves, kReads, "recordcount=50\nreadproportion=0\nupdateproportion=1\nvaluesize=23\n"}) {
    DriverFixture run(workload);
    EXPECT_TRUE(run.LoadAndRun().recent_writes.empty()) << workload;
  }
}

TEST(DriverTest, AWrongAnswerToAMultiGetNamesItsKey) {
  DriverFixture run(
      "recordcount=100\nreadproportion=0\nupdateproportion=0\nmultigetproportion=1\n"
      "multigetsize=8\n");
  run.options.operations = 100;
  run.LoadAll();
  const std::string lost = run.KeyOf(3);
  run.store->entries.erase(lost);
  const Measurement result = run.Run();
  ASSERT_GT(result.wrong.count, 0u);
  EXPECT_THAT(result.wrong.examples.front(), HasSubstr("multi-get of key \"" + lost + "\""));
}

TEST(DriverTest, WrongScansAreFound) {
  struct Case {
    const char* saw;
    std::function<size_t(DriverFixture&, std::string_view, size_t, const ScanVisitor&)> scan;
  };
  const Case cases[] = {
      {"no entry", [](DriverFixture&, std::string_view, size_t, const ScanVisitor&) { return 0; }},
      {"1 entries visited and 2 returned",
       [](DriverFixture&, std::string_view start, size_t, const ScanVisitor& visit) {
         visit(start, "value");
         return 2;
       }},
      {"keys in another order",
       [](DriverFixture&, std::string_view start, size_t, const ScanVisitor& visit) {
         visit(start, "value");
         visit(start, "value");
         return 2;
       }},
      {"keys in another order",
       [](DriverFixture&, std::string_view, size_t, const ScanVisitor& visit) {
         visit("a", "value");
         return 1;
       }},
      {"another first key",
       [](DriverFixture&, std::string_view start, size_t, const ScanVisitor& visit) {
         visit(std::string(start) + "x", "value");
         return 1;
       }},
      {"entries visited and",
       [](DriverFixture&, std::string_view start, size_t limit, const ScanVisitor& visit) {
         std::string key(start);
         for (size_t i = 0; i <= limit; ++i) visit(key += "x", "value");
         return limit + 1;
       }},
  };
  for (const Case& wrong : cases) {
    DriverFixture run(
        "recordcount=100\nreadproportion=0\nupdateproportion=0\nscanproportion=1\n"
        "minscanlength=5\nmaxscanlength=5\n");
    run.options.operations = 20;
    run.options.full_check_period = 1e9;
    run.LoadAll();
    run.store->scan = [&](std::string_view start, size_t limit, const ScanVisitor& visit) {
      return wrong.scan(run, start, limit, visit);
    };
    const Measurement result = run.Run();
    EXPECT_EQ(result.wrong.count, 20u) << wrong.saw;
    ASSERT_FALSE(result.wrong.examples.empty()) << wrong.saw;
    EXPECT_THAT(result.wrong.examples.front(), HasSubstr(wrong.saw));
  }
}

TEST(DriverTest, WrongValuesInAScanAreFound) {
  for (const bool foreign : {true, false}) {
    DriverFixture run(
        "recordcount=100\nreadproportion=0\nupdateproportion=0\nscanproportion=1\nvaluesize=64\n"
        "minscanlength=5\nmaxscanlength=5\n");
    run.options.full_check_period = 1;
    run.options.threads = 1;  // so that the window holds all operations
    run.LoadAll();
    const Measurement right = run.Run();
    EXPECT_EQ(right.wrong.count, 0u);
    EXPECT_EQ(right.values_checked, Of(right, OperationKind::kScan).entries);
    EXPECT_EQ(right.values_checked_fully, right.values_checked);
    std::string& value = run.store->entries[run.KeyOf(9)];
    if (foreign) {
      value = run.ValueOf(10);
    } else {
      value.back() ^= 1;
    }
    const Measurement wrong = run.Run();
    ASSERT_GT(wrong.wrong.count, 0u);
    EXPECT_THAT(wrong.wrong.examples.front(),
                AllOf(HasSubstr("scan of key \"" + run.KeyOf(9) + "\""),
                      HasSubstr(foreign ? "a value of another key" : "a damaged value")));
  }
}

}  // namespace
}  // namespace kvs
