#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engines/engine.h"
#include "harness/driver/driver.h"
#include "harness/microbench/microbench.h"
#include "workloads/random.h"

namespace kvs {
namespace {

// One thread's handle, generator and buffers.
class Caller {
 public:
  Caller(BenchmarkStore& store, const EngineDefinition& engine, const benchmark::State& state)
      : store_(store),
        handle_(store.Open(engine).Clone()),
        stores_data_(engine.capabilities(store.OptionsOf(engine)).stores_data),
        writer_(static_cast<uint32_t>(state.thread_index())),
        random_(writer_),
        key_buffer_(new char[store.keys().max_size()]),
        value_buffer_(new char[store.values().buffer_size()]) {}

  uint64_t RandomNumber() { return random_.Below(store_.records()); }

  // False for a wrong miss.
  bool Get(uint64_t number) { return handle_->Get(Key(number), value_) || !stores_data_; }
  void Set(uint64_t number) {
    handle_->Set(Key(number),
                 store_.values().Encode(number, writer_, ++version_, value_buffer_.get()));
  }
  RemoveResult Remove(uint64_t number) { return handle_->Remove(Key(number)); }

 private:
  std::string_view Key(uint64_t number) { return store_.keys().Render(number, key_buffer_.get()); }

  BenchmarkStore& store_;
  const std::unique_ptr<KvsEngine> handle_;
  const bool stores_data_;
  const uint32_t writer_;
  uint32_t version_ = 0;
  Random random_;
  std::unique_ptr<char[]> key_buffer_;
  std::unique_ptr<char[]> value_buffer_;
  std::string value_;
};

void GetRandom(benchmark::State& state, Caller& caller) {
  for (auto _ : state) {
    if (!caller.Get(caller.RandomNumber())) {
      state.SkipWithError("a record is missing");
      return;
    }
  }
}

void SetRandom(benchmark::State& state, Caller& caller) {
  for (auto _ : state) caller.Set(caller.RandomNumber());
}

// Removes keys that are there: each thread its own share, which is stored again, untimed, whenever
// it is used up, and at the end.
void RemovePresent(benchmark::State& state, Caller& caller, uint64_t records) {
  const auto threads = static_cast<uint64_t>(state.threads());
  const auto thread = static_cast<uint64_t>(state.thread_index());
  const uint64_t begin = records * thread / threads;
  const uint64_t end = records * (thread + 1) / threads;
  uint64_t next = begin;
  const auto restore = [&] {
    for (uint64_t number = begin; number < next; ++number) caller.Set(number);
    next = begin;
  };
  for (auto _ : state) {
    if (caller.Remove(next++) == RemoveResult::kAbsent) {
      state.SkipWithError("a record is missing");
      return;
    }
    if (next == end) {
      state.PauseTiming();
      restore();
      state.ResumeTiming();
    }
  }
  restore();
}

void CloneAndDrop(benchmark::State& state, const KvsEngine& root) {
  for (auto _ : state) benchmark::DoNotOptimize(root.Clone());
}

// Runs `body`; a failure of the engine fails the benchmark.
template <typename Body>
void ReportFailure(benchmark::State& state, Body body) {
  try {
    body();
  } catch (const EngineError& error) {
    state.SkipWithError(error.what());
    return;
  }
  state.SetItemsProcessed(state.iterations());
}

void RegisterEngine(BenchmarkStore& store, const EngineDefinition& engine) {
  const unsigned max_threads = engine.capabilities(store.OptionsOf(engine)).max_threads;
  const auto add = [&](std::string_view operation, auto run) {
    auto* const registered =
        benchmark::RegisterBenchmark(fmt::format("{}/engine:{}", operation, engine.name).c_str(),
                                     [&store, &engine, run](benchmark::State& state) {
                                       ReportFailure(state, [&] {
                                         Caller caller(store, engine, state);
                                         run(state, caller);
                                       });
                                     });
    registered->Threads(1);
    if (max_threads >= 2) registered->Threads(2);
  };
  add("get", GetRandom);
  add("set", SetRandom);
  add("remove", [&store](benchmark::State& state, Caller& caller) {
    RemovePresent(state, caller, store.records());
  });
  benchmark::RegisterBenchmark(fmt::format("clone/engine:{}", engine.name).c_str(),
                               [&store, &engine](benchmark::State& state) {
                                 ReportFailure(state,
                                               [&] { CloneAndDrop(state, store.Open(engine)); });
                               });
}

}  // namespace

BenchmarkStore::BenchmarkStore(std::filesystem::path directory, uint64_t records)
    : directory_(std::move(directory)),
      spec_(ParseSpec(fmt::format("recordcount={}\nvaluesize=100\n", records), "kvs-microbench",
                      "microbench", {})),
      keys_(spec_.keys),
      values_(spec_.value_size, 0) {}

EngineOptions BenchmarkStore::OptionsOf(const EngineDefinition& engine) const {
  EngineOptions options;
  options.directory = directory_ / std::string(engine.name);
  return options;
}

const KvsEngine& BenchmarkStore::Open(const EngineDefinition& engine) {
  std::scoped_lock lock(mutex_);
  if (open_engine_ != &engine) {
    open_engine_ = nullptr;
    root_.reset();
    root_ = engine.open(OptionsOf(engine));
    DriverOptions options;
    options.threads = 1;
    Load(*root_, spec_, keys_, values_, options);
    root_->Settle();
    open_engine_ = &engine;
  }
  return *root_;
}

void RegisterEngineBenchmarks(BenchmarkStore& store) {
  for (const EngineDefinition* engine : AllEngines()) RegisterEngine(store, *engine);
}

}  // namespace kvs
