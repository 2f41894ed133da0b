#include "tests/end_to_end/boasting_engine.h"

#include <fmt/format.h>

#include <memory>
#include <string>

namespace kvs {
namespace {

constexpr SettingDefinition kSettings[] = {{"of", "mutex", "the engine that it really is"}};

const EngineDefinition& InnerOf(const EngineOptions& options) {
  CheckSettings(kBoastingEngine, options);
  const auto of = options.settings.find("of");
  const std::string name = of == options.settings.end() ? "mutex" : of->second;
  for (const EngineDefinition* engine : AllEngines()) {
    if (engine->name == name) return *engine;
  }
  throw EngineError(ErrorKind::kInvalidOption, kBoastingEngine.name, "open", options.directory,
                    fmt::format("there is no engine '{}'", name));
}

EngineOptions InnerOptions(EngineOptions options) {
  options.settings.clear();
  if (options.durability == Durability::kSync) options.durability = Durability::kProcess;
  return options;
}

}  // namespace

const EngineDefinition kBoastingEngine{
    .name = "boasts",
    .summary = "says 'sync' and means 'process'",
    .settings = kSettings,
    .capabilities =
        [](const EngineOptions& options) {
          return InnerOf(options).capabilities(InnerOptions(options));
        },
    .open =
        [](const EngineOptions& options) { return InnerOf(options).open(InnerOptions(options)); },
};

}  // namespace kvs
