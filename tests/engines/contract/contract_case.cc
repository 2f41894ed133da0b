#include "tests/engines/contract/contract_case.h"

#include <mutex>

#include <fmt/format.h>

namespace kvs::contract {
namespace {

constexpr std::string_view kBeforeTier = ", ";

const EngineDefinition& EngineCalled(std::string_view name) {
  for (const EngineDefinition* engine : SuiteEngines()) {
    if (engine->name == name) return *engine;
  }
  throw std::invalid_argument(fmt::format("no engine '{}' in this program", name));
}

Durability TierCalled(std::string_view name) {
  for (const Durability tier : {Durability::kNone, Durability::kProcess, Durability::kSync}) {
    if (ToString(tier) == name) return tier;
  }
  throw std::invalid_argument(fmt::format("no durability '{}'", name));
}

}  // namespace

EngineCapabilities Case::Capabilities() const {
  static std::mutex mutex;
  static std::map<std::string, EngineCapabilities> declared;
  const std::lock_guard lock(mutex);
  const std::string text = CaseText(*this);
  const auto known = declared.find(text);
  if (known != declared.end()) return known->second;
  return declared.emplace(text, engine->capabilities(Options({}))).first->second;
}

std::string CaseText(const Case& c) {
  std::string text(c.engine->name);
  char separator = ':';
  for (const auto& [name, value] : c.settings) {
    text += fmt::format("{}{}={}", separator, name, value);
    separator = ',';
  }
  return fmt::format("{}{}{}", text, kBeforeTier, ToString(c.durability));
}

Case CaseFromText(std::string_view text) {
  const size_t tier = text.rfind(kBeforeTier);
  if (tier == std::string_view::npos) {
    throw std::invalid_argument(
        fmt::format("'{}' is not '<engine>[:<setting>=<value>,...], <durability>'", text));
  }
  std::string_view engine = text.substr(0, tier);
  std::string_view settings;
  if (const size_t colon = engine.find(':'); colon != std::string_view::npos) {
    settings = engine.substr(colon + 1);
    engine = engine.substr(0, colon);
  }
  Case result{.engine = &EngineCalled(engine),
              .durability = TierCalled(text.substr(tier + kBeforeTier.size()))};
  while (!settings.empty()) {
    const std::string_view setting = settings.substr(0, settings.find(','));
    settings.remove_prefix(std::min(setting.size() + 1, settings.size()));
    const size_t equals = setting.find('=');
    if (equals == std::string_view::npos) {
      throw std::invalid_argument(fmt::format("'{}' is no setting: <name>=<value>", setting));
    }
    result.settings.emplace(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return result;
}

std::optional<Case> OnlyCase() {
  const char* const text = std::getenv(kOnlyCaseVariable);
  if (text == nullptr) return std::nullopt;
  return CaseFromText(text);
}

}  // namespace kvs::contract
