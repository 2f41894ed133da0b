// The engines that --engine asks for, each with its settings, and the tiers of --durability.
#ifndef KVS_HARNESS_OPTIONS_ENGINE_CHOICE_H_
#define KVS_HARNESS_OPTIONS_ENGINE_CHOICE_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "engines/registry.h"

namespace kvs {

using EngineTable = std::span<const EngineDefinition* const>;

// One engine with its settings, as one column of the comparison.
struct EngineChoice {
  const EngineDefinition* definition = nullptr;
  std::map<std::string, std::string> settings;

  // "rocksdb", "rocksdb:block_size=16KiB,compression=lz4": the settings in order of their names.
  std::string Label() const;
};

// Reads one value of --engine: names separated by commas, each with settings after a colon,
// "lockfree:ordered=true,segment_size=64MiB,rocksdb". An item that holds a '=' with no ':' before
// it is one more setting of the engine before it. "all" stands for every engine. Throws UsageError.
std::vector<EngineChoice> ParseEngines(const std::string& text, EngineTable engines);

// Reads all values of --engine, none meaning "all": each choice once, its settings judged by the
// engine itself. Throws UsageError.
std::vector<EngineChoice> ChooseEngines(const std::vector<std::string>& values,
                                        EngineTable engines);

// Reads one value of --durability. Throws UsageError.
Durability ParseDurability(const std::string& text);

}  // namespace kvs

#endif  // KVS_HARNESS_OPTIONS_ENGINE_CHOICE_H_
