// The parts of kvs-microbench: what one call of each building block costs, with Google Benchmark.
//
// Each Register function adds its benchmarks; main.cc runs those that --benchmark_filter picks.
#ifndef KVS_HARNESS_MICROBENCH_MICROBENCH_H_
#define KVS_HARNESS_MICROBENCH_MICROBENCH_H_

#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>

#include "engines/registry.h"
#include "workloads/key_renderer.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

// The store that engine benchmarks share: one at a time, opened and loaded by the first benchmark
// that asks for its engine, closed when another engine is asked for.
//
// Thread safety: Open from any thread; it returns the same store to all threads of one benchmark.
class BenchmarkStore {
 public:
  // Stores go below `directory`, which exists, and hold `records` records of 100 bytes.
  BenchmarkStore(std::filesystem::path directory, uint64_t records);

  // Returns the root handle of `engine`'s loaded store. Throws EngineError.
  const KvsEngine& Open(const EngineDefinition& engine);

  // Options with which `engine` is opened.
  EngineOptions OptionsOf(const EngineDefinition& engine) const;
  uint64_t records() const { return spec_.insert_count; }
  const KeyRenderer& keys() const { return keys_; }
  const ValueCodec& values() const { return values_; }

 private:
  const std::filesystem::path directory_;
  const Spec spec_;
  const KeyRenderer keys_;
  const ValueCodec values_;
  std::mutex mutex_;
  const EngineDefinition* open_engine_ = nullptr;
  std::unique_ptr<KvsEngine> root_;
};

// get, set, remove and clone of every engine of the registry, on 1 and 2 threads where the engine
// allows: "get/engine:lmdb/threads:2". `store` outlives the benchmarks.
void RegisterEngineBenchmarks(BenchmarkStore& store);
// Drawing operations per distribution, rendering keys, making and checking values.
void RegisterWorkloadBenchmarks();
// Histogram and clock.
void RegisterMeasuringBenchmarks();
// Handing jobs to each kind of pool and waiting for them.
void RegisterPoolBenchmarks();

}  // namespace kvs

#endif  // KVS_HARNESS_MICROBENCH_MICROBENCH_H_
