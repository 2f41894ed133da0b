// kvs-microbench: what one call of each building block costs. See --help.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "harness/microbench/fresh_directory.h"
#include "harness/microbench/microbench.h"

namespace kvs {
namespace {

void PrintHelp() {
  std::puts(
      "kvs-microbench [--dir <path>] [--records <n>] [option of Google Benchmark]...\n"
      "\n"
      "  --dir <path>      where the engines' stores go, in a fresh directory that is removed\n"
      "                    afterwards (default: $TMPDIR, or the system's)\n"
      "  --records <n>     records of 100 bytes in each store (default: 100000)\n"
      "  --benchmark_list_tests, --benchmark_filter=<regex>, --benchmark_min_time=<seconds>,\n"
      "  --benchmark_out=<file>, --benchmark_format=<console|json|csv>, and the others");
}

int Main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv, PrintHelp);  // takes its own options out of argv
  CLI::App app{"What one call of each building block costs", "kvs-microbench"};
  std::string parent = std::filesystem::temp_directory_path();
  uint64_t records = 100'000;
  app.add_option("--dir", parent)->check(CLI::ExistingDirectory);
  app.add_option("--records", records)->check(CLI::Range(uint64_t{1000}, uint64_t{1} << 40));
  CLI11_PARSE(app, argc, argv);

  const FreshDirectory directory(parent, "kvs-microbench");
  BenchmarkStore store(directory.path(), records);
  RegisterMeasuringBenchmarks();
  RegisterWorkloadBenchmarks();
  RegisterPoolBenchmarks();
  RegisterEngineBenchmarks(store);
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}

}  // namespace
}  // namespace kvs

int main(int argc, char** argv) {
  try {
    return kvs::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "kvs-microbench: %s\n", error.what());
    return 2;
  }
}
