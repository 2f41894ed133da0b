// What is measured in time: the warm-up, the window and its end, and latency.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/driver/driver.h"
#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

uint64_t LatencySamples(const Measurement& measurement) {
  uint64_t samples = 0;
  for (const KindResult& kind : measurement.kinds) samples += kind.latency_ns.count();
  return samples;
}

// ---- what holds for every pool ----

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
  run.options.sampling_period = 10;
  run.options.seed = 3;
  const Measurement result = run.LoadAndRun();
  const double mean = kOperations / 10.0;  // of independent draws of 1/10
  EXPECT_NEAR(static_cast<double>(LatencySamples(result)), mean, 6 * std::sqrt(mean * 0.9));
}

TEST_P(DriverPoolTest, EveryOperationOfASlowEngineIsTimed) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.sampling_period.reset();
  run.options.warmup_s = 0.3;  // in which some operation ends on a busy machine, too
  run.options.operations = 40;
  run.LoadAll();
  run.store->before = [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.sampling_period, 1);
  // But for what each thread began before it saw the window.
  EXPECT_GE(LatencySamples(result) + 2 + 8 * 2, result.operations);
}

TEST_P(DriverPoolTest, WithoutAWarmUpNothingIsKnownOfTheRate) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.sampling_period.reset();
  EXPECT_EQ(run.LoadAndRun().sampling_period, kSamplingPeriodWithoutWarmup);
}

TEST_P(DriverPoolTest, TheWindowHasTheLengthAskedForAndIsPrecededByTheWarmup) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.operations.reset();
  // Longer than a busy machine lets a thread wait for its turn.
  run.options.warmup_s = 0.3;
  run.options.duration_s = 0.3;
  run.LoadAll();
  const uint64_t cloned_before = run.store->clones;
  const Measurement result = run.Run();
  EXPECT_GE(result.warmup_s, 0.3);
  EXPECT_GE(result.window_s, 0.3);
  EXPECT_GT(result.operations, 0u);
  EXPECT_GT(result.warmup_operations, 0u);
  EXPECT_EQ(result.warmup_operations + result.executed_operations, run.store->gets);
  EXPECT_GE(result.executed_operations, result.operations);
  EXPECT_TRUE(result.operations_per_second.empty());
  double slices_s = 0;
  uint64_t operations = 0;
  for (const Slice& slice : result.slices) {
    slices_s += slice.length_s;
    operations += slice.operations;
  }
  EXPECT_NEAR(slices_s, result.window_s, 1e-6);
  EXPECT_EQ(operations, result.operations);
  EXPECT_GT(result.process.user_cpu_s + result.process.system_cpu_s, 0);
  if (GetParam() == PoolKind::kNaive) {
    EXPECT_LE(result.handles_cloned, run.store->clones - cloned_before);
    // Both are counted at the window's edges, but not at one moment.
    EXPECT_GE(result.handles_cloned, result.operations * 9 / 10);
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

// ---- dedicated threads ----

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
      // The other one gives its handle back when it has closed the window; the fixture has one,
      // too.
      while (run.store->handles.load() > 2) std::this_thread::yield();
    } else {
      fast_gets.fetch_add(1);
    }
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.executed_operations, 200u);
  EXPECT_GE(result.operations, 100u);
  EXPECT_LT(result.operations, 200u);
}

// Longer than a slice of the window.
TEST(DriverTest, AThreadThatTakesLongToFinishEndsTheRun) {
  DriverFixture run(kReads);
  run.LoadAll();
  run.options.operations = 2;
  std::atomic<int> reads = 0;
  run.store->answer = [&](std::string_view, bool&, std::string&) {
    if (reads++ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  };
  const Measurement result = run.Run();
  EXPECT_EQ(result.executed_operations, 2u);
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

}  // namespace
}  // namespace kvs
