#include "engines/registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "engines/engine_table.inc"

namespace kvs {

std::span<const EngineDefinition* const> AllEngines() { return kEngineTable; }

std::span<const MissingEngine> MissingEngines() { return kMissingTable; }

const EngineDefinition* FindEngine(std::string_view name) {
  for (const EngineDefinition* engine : AllEngines()) {
    if (engine->name == name) return engine;
  }
  return nullptr;
}

void CheckSettings(const EngineDefinition& engine, const EngineOptions& options) {
  if (engine.passes_settings_through) return;
  for (const auto& setting : options.settings) {
    const std::string& name = setting.first;
    const bool known = std::any_of(engine.settings.begin(), engine.settings.end(),
                                   [&](const SettingDefinition& s) { return s.name == name; });
    if (known) continue;
    std::string names;
    for (const SettingDefinition& s : engine.settings) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", s.name);
    }
    throw EngineError(ErrorKind::kInvalidOption, engine.name, "open", {},
                      names.empty() ? fmt::format("unknown setting '{}': it has none", name)
                                    : fmt::format("unknown setting '{}': it has {}", name, names));
  }
}

}  // namespace kvs
