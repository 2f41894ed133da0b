// The open loop. An engine that stalls on purpose is the truth that response times must show; other
// delays of the machine only add to them.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string_view>
#include <thread>

#include "harness/driver/driver.h"
#include "harness/system/clock.h"
#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

using std::chrono::milliseconds;

constexpr uint64_t kLongNs = 100'000'000;

// The hook that sleeps once, in call number `call`.
auto StallOnce(std::atomic<int>& calls, int call, milliseconds stall) {
  return [&calls, call, stall](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == call) std::this_thread::sleep_for(stall);
  };
}

TEST_P(DriverPoolTest, AStallIsInTheResponseTimesOfAllThatWaitedBehindIt) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.options.operations = 2000;
  run.options.open_loop = OpenLoop{.rate_per_s = 4000, .arrivals = Arrivals::kConstant};
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = StallOnce(calls, 100, milliseconds(300));
  const Measurement result = run.Run();
  ASSERT_EQ(result.operations, 2000u);
  const KindResult& reads = Of(result, OperationKind::kRead);
  EXPECT_EQ(reads.latency_ns.count(), 2000u) << "every operation is timed";
  EXPECT_EQ(reads.response_ns.count(), 2000u);
  // Those of the first 200 ms of the stall wait for more than 100 ms: 800; a bucket of the
  // histogram is up to 1% wide.
  EXPECT_GE(reads.response_ns.CountAbove(kLongNs), 790u);
  EXPECT_GE(reads.response_ns.max(), 300'000'000u);
  EXPECT_GE(reads.response_ns.Percentile(99.9), 295'000'000u);
  EXPECT_GE(reads.response_ns.mean(), reads.latency_ns.mean());
  // The engine was slow once. (A busy machine may add some.)
  EXPECT_GE(reads.latency_ns.CountAbove(kLongNs), 1u);
  EXPECT_LE(reads.latency_ns.CountAbove(kLongNs), 10u);
  EXPECT_EQ(result.backlog_operations, 0u);
}

TEST_P(DriverPoolTest, InTheClosedLoopAStallIsSeenOnce) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.options.sampling_period = 1;
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = StallOnce(calls, 100, milliseconds(300));
  const Measurement result = run.Run();
  const KindResult& reads = Of(result, OperationKind::kRead);
  EXPECT_GE(reads.latency_ns.CountAbove(kLongNs), 1u);
  EXPECT_LE(reads.latency_ns.CountAbove(kLongNs), 10u);
  EXPECT_EQ(reads.response_ns.count(), 0u);
  EXPECT_EQ(result.backlog_operations, std::nullopt);
}

TEST_P(DriverPoolTest, NoOperationStartsBeforeItsTimeAndAllOfThemAreInTheWindow) {
  for (const Arrivals arrivals : {Arrivals::kConstant, Arrivals::kPoisson}) {
    DriverFixture run(kReads);
    run.options.pool = GetParam();
    run.options.threads = 2;
    run.options.operations = 201;
    run.options.seed = 5;
    run.options.open_loop = OpenLoop{.rate_per_s = 2000, .arrivals = arrivals};
    const Measurement result = run.LoadAndRun();
    EXPECT_EQ(run.store->gets, 201u);
    EXPECT_EQ(result.operations, 201u);
    EXPECT_EQ(result.executed_operations, 201u);
    EXPECT_EQ(result.backlog_operations, 0u);
    if (arrivals == Arrivals::kConstant) {
      EXPECT_GE(result.window_s, 0.1);  // the last one's start
    }
  }
}

