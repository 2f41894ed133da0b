#include "tests/end_to_end/boasting_engine.h"

#include "tests/end_to_end/inner_engine.h"

namespace kvs {
namespace {

constexpr SettingDefinition kBoastingSettings[] = {{"of", "mutex", "the engine that it really is"}};

EngineOptions WithoutSync(EngineOptions options) {
  if (options.durability == Durability::kSync) options.durability = Durability::kProcess;
  return InnerOptions(options);
}

}  // namespace

const EngineDefinition kBoastingEngine{
    .name = "boasts",
    .summary = "says 'sync' and means 'process'",
    .settings = kBoastingSettings,
    .capabilities =
        [](const EngineOptions& options) {
          return InnerEngine(kBoastingEngine, options).capabilities(WithoutSync(options));
        },
    .open =
        [](const EngineOptions& options) {
          return InnerEngine(kBoastingEngine, options).open(WithoutSync(options));
        },
};

}  // namespace kvs
