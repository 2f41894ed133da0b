#include "harness/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/harness/driver_fixture.h"

namespace kvs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kReads = "recordcount=500\nreadproportion=1\nupdateproportion=0\n";
constexpr const char* kMix =
    "recordcount=300\nreadproportion=0.3\nupdateproportion=0.2\ninsertproportion=0.2\n"
    "scanproportion=0.1\nreadmodifywriteproportion=0.1\nmultigetproportion=0.1\nmultigetsize=4\n"
    "maxscanlength=10\nrequestdistribution=uniform\nvaluesize=64\n";
constexpr const char* kRemoves =
    "recordcount=300\nreadproportion=0.4\nupdateproportion=0.2\ndeleteproportion=0.4\n"
    "valuesize=64\n";
constexpr const char* kLatest =
    "recordcount=100\nreadproportion=0.5\ninsertproportion=0.5\nupdateproportion=0\n"
    "requestdistribution=latest\nvaluesize=64\n";

const KindResult& Of(const Measurement& measurement, OperationKind kind) {
  return measurement.kinds[static_cast<size_t>(kind)];
}

uint64_t LatencySamples(const Measurement& measurement) {
  uint64_t samples = 0;
  for (const KindResult& kind : measurement.kinds) samples += kind.latency_ns.count();
  return samples;
}

// ---- what holds for every pool ----

class DriverPoolTest : public ::testing::TestWithParam<PoolKind> {
 protected:
  static bool Pooled() { return GetParam() != PoolKind::kDedicated; }
};

TEST_P(DriverPoolTest, ExecutesExactlyTheOperationsAskedFor) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations = 2001;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(run.store->gets, 2001u);
  EXPECT_EQ(result.executed_operations, 2001u);
  EXPECT_EQ(result.warmup_operations, 0u);
  EXPECT_LE(result.operations, 2001u);
  EXPECT_GE(result.operations, 1000u);  // the share of the thread that closed the window
  if (Pooled()) {
    EXPECT_EQ(result.operations, 2001u);
  }
  const KindResult& reads = Of(result, OperationKind::kRead);
  EXPECT_EQ(reads.completed, result.operations);
  EXPECT_EQ(reads.hits, result.operations);
  EXPECT_EQ(reads.misses, 0u);
  EXPECT_EQ(result.values_checked, result.operations);
  EXPECT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
  EXPECT_GT(result.window_s, 0);
  EXPECT_FALSE(result.interrupted);
}

TEST_P(DriverPoolTest, EveryKindOfOperationIsExecutedAndCounted) {
  DriverFixture run(kMix);
  run.options.pool = GetParam();
  run.options.threads = 1;  // so that the window holds all operations
  const LoadResult load = run.LoadAll();
  EXPECT_EQ(load.records, 300u);
  const uint64_t loaded = run.store->sets;
  const Measurement result = run.Run();
  ASSERT_EQ(result.operations, 2000u);
  ASSERT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
  for (const OperationKind kind :
       {OperationKind::kRead, OperationKind::kUpdate, OperationKind::kInsert, OperationKind::kScan,
        OperationKind::kReadModifyWrite, OperationKind::kMultiGet}) {
    EXPECT_GT(Of(result, kind).completed, 0u) << ToString(kind);
  }
  const auto& rmw = Of(result, OperationKind::kReadModifyWrite);
  const auto& reads = Of(result, OperationKind::kRead);
  const auto& multi_gets = Of(result, OperationKind::kMultiGet);
  EXPECT_EQ(run.store->gets, reads.completed + rmw.completed);
  EXPECT_EQ(run.store->sets - loaded, Of(result, OperationKind::kUpdate).completed +
                                          Of(result, OperationKind::kInsert).completed +
                                          rmw.completed);
  EXPECT_EQ(run.store->multi_gets, multi_gets.completed);
  EXPECT_EQ(multi_gets.entries, 4 * multi_gets.completed);
  EXPECT_EQ(multi_gets.hits, multi_gets.entries);
  EXPECT_EQ(run.store->scans, Of(result, OperationKind::kScan).completed);
  EXPECT_GT(Of(result, OperationKind::kScan).entries, 0u);
  EXPECT_EQ(reads.hits + reads.misses, reads.completed);
  EXPECT_EQ(rmw.hits + rmw.misses, rmw.completed);
  EXPECT_EQ(run.store->entries.size(), 300 + Of(result, OperationKind::kInsert).completed);
}

TEST_P(DriverPoolTest, EachThreadUsesAHandleOfItsOwnAndAllAreGivenBack) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 3;
  run.LoadAll();
  const uint64_t cloned_before = run.store->clones;
  const Measurement result = run.Run();
  EXPECT_EQ(run.store->shared_handles, 0u);
  EXPECT_EQ(run.store->handles, 1);  // the fixture's
  const uint64_t cloned = run.store->clones - cloned_before;
  EXPECT_EQ(cloned, GetParam() == PoolKind::kNaive ? 2000u : 3u);
  EXPECT_EQ(result.handles_cloned, cloned);
}