TEST_P(DriverPoolTest, ARateThatIsTooHighLeavesABacklog) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 1;
  run.options.operations.reset();
  run.options.duration_s = 0.2;
  run.options.open_loop = OpenLoop{.rate_per_s = 100'000, .arrivals = Arrivals::kConstant};
  run.LoadAll();
  run.store->before = [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(milliseconds(1));
  };
  const Measurement result = run.Run();
  EXPECT_LE(static_cast<double>(result.operations), 1 + result.window_s * 1000);
  ASSERT_TRUE(result.backlog_operations);
  EXPECT_NEAR(static_cast<double>(*result.backlog_operations + result.operations),
              result.window_s * 100'000, 2);
}

TEST_P(DriverPoolTest, TheScheduleBeginsWithTheWarmup) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 2;
  run.options.operations.reset();
  // Longer than a busy machine lets a thread wait for its turn.
  run.options.warmup_s = 0.3;
  run.options.duration_s = 0.3;
  run.options.open_loop = OpenLoop{.rate_per_s = 100'000, .arrivals = Arrivals::kPoisson};
  run.LoadAll();
  run.store->before = [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(milliseconds(1));
  };
  const uint64_t before_ns = NowNs();
  const Measurement result = run.Run();
  const double run_s = 1e-9 * static_cast<double>(NowNs() - before_ns);
  EXPECT_GT(result.warmup_operations, 0u);
  ASSERT_TRUE(result.backlog_operations);
  const auto counted = static_cast<double>(*result.backlog_operations + result.operations +
                                           result.warmup_operations);
  // Standard deviation 0.4%. A busy machine may part the warm-up from the window.
  EXPECT_GE(counted, 0.95 * 100'000 * (result.warmup_s + result.window_s));
  EXPECT_LE(counted, 1.05 * 100'000 * run_s);
  // What came due in the warm-up and waited shows.
  EXPECT_GE(Of(result, OperationKind::kRead).response_ns.max(), 300'000'000u);
}

TEST_P(DriverPoolTest, ARunEndsWhileItsThreadsWaitForTheirTime) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 2;
  run.options.operations.reset();
  run.options.duration_s = 0.05;
  // Once in 100,000 s on average.
  run.options.open_loop = OpenLoop{.rate_per_s = 1e-5, .arrivals = Arrivals::kPoisson};
  run.LoadAll();
  const uint64_t start_ns = NowNs();
  const Measurement result = run.Run();
  EXPECT_LT(SecondsSince(start_ns), 20);
  EXPECT_EQ(result.operations, 0u);
  EXPECT_EQ(result.backlog_operations, 0u);
}

TEST_P(DriverPoolTest, AFailureEndsAnOpenLoop) {
  DriverFixture run(kReads);
  run.options.pool = GetParam();
  run.options.threads = 2;
  run.options.operations = 1'000'000;
  run.options.open_loop = OpenLoop{.rate_per_s = 1000, .arrivals = Arrivals::kPoisson};
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 20) {
      throw EngineError(ErrorKind::kIo, "model", "get", "/path", "on fire");
    }
  };
  EXPECT_THROW(run.Run(), EngineError);
}

TEST_P(DriverPoolTest, AnInterruptedOpenLoopCountsNoOperationsThatWereNotAskedFor) {
  DriverFixture run(kReads);
  std::atomic<bool> interrupted{false};
  run.options.pool = GetParam();
  run.options.threads = 2;
  run.options.operations = 500;
  run.options.open_loop = OpenLoop{.rate_per_s = 1e6, .arrivals = Arrivals::kConstant};
  run.options.interrupted = &interrupted;
  run.LoadAll();
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 20) interrupted.store(true);
    std::this_thread::sleep_for(milliseconds(2));
  };
  const Measurement result = run.Run();
  ASSERT_TRUE(result.interrupted);
  // All were due after half a millisecond.
  EXPECT_EQ(*result.backlog_operations + result.operations, 500u);
}

TEST(DriverTest, BackgroundWritersHaveNoIntendedStarts) {
  DriverFixture run("recordcount=50\nreadproportion=1\nupdateproportion=0\nbackgroundwriters=1\n");
  run.options.threads = 1;
  run.options.operations = 300;
  run.options.open_loop = OpenLoop{.rate_per_s = 1000, .arrivals = Arrivals::kConstant};
  const Measurement result = run.LoadAndRun();
  EXPECT_GT(result.background_operations, 0u);
  EXPECT_EQ(Of(result, OperationKind::kRead).response_ns.count(), 300u);
  EXPECT_EQ(Of(result, OperationKind::kUpdate).response_ns.count(), 0u);
}

}  // namespace
}  // namespace kvs
