// The program kvs-bench, but for its table of engines.
#ifndef KVS_HARNESS_BENCH_MAIN_H_
#define KVS_HARNESS_BENCH_MAIN_H_

#include "harness/options/engine_choice.h"

namespace kvs {

// Runs kvs-bench with `engines` to choose from and returns its exit code. Trials start the same
// executable again, so its main must pass the same engines every time. Every failure ends here as a
// message on standard error.
int BenchMain(int argc, char** argv, EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_BENCH_MAIN_H_
