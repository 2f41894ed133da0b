#include "engines/registry.h"
#include "harness/bench_main.h"

int main(int argc, char** argv) { return kvs::BenchMain(argc, argv, kvs::AllEngines()); }
