#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "harness/microbench/microbench.h"
#include "workloads/operation_stream.h"

namespace kvs {
namespace {

constexpr uint64_t kRecords = 1'000'000;

constexpr size_t kBatch = 64;  // operations drawn and rendered at a time, as the driver does

Spec SpecOf(std::string_view properties) {
  return ParseSpec(fmt::format("recordcount={}\n{}\n", kRecords, properties), "kvs-microbench",
                   "microbench", {});
}

// One operation of a stream that only reads: choosing the key is what remains.
void DrawKeys(benchmark::State& state, const Spec& spec) {
  OperationStream stream(spec, /*seed=*/0, /*thread=*/0, /*thread_count=*/1);
  OperationBatch batch;
  stream.Fill(batch, kBatch, /*finished_inserts=*/0);  // some choosers sum up over the keys once
  while (state.KeepRunningBatch(kBatch)) {
    stream.Fill(batch, kBatch, /*finished_inserts=*/0);
    benchmark::DoNotOptimize(batch.operations.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void RenderKeys(benchmark::State& state, const Spec& spec) {
  const KeyRenderer keys(spec.keys);
  OperationStream stream(spec, /*seed=*/0, /*thread=*/0, /*thread_count=*/1);
  OperationBatch operations;
  stream.Fill(operations, kBatch, /*finished_inserts=*/0);
  KeyBatch batch;
  while (state.KeepRunningBatch(kBatch)) {
    keys.RenderAll(operations.operations, batch);
    benchmark::DoNotOptimize(batch.keys.data());
  }
  state.SetItemsProcessed(state.iterations());
}

void EncodeValues(benchmark::State& state, const Spec& spec) {
  const ValueCodec values(spec.value_size, 0);
  const std::unique_ptr<char[]> buffer(new char[values.buffer_size()]);
  uint32_t version = 0;
  for (auto _ : state) benchmark::DoNotOptimize(values.Encode(7, 0, ++version, buffer.get()));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(values.max_size()));
}

void CheckValues(benchmark::State& state, const Spec& spec, bool full) {
  const ValueCodec values(spec.value_size, 0);
  const std::unique_ptr<char[]> buffer(new char[values.buffer_size()]);
  const std::string_view value = values.Encode(7, 0, 1, buffer.get());
  for (auto _ : state) benchmark::DoNotOptimize(values.Check(7, value, full));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(values.max_size()));
}

template <typename Body>
void Register(const std::string& name, Body body) {
  benchmark::RegisterBenchmark(name.c_str(), body);
}

}  // namespace

void RegisterWorkloadBenchmarks() {
  constexpr std::pair<std::string_view, std::string_view> kDistributions[] = {
      {"uniform", "requestdistribution=uniform"},
      {"ycsb-zipfian", "requestdistribution=zipfian"},
      {"zipfian-0.8", "requestdistribution=zipfian\nzipfian.theta=0.8"},
      {"zipfian-1.2", "requestdistribution=zipfian\nzipfian.theta=1.2"},
      {"latest", "requestdistribution=latest"},
      {"hotspot", "requestdistribution=hotspot"},
      {"exponential", "requestdistribution=exponential"},
      {"sequential", "requestdistribution=sequential"},
  };
  for (const auto& distribution : kDistributions) {
    const Spec spec =
        SpecOf(fmt::format("readproportion=1\nupdateproportion=0\n{}", distribution.second));
    Register(fmt::format("draw/distribution:{}", distribution.first),
             [spec](benchmark::State& state) { DrawKeys(state, spec); });
  }
  const Spec ycsb = SpecOf("");
  const Spec binary = SpecOf("keyformat=binary");
  Register("render/format:ycsb", [ycsb](benchmark::State& state) { RenderKeys(state, ycsb); });
  Register("render/format:binary",
           [binary](benchmark::State& state) { RenderKeys(state, binary); });
  for (const int bytes : {100, 1000}) {
    const Spec spec = SpecOf(fmt::format("valuesize={}", bytes));
    Register(fmt::format("encode/bytes:{}", bytes),
             [spec](benchmark::State& state) { EncodeValues(state, spec); });
    Register(fmt::format("check/bytes:{}", bytes),
             [spec](benchmark::State& state) { CheckValues(state, spec, /*full=*/false); });
    Register(fmt::format("check-fully/bytes:{}", bytes),
             [spec](benchmark::State& state) { CheckValues(state, spec, /*full=*/true); });
  }
}

}  // namespace kvs
