// The rows that Google Benchmark's tools read.
#ifndef KVS_RESULTS_BENCHMARK_ROWS_H_
#define KVS_RESULTS_BENCHMARK_ROWS_H_

#include <vector>

#include "results/json_archive.h"
#include "results/model.h"

namespace kvs {

// `benchmarks[]`: per measured trial one row named like its cell, with wall and CPU ns per
// operation, and one row per latency percentile (`.../latency:p99`; of all operations together).
// A trial that failed has one row with error_occurred and zero times, as Google Benchmark has it;
// an unsupported one, which measured nothing and broke nothing, has none.
// Throws JsonError where a figure is not finite.
Json BenchmarkRows(const std::vector<Trial>& trials);

}  // namespace kvs

#endif  // KVS_RESULTS_BENCHMARK_ROWS_H_
