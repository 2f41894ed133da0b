// For engines that are another engine and something more: their setting "of" says which.
#ifndef KVS_TESTS_END_TO_END_INNER_ENGINE_H_
#define KVS_TESTS_END_TO_END_INNER_ENGINE_H_

#include <string>

#include <fmt/format.h>

#include "engines/registry.h"
#include "engines/settings.h"

namespace kvs {

// The engine that `outer` is made of. Throws EngineError where there is none of that name, or where
// `options` are none of `outer`'s.
inline const EngineDefinition& InnerEngine(const EngineDefinition& outer,
                                           const EngineOptions& options) {
  CheckSettings(outer, options);
  const std::string name(SettingReader(outer.name, outer.settings, options.settings).Text("of"));
  const EngineDefinition* const engine = FindEngine(name);
  if (engine != nullptr) return *engine;
  throw EngineError(ErrorKind::kInvalidOption, outer.name, "open", options.directory,
                    fmt::format("there is no engine '{}'", name));
}

inline EngineOptions InnerOptions(EngineOptions options) {
  options.settings.clear();
  return options;
}

}  // namespace kvs

#endif  // KVS_TESTS_END_TO_END_INNER_ENGINE_H_