TEST_P(DriverPoolTest, InsertedKeysAreReadOnlyOnceTheyAreThere) {
  DriverFixture run(kLatest);
  run.options.pool = GetParam();
  run.options.threads = 4;
  run.options.operations = 4000;
  // Every other insert is slow, so that later ones overtake it.
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
  DriverFixture run(kReads);
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
  EXPECT_GT(result.wrong.count, 1900u);
  EXPECT_LT(result.wrong.count, 2000u);
  ASSERT_EQ(result.wrong.examples.size(), 10u);
  EXPECT_THAT(result.wrong.examples.front(), HasSubstr("saw a value of another key"));
}

TEST_P(DriverPoolTest, ATornValueIsWrongWhereItIsCheckedInFull) {
  for (const double period : {1.0, 8.0}) {
    DriverFixture run(kReads);
    run.options.pool = GetParam();
    run.options.full_check_period = period;
    run.options.seed = 5;
    run.LoadAll();
    run.store->answer = [](std::string_view, bool&, std::string& value) { value.back() ^= 1; };
    const Measurement result = run.Run();
    if (period == 1) {
      EXPECT_EQ(result.wrong.count, 2000u);
      EXPECT_EQ(result.values_checked_fully, result.operations);
    } else {
      // 2000 independent draws of 1/8: 250, standard deviation 15.
      EXPECT_NEAR(static_cast<double>(result.wrong.count), 250, 6 * 15);
    }
    EXPECT_THAT(result.wrong.examples.front(), HasSubstr("saw a damaged value"));
  }
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

TEST_P(DriverPoolTest, AFailedOperationEndsTheRunWithItsError) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations.reset();
  run.options.duration_s = 3600;
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get" && calls.fetch_add(1) == 100) {
      throw EngineError(ErrorKind::kIo, "model", "get", "/somewhere", "on purpose");
    }
  };
  try {
    run.Run();
    FAIL() << "no error";
  } catch (const EngineError& error) {
    EXPECT_THAT(error.what(), HasSubstr("on purpose"));
  }
  EXPECT_EQ(run.store->handles, 1);
}

TEST_P(DriverPoolTest, AnInterruptEndsTheWindowAndKeepsWhatWasMeasured) {
  DriverFixture run(kReads);
  std::atomic<bool> interrupted{false};
  run.options.pool = GetParam();
  run.options.operations.reset();
  run.options.duration_s = 3600;
  run.options.interrupted = &interrupted;
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 1000) interrupted.store(true);
  };
  const Measurement result = run.Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_GT(result.operations, 900u);
  EXPECT_GT(result.window_s, 0);
  EXPECT_LT(result.window_s, 3000);
  EXPECT_EQ(Of(result, OperationKind::kRead).hits, result.operations);
}

TEST_P(DriverPoolTest, AnInterruptIsNoticedBetweenSlowOperations) {
  DriverFixture run(kReads);
  std::atomic<bool> interrupted{false};
  run.options.pool = GetParam();
  run.options.operations = 1'000'000;  // hours at this pace
  run.options.interrupted = &interrupted;
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 2) interrupted.store(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  };
  const Measurement result = run.Run();
  EXPECT_TRUE(result.interrupted);
  EXPECT_LT(run.store->gets, 1000u);
}

TEST_P(DriverPoolTest, AnInterruptBeforeTheWindowLeavesNoFigures) {
  DriverFixture run(kReads);
  std::atomic<bool> interrupted{true};
  run.options.pool = GetParam();
  run.options.warmup_s = 3600;
  run.options.interrupted = &interrupted;
  const Measurement result =
      Measure(run.engine, false, run.spec, run.keys, run.values, run.options);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.window_s, 0);
  EXPECT_EQ(result.operations, 0u);
}

TEST_P(DriverPoolTest, LatencyIsTheEnginesOwnTimeAndEveryOperationIsTimedAtPeriodOne) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.options.operations = 20;
  run.options.sampling_period = 1;
  run.LoadAll();
  run.store->before = [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  };
  const Measurement result = run.Run();
  const Histogram& latency_ns = Of(result, OperationKind::kRead).latency_ns;
  // One operation may be recorded just after the last one closed the window, or none.
  EXPECT_GE(latency_ns.count(), 19u);
  EXPECT_LE(latency_ns.count(), 20u);
  EXPECT_GE(latency_ns.min(), 2'000'000u);
  if (Pooled()) {
    ASSERT_TRUE(result.queue_wait_ns);
    EXPECT_EQ(result.queue_wait_ns->count(), 20u);
  } else {
    EXPECT_FALSE(result.queue_wait_ns);
  }
}

