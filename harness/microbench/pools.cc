#include <fmt/format.h>

#include <atomic>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "harness/driver/pools/thread_pool.h"
#include "harness/microbench/microbench.h"

namespace kvs {
namespace {

using MakePool = std::unique_ptr<ThreadPool> (*)(unsigned workers);

// Does nothing but tell that it ran.
class alignas(128) CountingJob final : public Job {
 public:
  explicit CountingJob(std::atomic<uint64_t>& ran) : ran_(ran) {}
  void Run(unsigned) override { ran_.fetch_add(1); }

 private:
  std::atomic<uint64_t>& ran_;
};

// Submits `outstanding` empty jobs and waits for all: with 1 the way there and back, with many the
// cost of a hand-off when the workers need not wake up.
void HandOff(benchmark::State& state, MakePool make_pool, unsigned workers, unsigned outstanding) {
  std::atomic<uint64_t> ran{0};
  std::vector<std::unique_ptr<CountingJob>> jobs;
  for (unsigned i = 0; i < outstanding; ++i) jobs.push_back(std::make_unique<CountingJob>(ran));
  const std::unique_ptr<ThreadPool> pool = make_pool(workers);
  uint64_t submitted = 0;
  while (state.KeepRunningBatch(outstanding)) {
    for (const auto& job : jobs) pool->Submit(*job);
    submitted += outstanding;
    while (ran.load() < submitted) std::this_thread::yield();
  }
  state.SetItemsProcessed(state.iterations());
}

}  // namespace

void RegisterPoolBenchmarks() {
  constexpr unsigned kWorkers = 2;
  constexpr std::pair<std::string_view, MakePool> kPools[] = {
      {"naive", MakeNaivePool},
      {"shared-queue", MakeSharedQueuePool},
      {"work-stealing", MakeWorkStealingPool},
  };
  for (const auto& pool : kPools) {
    for (const unsigned outstanding : {1u, 8 * kWorkers}) {
      const MakePool make_pool = pool.second;
      benchmark::RegisterBenchmark(fmt::format("hand-off/pool:{}/workers:{}/outstanding:{}",
                                               pool.first, kWorkers, outstanding)
                                       .c_str(),
                                   [make_pool, outstanding](benchmark::State& state) {
                                     HandOff(state, make_pool, kWorkers, outstanding);
                                   });
    }
  }
}

}  // namespace kvs
