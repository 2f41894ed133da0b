#include <cstdio>

#include "engines/registry.h"

int main() {
  for (const kvs::EngineDefinition* engine : kvs::AllEngines()) {
    std::printf("%.*s\n", static_cast<int>(engine->name.size()), engine->name.data());
  }
  return 0;
}
