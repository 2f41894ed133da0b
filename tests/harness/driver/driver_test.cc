#include "harness/driver/driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

constexpr const char* kMix =
    "recordcount=300\nreadproportion=0.3\nupdateproportion=0.2\ninsertproportion=0.2\n"
    "scanproportion=0.1\nreadmodifywriteproportion=0.1\nmultigetproportion=0.1\nmultigetsize=4\n"
    "maxscanlength=10\nrequestdistribution=uniform\nvaluesize=64\n";

// ---- what holds for every pool ----

TEST_P(DriverPoolTest, ExecutesExactlyTheOperationsAskedFor) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations = kOperations + 1;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(run.store->gets, kOperations + 1);
  EXPECT_EQ(result.executed_operations, kOperations + 1);
  EXPECT_EQ(result.warmup_operations, 0u);
  EXPECT_LE(result.operations, kOperations + 1);
  EXPECT_GE(result.operations, kOperations / 2);  // the share of the thread that closed the window
  if (Pooled()) {
    EXPECT_EQ(result.operations, kOperations + 1);
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
  ASSERT_EQ(result.operations, kOperations);
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
  EXPECT_EQ(cloned, GetParam() == PoolKind::kNaive ? kOperations : 3u);
  EXPECT_EQ(result.handles_cloned, cloned);
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
  EXPECT_EQ(run.store->gets, kOperations);
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

TEST_P(DriverPoolTest, NoWarmupUsesUpWhatIsToBeMeasured) {
  for (const char* spec :
       {"recordcount=1000\nreadproportion=0\nupdateproportion=0\ndeleteproportion=1\n",
        "recordcount=1000\nreadproportion=0\nupdateproportion=1\npreload=false\n"}) {
    DriverFixture run(spec);
    run.options.pool = GetParam();
    run.options.operations = 500;
    run.options.warmup_s = 0.05;
    const Measurement result = run.LoadAndRun();
    EXPECT_EQ(result.warmup_s, 0);
    EXPECT_EQ(result.warmup_operations, 0u);
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
  EXPECT_GT(calls[0].size(), kOperations);
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

TEST(DriverTest, AnUpdateReadsFirstWhereTheSpecSaysSo) {
  DriverFixture run("recordcount=100\nreadproportion=0\nupdateproportion=1\nupdate=rmw\n");
  run.options.threads = 1;
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  const Measurement result = run.Run();
  const KindResult& updates = Of(result, OperationKind::kUpdate);
  EXPECT_EQ(updates.completed, kOperations);
  EXPECT_EQ(updates.hits, kOperations);
  EXPECT_EQ(run.store->gets, kOperations);
  EXPECT_EQ(run.store->sets - loaded, kOperations);
  EXPECT_EQ(result.values_checked, kOperations);
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
  refused([](DriverOptions& options) { options.open_loop = OpenLoop{.rate_per_s = 0}; });
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
