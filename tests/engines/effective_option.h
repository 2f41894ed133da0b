// Shared by the tests of single adapters.
#ifndef KVS_TESTS_ENGINES_EFFECTIVE_OPTION_H_
#define KVS_TESTS_ENGINES_EFFECTIVE_OPTION_H_

#include <string>
#include <string_view>
#include <vector>

#include "engines/registry.h"

namespace kvs {

// The engine called `name`, or nothing when this build leaves it out: what an adapter's tests are
// instantiated over.
inline std::vector<const EngineDefinition*> IfBuilt(std::string_view name) {
  const EngineDefinition* const engine = FindEngine(name);
  if (engine == nullptr) return {};
  return {engine};
}

// The value of one effective option; "(none)" when it is not listed.
inline std::string EffectiveOption(const EngineInfo& info, std::string_view name) {
  for (const auto& option : info.effective_options) {
    if (option.first == name) return option.second;
  }
  return "(none)";
}

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_EFFECTIVE_OPTION_H_
