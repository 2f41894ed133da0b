// kvs-bench-faulty: kvs-bench with faulty engines.
#include "harness/bench_main.h"
#include "tests/end_to_end/faulty_engines.h"

int main(int argc, char** argv) { return kvs::BenchMain(argc, argv, kvs::AllAndFaultyEngines()); }