TEST_P(DriverPoolTest, LatencyIsSampledAtTheMeanPeriodAskedFor) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.options.operations = 2500;
  run.options.sampling_period = 10;
  run.options.seed = 3;
  const Measurement result = run.LoadAndRun();
  // 2500 independent draws of 1/10: 250, standard deviation 15.
  EXPECT_NEAR(static_cast<double>(LatencySamples(result)), 250, 6 * 15);
}

TEST_P(DriverPoolTest, TheWindowHasTheLengthAskedForAndIsPrecededByTheWarmup) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations.reset();
  run.options.warmup_s = 0.05;
  run.options.duration_s = 0.1;
  run.LoadAll();
  const uint64_t cloned_before = run.store->clones;
  const Measurement result = run.Run();
  EXPECT_GE(result.warmup_s, 0.05);
  EXPECT_GE(result.window_s, 0.1);
  EXPECT_GT(result.operations, 0u);
  EXPECT_GT(result.warmup_operations, 0u);
  EXPECT_EQ(result.warmup_operations + result.executed_operations, run.store->gets);
  EXPECT_GE(result.executed_operations, result.operations);
  EXPECT_TRUE(result.operations_per_second.empty());
  EXPECT_GT(result.user_cpu_s + result.system_cpu_s, 0);
  if (GetParam() == PoolKind::kNaive) {
    EXPECT_LE(result.handles_cloned, run.store->clones - cloned_before);
    EXPECT_GE(result.handles_cloned + 2, result.operations);
  }
}

TEST_P(DriverPoolTest, EachFullSecondIsNotedAndReported) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations.reset();
  run.options.duration_s = 1.1;
  std::vector<std::string> phases;
  run.options.progress = [&](std::string_view phase, double fraction_done, uint64_t operations) {
    phases.emplace_back(phase);
    EXPECT_GT(fraction_done, 0.8);
    EXPECT_LE(fraction_done, 1);
    EXPECT_GT(operations, 0u);
  };
  const Measurement result = run.LoadAndRun();
  ASSERT_EQ(result.operations_per_second.size(), 1u);
  EXPECT_GT(result.operations_per_second[0], 0u);
  EXPECT_LE(result.operations_per_second[0], result.operations);
  EXPECT_EQ(phases, std::vector<std::string>{"measure"});
}

TEST_P(DriverPoolTest, BackgroundWritersAreCountedApartAndEndWithTheWindow) {
  DriverFixture run(std::string(kReads) + "backgroundwriters=2\n");
  run.options.pool = GetParam();
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  // A read waits until a writer has written once more, so that there is something to count.
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get") {
      while (run.store->sets == loaded) std::this_thread::yield();
    }
  };
  const Measurement result = run.Run();
  EXPECT_EQ(run.store->gets, 2000u);
  EXPECT_EQ(Of(result, OperationKind::kUpdate).completed, 0u);
  EXPECT_LE(result.background_operations, run.store->sets - loaded);
  EXPECT_GT(run.store->sets, loaded);
  EXPECT_EQ(result.wrong.count, 0u) << result.wrong.examples.front();
}

TEST_P(DriverPoolTest, ASinglePassEndsByItself) {
  DriverFixture run(
      "recordcount=1000\npreload=false\nsinglepass=true\nreadproportion=0\nupdateproportion=0\n"
      "insertproportion=1\nvaluesize=64\n");
  run.options.pool = GetParam();
  run.options.operations.reset();
  run.options.duration_s = 3600;
  run.options.warmup_s = 1;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(run.store->sets, 1000u);
  EXPECT_EQ(result.executed_operations, 1000u);
  EXPECT_EQ(result.warmup_s, 0);
  ASSERT_EQ(run.store->entries.size(), 1000u);
  for (uint64_t number = 0; number < 1000; ++number) {
    ASSERT_TRUE(run.store->entries.contains(run.KeyOf(number))) << number;
  }
}

TEST_P(DriverPoolTest, TheSameSeedMakesTheSameCalls) {
  std::multiset<std::string> calls[2];
  std::multiset<std::string> other_seed;
  for (auto* const into : {&calls[0], &calls[1], &other_seed}) {
    DriverFixture run(kMix);
    run.options.pool = GetParam();
    run.options.seed = into == &other_seed ? 12 : 11;
    run.LoadAll();
    run.store->record_calls = true;
    run.Run();
    into->insert(run.store->calls.begin(), run.store->calls.end());
  }
  EXPECT_GT(calls[0].size(), 2000u);
  // In the pooled modes the point from which inserted keys may be read depends on timing.
  if (!Pooled()) {
    EXPECT_EQ(calls[0], calls[1]);
  }
  EXPECT_NE(calls[0], other_seed);
}

