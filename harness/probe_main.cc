// kvs-bench-probe: kvs-bench with the engine `probe` beside the others.
#include <vector>

#include "engines/registry.h"
#include "harness/bench_main.h"

namespace kvs {

extern const EngineDefinition kProbeEngine;

}  // namespace kvs

int main(int argc, char** argv) {
  std::vector<const kvs::EngineDefinition*> engines(kvs::AllEngines().begin(),
                                                    kvs::AllEngines().end());
  engines.push_back(&kvs::kProbeEngine);
  return kvs::BenchMain(argc, argv, engines);
}
