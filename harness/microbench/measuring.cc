#include "harness/driver/histogram.h"
#include "harness/driver/random_intervals.h"
#include "harness/microbench/microbench.h"
#include "harness/system/clock.h"
#include "workloads/random.h"

namespace kvs {
namespace {

// Values around 1 us, spread over two powers of ten.
uint64_t RandomLatencyNs(Random& random) { return 100 + random.Next() % 10'000; }

void RecordInHistogram(benchmark::State& state) {
  Histogram histogram;
  Random random(1);
  for (auto _ : state) histogram.Record(RandomLatencyNs(random));
  benchmark::DoNotOptimize(histogram.count());
  state.SetItemsProcessed(state.iterations());
}

void MergeHistograms(benchmark::State& state) {
  Histogram from;
  Histogram into;
  Random random(1);
  for (int i = 0; i < 10'000; ++i) from.Record(RandomLatencyNs(random));
  for (auto _ : state) into.Merge(from);
  benchmark::DoNotOptimize(into.count());
}

void PercentileOfHistogram(benchmark::State& state) {
  Histogram histogram;
  Random random(1);
  for (int i = 0; i < 10'000; ++i) histogram.Record(RandomLatencyNs(random));
  for (auto _ : state) benchmark::DoNotOptimize(histogram.Percentile(99.9));
}

void ReadClock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(NowNs());
}

void DecideOnSample(benchmark::State& state) {
  RandomIntervals samples(64, 1);
  for (auto _ : state) benchmark::DoNotOptimize(samples.Next());
}

}  // namespace

void RegisterMeasuringBenchmarks() {
  benchmark::RegisterBenchmark("histogram/record", RecordInHistogram);
  benchmark::RegisterBenchmark("histogram/merge", MergeHistograms);
  benchmark::RegisterBenchmark("histogram/percentile", PercentileOfHistogram);
  benchmark::RegisterBenchmark("clock/read", ReadClock);
  benchmark::RegisterBenchmark("sampling/decide", DecideOnSample);
}

}  // namespace kvs
