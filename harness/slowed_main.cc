// kvs-bench-slowed: kvs-bench with the engine `slowed` beside the others, which
// measuring verdicts needs.
#include <vector>

#include "engines/registry.h"
#include "harness/bench_main.h"
#include "harness/selftest/slowed_engine.h"

int main(int argc, char** argv) {
  std::vector<const kvs::EngineDefinition*> engines(kvs::AllEngines().begin(),
                                                    kvs::AllEngines().end());
  engines.push_back(&kvs::detector::kSlowedEngine);
  return kvs::BenchMain(argc, argv, engines);
}
