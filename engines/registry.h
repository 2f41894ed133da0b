// The engines that this build knows.
//
// To add one: write a file that defines `extern const EngineDefinition k<Name>Engine`, and add one
// kvs_add_engine() line to engines/CMakeLists.txt. The contract tests, the smoke runs, `kvs-bench
// list` and the documentation table read the registry.
#ifndef KVS_ENGINES_REGISTRY_H_
#define KVS_ENGINES_REGISTRY_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"

namespace kvs {

// One setting that an engine takes after its name: "rocksdb:block_size=16KiB".
struct SettingDefinition {
  std::string_view name;
  std::string_view default_value;  // as a user would write it
  std::string_view meaning;        // one line, with the unit
};

struct EngineDefinition {
  std::string_view name;     // what users write: "rocksdb"
  std::string_view summary;  // one line
  std::span<const SettingDefinition> settings;
  // True when names that are not in `settings` are handed to the library, which then refuses what
  // it does not know itself (RocksDB).
  bool passes_settings_through = false;
  // What a store opened with these options can do; opens nothing. Throws EngineError on an unknown
  // setting or an unreadable value.
  EngineCapabilities (*capabilities)(const EngineOptions& options) = nullptr;
  // Opens or creates the store and returns its first handle. Throws EngineError.
  std::unique_ptr<KvsEngine> (*open)(const EngineOptions& options) = nullptr;
};

// An engine that the build left out, and the Debian package that would bring it.
struct MissingEngine {
  std::string_view name;
  std::string_view package;
};

// Every engine of this build, in the order of engines/CMakeLists.txt. Thread safe.
std::span<const EngineDefinition* const> AllEngines();
std::span<const MissingEngine> MissingEngines();

// Returns the engine called `name`, or nullptr.
const EngineDefinition* FindEngine(std::string_view name);

// Throws kInvalidOption, naming the nearest known setting, when `options.settings` holds a name
// that `engine` does not define. Does nothing for an engine that passes settings through.
void CheckSettings(const EngineDefinition& engine, const EngineOptions& options);

}  // namespace kvs

#endif  // KVS_ENGINES_REGISTRY_H_
