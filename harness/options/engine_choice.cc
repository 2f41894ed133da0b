#include "harness/options/engine_choice.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/option_value.h"
#include "workloads/suggestion.h"

namespace kvs {
namespace {

const EngineDefinition& EngineNamed(const std::string& name, EngineTable engines) {
  std::vector<std::string> names;
  for (const EngineDefinition* engine : engines) {
    if (engine->name == name) return *engine;
    names.emplace_back(engine->name);
  }
  for (const MissingEngine& missing : MissingEngines()) {
    if (missing.name == name) {
      throw UsageError(
          fmt::format("--engine: '{}' is not in this build because its library was missing: "
                      "apt-get install {}, then configure and build again",
                      name, missing.package));
    }
  }
  names.emplace_back("all");
  throw UsageError(fmt::format("--engine: unknown engine '{}'{}", name, DidYouMean(name, names)));
}

// Lets the engine judge its settings now, not in the first trial.
void CheckChoice(const EngineChoice& choice) {
  EngineOptions options;
  options.settings = choice.settings;
  try {
    CheckSettings(*choice.definition, options);
    choice.definition->capabilities(options);
  } catch (const EngineError& error) {
    throw UsageError(fmt::format("--engine: {}", error.what()));
  }
}

}  // namespace

std::string EngineChoice::Label() const {
  std::string label(definition->name);
  char separator = ':';
  for (const auto& [key, value] : settings) {
    label += fmt::format("{}{}={}", separator, key, value);
    separator = ',';
  }
  return label;
}

std::vector<EngineChoice> ParseEngines(const std::string& text, EngineTable engines) {
  std::vector<EngineChoice> choices;
  bool takes_settings = false;  // the engine before this item was named, not meant by "all"
  const auto add_setting = [&](const std::string& setting) {
    const auto property = ParseProperty("--engine", setting);
    if (!choices.back().settings.insert(property).second) {
      throw UsageError(fmt::format("--engine: setting '{}' of {} is given twice", property.first,
                                   choices.back().definition->name));
    }
  };
  for (const std::string& item : SplitItems(text)) {
    const size_t colon = item.find(':');
    const size_t equals = item.find('=');
    if (item.empty()) {
      throw UsageError(fmt::format("--engine: empty item in '{}'", text));
    }
    if (equals != std::string::npos && (colon == std::string::npos || equals < colon)) {
      if (!takes_settings) {
        throw UsageError(fmt::format(
            "--engine: '{}' is a setting, but no engine stands before it; write NAME:{}", item,
            item));
      }
      add_setting(item);
      continue;
    }
    if (item == "all") {
      for (const EngineDefinition* engine : engines) choices.push_back({engine, {}});
      takes_settings = false;
      continue;
    }
    choices.push_back({&EngineNamed(item.substr(0, colon), engines), {}});
    takes_settings = true;
    if (colon != std::string::npos) add_setting(item.substr(colon + 1));
  }
  return choices;
}

std::vector<EngineChoice> ChooseEngines(const std::vector<std::string>& values,
                                        EngineTable engines) {
  const std::vector<std::string> all = {"all"};
  std::vector<EngineChoice> chosen;
  for (const std::string& value : values.empty() ? all : values) {
    for (EngineChoice& choice : ParseEngines(value, engines)) {
      CheckChoice(choice);
      const std::string label = choice.Label();
      const bool known = std::any_of(chosen.begin(), chosen.end(), [&](const EngineChoice& other) {
        return other.Label() == label;
      });
      if (!known) chosen.push_back(std::move(choice));
    }
  }
  return chosen;
}

Durability ParseDurability(const std::string& text) {
  const std::vector<std::string> names = {"none", "process", "sync"};
  for (const Durability tier : {Durability::kNone, Durability::kProcess, Durability::kSync}) {
    if (ToString(tier) == text) return tier;
  }
  throw UsageError(fmt::format("--durability: unknown tier '{}'{}", text, DidYouMean(text, names)));
}

}  // namespace kvs