TEST_P(DriverPoolTest, FewerOperationsThanThreadsAreFine) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 4;
  run.options.operations = 2;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(run.store->gets, 2u);
  EXPECT_EQ(result.executed_operations, 2u);
  EXPECT_GE(result.operations, 1u);
}

INSTANTIATE_TEST_SUITE_P(Pools, DriverPoolTest,
                         ::testing::Values(PoolKind::kDedicated, PoolKind::kNaive,
                                           PoolKind::kSharedQueue, PoolKind::kWorkStealing),
                         [](const auto& pool) {
                           std::string name(ToString(pool.param));
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

// ---- dedicated threads ----

TEST(DriverTest, SharesOfTheQuotaDifferByOneAtMost) {
  DriverFixture run(kReads);
  run.options.threads = 3;
  run.options.operations = 11;
  std::mutex mutex;
  std::map<std::thread::id, int> gets_by_thread;
  run.LoadAll();
  run.store->before = [&](std::string_view, std::string_view) {
    std::scoped_lock lock(mutex);
    ++gets_by_thread[std::this_thread::get_id()];
  };
  run.Run();
  std::multiset<int> shares;
  for (const auto& [thread, gets] : gets_by_thread) shares.insert(gets);
  EXPECT_EQ(shares, (std::multiset<int>{3, 4, 4}));
}

TEST(DriverTest, TheWindowClosesWithTheFirstThreadThatIsDone) {
  DriverFixture run(kReads);
  run.options.threads = 2;
  run.options.operations = 200;
  std::atomic<bool> first{true};
  std::atomic<int> fast_gets{0};
  run.LoadAll();
  // One thread waits in its first operation until the other has done all of its own.
  run.store->before = [&](std::string_view, std::string_view) {
    if (first.exchange(false)) {
      while (fast_gets.load() < 100) std::this_thread::yield();
      // The other one is past its last call, but may not have closed the window yet.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    } else {
      fast_gets.fetch_add(1);
    }
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.executed_operations, 200u);
  EXPECT_GE(result.operations, 100u);
  EXPECT_LT(result.operations, 200u);
}

TEST(DriverTest, AnUpdateReadsFirstWhereTheSpecSaysSo) {
  DriverFixture run("recordcount=100\nreadproportion=0\nupdateproportion=1\nupdate=rmw\n");
  run.options.threads = 1;
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  const Measurement result = run.Run();
  const KindResult& updates = Of(result, OperationKind::kUpdate);
  EXPECT_EQ(updates.completed, 2000u);
  EXPECT_EQ(updates.hits, 2000u);
  EXPECT_EQ(run.store->gets, 2000u);
  EXPECT_EQ(run.store->sets - loaded, 2000u);
  EXPECT_EQ(result.values_checked, 2000u);
}

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
  EXPECT_EQ(wrong.wrong.count, 2000u);
  EXPECT_THAT(wrong.wrong.examples.front(), HasSubstr("never stored"));
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

TEST(DriverTest, FlushesInsideTheWindowAreCounted) {
  DriverFixture run("recordcount=10\nreadproportion=0\nupdateproportion=1\n");
  run.options.threads = 1;
  run.options.operations = 50;
  run.LoadAll();
  run.store->before = [](std::string_view, std::string_view) { fsync(-1); };
  fsync(-1);
  const Measurement result = run.Run();
  EXPECT_EQ(result.flushes, 50u);
}

TEST(DriverTest, OptionsOutOfRangeAreRefused) {
  const auto refused = [](auto change) {
    DriverFixture run(kReads);
    change(run.options);
    EXPECT_THROW(run.Run(), std::invalid_argument);
    EXPECT_THROW(run.LoadAll(), std::invalid_argument);
    EXPECT_EQ(run.store->clones, 0u);
  };
  refused([](DriverOptions& options) { options.threads = 0; });
  refused([](DriverOptions& options) { options.outstanding_per_thread = 0; });
  refused([](DriverOptions& options) { options.operations = 0; });
  refused([](DriverOptions& options) { options.warmup_s = -1; });
  refused([](DriverOptions& options) { options.sampling_period = 0.5; });
  refused([](DriverOptions& options) { options.full_check_period = 0; });
  refused([](DriverOptions& options) {
    options.operations.reset();
    options.duration_s = 0;
  });
}

TEST(DriverTest, PoolNamesAreReadBack) {
  for (const PoolKind pool :
       {PoolKind::kDedicated, PoolKind::kNaive, PoolKind::kSharedQueue, PoolKind::kWorkStealing}) {
    EXPECT_EQ(ParsePoolKind(ToString(pool)), pool);
  }
  EXPECT_EQ(ParsePoolKind("Dedicated"), std::nullopt);
  EXPECT_EQ(ParsePoolKind(""), std::nullopt);
}

}  // namespace
}  // namespace kvs
