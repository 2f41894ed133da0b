#include "harness/list_command.h"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "results/human_units.h"
#include "workloads/spec.h"

namespace kvs {
namespace {

struct Choice {
  std::string_view name;
  std::string_view meaning;
};

constexpr Choice kPools[] = {
    {"dedicated", "each thread runs its own loop on its own handle"},
    {"naive", "one thread per request, at most N alive"},
    {"shared-queue", "N workers on one locked queue"},
    {"work-stealing", "oneTBB with N workers"},
};

constexpr Choice kTiers[] = {
    {"none", "acknowledged writes may be lost when the process dies"},
    {"process", "acknowledged writes survive kill -9 (default)"},
    {"sync", "acknowledged writes survive power loss"},
};

// Values of the property requestdistribution.
constexpr Choice kDistributions[] = {
    {"uniform", "every key alike"},
    {"zipfian", "skewed as YCSB does it; with -p zipfian.theta=T (0 to 2) exactly so skewed"},
    {"latest", "skewed towards the newest keys"},
    {"hotspot", "hotspotopnfraction of the operations on hotspotdatafraction of the keys"},
    {"exponential", "exponential.percentile of the operations on exponential.frac of the keys"},
    {"sequential", "in the order of the keys' numbers, round and round"},
};

std::string DescribeCapabilities(const EngineCapabilities& can) {
  std::vector<std::string> words;
  if (!can.stores_data) words.emplace_back("stores nothing");
  words.emplace_back(can.ordered_scan ? "ordered scans" : "no scans");
  words.emplace_back(can.multi_get ? "multi-get" : "no multi-get");
  if (can.max_threads != kAnyNumberOfThreads) {
    words.push_back(
        fmt::format("at most {} thread{}", can.max_threads, can.max_threads == 1 ? "" : "s"));
  }
  if (can.max_key_bytes != std::numeric_limits<size_t>::max()) {
    words.push_back(fmt::format("keys to {}", HumanBytes(can.max_key_bytes)));
  }
  if (can.max_value_bytes != std::numeric_limits<size_t>::max()) {
    words.push_back(fmt::format("values to {}", HumanBytes(can.max_value_bytes)));
  }
  std::vector<std::string_view> tiers;
  for (const Durability tier : can.tiers) tiers.push_back(ToString(tier));
  words.push_back(fmt::format("durability {}", fmt::join(tiers, "/")));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string ListEngines(EngineTable engines) {
  std::string text = "Engines (--engine NAME[:SETTING=VALUE,...])\n";
  for (const EngineDefinition* engine : engines) {
    text += fmt::format("  {:<14} {}\n  {:<14} {}\n", engine->name, engine->summary, "",
                        DescribeCapabilities(engine->capabilities({})));
    for (const SettingDefinition& setting : engine->settings) {
      text += fmt::format("  {:<14}   {}={}  {}\n", "", setting.name, setting.default_value,
                          setting.meaning);
    }
    if (engine->passes_settings_through) {
      text += fmt::format("  {:<14}   other settings go to the library under its own names\n", "");
    }
  }
  for (const MissingEngine& missing : MissingEngines()) {
    text += fmt::format(
        "  {:<14} not in this build; to have it: apt-get install {}, then "
        "configure and build again\n",
        missing.name, missing.package);
  }
  return text;
}

template <size_t kSize>
std::string ListChoices(std::string_view title, const Choice (&choices)[kSize]) {
  std::string text = fmt::format("\n{}\n", title);
  for (const Choice& choice : choices) {
    text += fmt::format("  {:<14} {}\n", choice.name, choice.meaning);
  }
  return text;
}

nlohmann::json CapabilitiesAsJson(const EngineCapabilities& can) {
  nlohmann::json tiers = nlohmann::json::array();
  for (const Durability tier : can.tiers) tiers.push_back(ToString(tier));
  nlohmann::json object = {{"stores_data", can.stores_data},
                           {"ordered_scan", can.ordered_scan},
                           {"multi_get", can.multi_get},
                           {"durability", tiers},
                           {"min_key_bytes", can.min_key_bytes},
                           {"max_key_bytes", can.max_key_bytes},
                           {"max_value_bytes", can.max_value_bytes}};
  // Absent: any number of threads.
  if (can.max_threads != kAnyNumberOfThreads) object["max_threads"] = can.max_threads;
  return object;
}

template <size_t kSize>
nlohmann::json ChoicesAsJson(const Choice (&choices)[kSize]) {
  nlohmann::json list = nlohmann::json::array();
  for (const Choice& choice : choices) {
    list.push_back({{"name", choice.name}, {"meaning", choice.meaning}});
  }
  return list;
}

}  // namespace

std::string ListAsText(EngineTable engines) {
  std::string text = ListEngines(engines);
  text += "\nWorkloads (--workload NAME, or the path of a YCSB file)\n";
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    text += fmt::format("  {:<20} {}\n", shipped.name, LoadSpec(shipped.name, {}).description);
  }
  text += ListChoices("Distributions of keys (-p requestdistribution=NAME)", kDistributions);
  text += ListChoices("Thread pools (--pool NAME)", kPools);
  text += ListChoices("Durability (--durability TIER)", kTiers);
  return text;
}

std::string ListAsJson(EngineTable engines) {
  nlohmann::json object;
  for (const EngineDefinition* engine : engines) {
    nlohmann::json settings = nlohmann::json::array();
    for (const SettingDefinition& setting : engine->settings) {
      settings.push_back({{"name", setting.name},
                          {"default", setting.default_value},
                          {"meaning", setting.meaning}});
    }
    object["engines"].push_back({{"name", engine->name},
                                 {"summary", engine->summary},
                                 {"capabilities", CapabilitiesAsJson(engine->capabilities({}))},
                                 {"settings", settings},
                                 {"passes_settings_through", engine->passes_settings_through}});
  }
  object["missing_engines"] = nlohmann::json::array();
  for (const MissingEngine& missing : MissingEngines()) {
    object["missing_engines"].push_back({{"name", missing.name}, {"package", missing.package}});
  }
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    object["workloads"].push_back(
        {{"name", shipped.name}, {"description", LoadSpec(shipped.name, {}).description}});
  }
  object["distributions"] = ChoicesAsJson(kDistributions);
  object["pools"] = ChoicesAsJson(kPools);
  object["durability"] = ChoicesAsJson(kTiers);
  return object.dump(1) + "\n";
}

}  // namespace kvs
