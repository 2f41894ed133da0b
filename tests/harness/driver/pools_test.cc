#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "harness/driver/pools/thread_pool.h"

namespace kvs {
namespace {

struct PoolCase {
  const char* name;
  std::unique_ptr<ThreadPool> (*make)(unsigned workers);
};

class CallJob final : public Job {
 public:
  explicit CallJob(std::function<void(unsigned)> call) : call_(std::move(call)) {}
  void Run(unsigned worker) override { call_(worker); }

 private:
  std::function<void(unsigned)> call_;
};

class ThreadPoolTest : public ::testing::TestWithParam<PoolCase> {
 protected:
  // Every job calls `call`.
  static std::vector<std::unique_ptr<Job>> Jobs(size_t count,
                                                const std::function<void(unsigned)>& call) {
    std::vector<std::unique_ptr<Job>> jobs;
    for (size_t i = 0; i < count; ++i) jobs.push_back(std::make_unique<CallJob>(call));
    return jobs;
  }
};

TEST_P(ThreadPoolTest, DestructionRunsEveryJobOnce) {
  for (const unsigned workers : {1u, 2u, 5u}) {
    std::vector<std::atomic<int>> runs(500);
    std::vector<std::unique_ptr<Job>> jobs;
    for (std::atomic<int>& run : runs) {
      jobs.push_back(std::make_unique<CallJob>([&run](unsigned) { run.fetch_add(1); }));
    }
    {
      const auto pool = GetParam().make(workers);
      for (const auto& job : jobs) pool->Submit(*job);
    }
    for (const std::atomic<int>& run : runs) ASSERT_EQ(run.load(), 1);
  }
}

TEST_P(ThreadPoolTest, DestructionWithoutJobsEnds) { GetParam().make(3); }

TEST_P(ThreadPoolTest, AJobThatThrowsCostsNoWorker) {
  constexpr unsigned kWorkers = 3;
  std::atomic<int> ran{0};
  const auto throwing = Jobs(100, [](unsigned) { throw std::runtime_error("on purpose"); });
  const auto odd = Jobs(100, [](unsigned) { throw 42; });
  const auto good = Jobs(100, [&](unsigned) { ran.fetch_add(1); });
  // Every worker has to be alive for the last jobs to end: each waits for all the others.
  std::latch all_alive(kWorkers);
  const auto meeting = Jobs(kWorkers, [&](unsigned) { all_alive.arrive_and_wait(); });
  const auto pool = GetParam().make(kWorkers);
  for (size_t i = 0; i < good.size(); ++i) {
    pool->Submit(*throwing[i]);
    pool->Submit(*odd[i]);
    pool->Submit(*good[i]);
  }
  for (const auto& job : meeting) pool->Submit(*job);
  all_alive.wait();
  // The meeting's jobs were the last ones to start, but jobs before them may still be ending.
  while (ran.load() < 100 || pool->jobs_that_threw() < 200) std::this_thread::yield();
  EXPECT_EQ(ran.load(), 100);
  EXPECT_EQ(pool->jobs_that_threw(), 200u);
}

TEST_P(ThreadPoolTest, RunsAsManyJobsAtATimeAsItHasWorkersWhateverTheCores) {
  constexpr unsigned kWorkers = 6;
  std::latch all_running(kWorkers);
  const auto jobs = Jobs(kWorkers, [&](unsigned) { all_running.arrive_and_wait(); });
  const auto pool = GetParam().make(kWorkers);
  for (const auto& job : jobs) pool->Submit(*job);
  all_running.wait();  // hangs if they do not
}

TEST_P(ThreadPoolTest, NoTwoJobsHoldTheSameWorkerNumber) {
  struct alignas(128) PerWorker {
    std::atomic<int> inside{0};
    uint64_t jobs = 0;  // plain: the pool orders jobs of one worker
  };
  for (const unsigned worker_count : {1u, 2u, 4u}) {
    std::vector<PerWorker> workers(worker_count);
    std::atomic<int> overlaps{0};
    std::atomic<int> out_of_range{0};
    const auto jobs = Jobs(500, [&](unsigned worker) {
      if (worker >= worker_count) {
        out_of_range.fetch_add(1);
        return;
      }
      if (workers[worker].inside.exchange(1) != 0) overlaps.fetch_add(1);
      ++workers[worker].jobs;
      std::this_thread::yield();
      workers[worker].inside.store(0);
    });
    {
      const auto pool = GetParam().make(worker_count);
      for (const auto& job : jobs) pool->Submit(*job);
    }
    EXPECT_EQ(overlaps.load(), 0) << worker_count;
    EXPECT_EQ(out_of_range.load(), 0) << worker_count;
    uint64_t ran = 0;
    for (const PerWorker& worker : workers) ran += worker.jobs;
    EXPECT_EQ(ran, jobs.size()) << worker_count;
  }
}

TEST_P(ThreadPoolTest, JobsSeeWhatTheSubmitterWrote) {
  std::vector<int> written(1000);  // plain: Submit orders it
  std::atomic<int> wrong{0};
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 1000; ++i) {
    jobs.push_back(std::make_unique<CallJob>([&written, &wrong, i](unsigned) {
      if (written[static_cast<size_t>(i)] != i + 1) wrong.fetch_add(1);
    }));
  }
  const auto pool = GetParam().make(2);
  for (int i = 0; i < 1000; ++i) {
    written[static_cast<size_t>(i)] = i + 1;
    pool->Submit(*jobs[static_cast<size_t>(i)]);
  }
  EXPECT_EQ(wrong.load(), 0);
}

TEST_P(ThreadPoolTest, TakesJobsFromSeveralThreads) {
  std::atomic<int> ran{0};
  const auto jobs = Jobs(400, [&](unsigned) { ran.fetch_add(1); });
  {
    const auto pool = GetParam().make(2);
    std::vector<std::thread> submitters;
    for (size_t s = 0; s < 4; ++s) {
      submitters.emplace_back([&, s] {
        for (size_t i = s; i < jobs.size(); i += 4) pool->Submit(*jobs[i]);
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
  }
  EXPECT_EQ(ran.load(), 400);
}

TEST_P(ThreadPoolTest, AJobMayBeSubmittedAgainAfterItRan) {
  std::atomic<int> ran{0};
  CallJob job([&](unsigned) { ran.fetch_add(1); });
  const auto pool = GetParam().make(2);
  for (int i = 1; i <= 200; ++i) {
    pool->Submit(job);
    while (ran.load() < i) std::this_thread::yield();
  }
  EXPECT_EQ(ran.load(), 200);
}

INSTANTIATE_TEST_SUITE_P(Pools, ThreadPoolTest,
                         ::testing::Values(PoolCase{"naive", MakeNaivePool},
                                           PoolCase{"shared_queue", MakeSharedQueuePool},
                                           PoolCase{"work_stealing", MakeWorkStealingPool}),
                         [](const auto& pool) { return std::string(pool.param.name); });

TEST(NaivePoolTest, GivesEachJobAThreadOfItsOwn) {
  static thread_local int jobs_of_this_thread = 0;
  std::atomic<int> shared_threads{0};
  CallJob job([&](unsigned) {
    if (++jobs_of_this_thread != 1) shared_threads.fetch_add(1);
  });
  const auto pool = MakeNaivePool(1);  // so each Submit waits for the job before
  for (int i = 0; i < 50; ++i) pool->Submit(job);
  EXPECT_EQ(shared_threads.load(), 0);
}

TEST(SharedQueuePoolTest, OneWorkerRunsJobsInTheOrderSubmitted) {
  std::vector<int> order;
  std::vector<std::unique_ptr<Job>> jobs;
  for (int i = 0; i < 200; ++i) {
    jobs.push_back(std::make_unique<CallJob>([&order, i](unsigned) { order.push_back(i); }));
  }
  {
    const auto pool = MakeSharedQueuePool(1);
    for (const auto& job : jobs) pool->Submit(*job);
  }
  ASSERT_EQ(order.size(), 200u);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
}

}  // namespace
}  // namespace kvs
