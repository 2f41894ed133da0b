// What the contract suite runs over: cases, made of what the engines declare and nothing else, or
// the one case that is asked for; and the families that say which declarations a test needs.
#ifndef KVS_TESTS_ENGINES_CONTRACT_CONTRACT_CASE_H_
#define KVS_TESTS_ENGINES_CONTRACT_CONTRACT_CASE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "engines/engine.h"
#include "engines/registry.h"

namespace kvs::contract {

// The engines of the program that the suite is part of. Each such program defines it once: what is
// fixed when a program is linked needs no variable.
std::span<const EngineDefinition* const> SuiteEngines();

// One way to open one engine.
struct Case {
  const EngineDefinition* engine = nullptr;
  Durability durability = Durability::kProcess;
  std::map<std::string, std::string> settings = {};

  EngineOptions Options(const std::filesystem::path& directory) const {
    return {.directory = directory,
            .durability = durability,
            .memory_budget_bytes = 0,
            .max_handles = 16,
            .settings = settings};
  }
  // What the engine declares when it is opened so. Asked once and remembered: registering the tests
  // needs it often, and RocksDB takes a millisecond. Locks, so a test's threads use the fixture's
  // copy: a lock would order them, and hide races from ThreadSanitizer.
  EngineCapabilities Capabilities() const;
  std::unique_ptr<KvsEngine> Open(const std::filesystem::path& directory) const {
    return engine->open(Options(directory));
  }
};

// "rocksdb_process", "lmdb_writemap_true_process".
inline std::string CaseName(const Case& c) {
  std::string name(c.engine->name);
  for (const auto& [setting, value] : c.settings) {
    name.append("_").append(setting).append("_").append(value);
  }
  name.append("_").append(ToString(c.durability));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char b) { return std::isalnum(b) == 0; }, '_');
  return name;
}

// "lmdb:writemap=true, process": as `kvs-bench verify` names it.
std::string CaseText(const Case& c);
// The case that CaseText() writes so. Throws std::invalid_argument, also for an engine that is not
// in SuiteEngines().
Case CaseFromText(std::string_view text);

// The environment variable that makes the suite run over one case, a CaseText(), and no other.
inline constexpr const char* kOnlyCaseVariable = "KVS_CONTRACT_CASE";
// That case; nullopt when the variable is not set. Throws std::invalid_argument.
std::optional<Case> OnlyCase();

inline void PrintTo(const Case& c, std::ostream* out) { *out << CaseName(c); }

// How many ways of opening an engine a family's tests run over.
enum class Span : uint8_t {
  kDefault,   // DefaultCase()
  kSettings,  // and each boolean setting turned round
  kAll,       // and every tier
};

// A group of tests that need the same declarations. Each is a fixture class of the same name.
struct Family {
  std::string_view name;
  std::string_view needs;  // completes "only for an engine that ..."; empty: for all
  bool (*admits)(const EngineCapabilities& capabilities);
  Span span = Span::kDefault;
};

inline constexpr size_t kLargestKeyTried = size_t{64} << 20;
inline constexpr size_t kLargestValueMapped = size_t{64} << 30;

inline constexpr Family kFamilies[] = {
    {"EveryEngineTest", "", [](const EngineCapabilities&) { return true; }},
    {"KeyLimitTest", "declares a key limit that can be tried (64 MiB at most)",
     [](const EngineCapabilities& c) { return c.max_key_bytes <= kLargestKeyTried; }},
    {"ValueLimitTest", "declares a value limit that can be tried (64 GiB at most)",
     [](const EngineCapabilities& c) { return c.max_value_bytes <= kLargestValueMapped; }},
    {"StoringEngineTest", "stores data", [](const EngineCapabilities& c) { return c.stores_data; }},
    {"MapModelTest", "stores data", [](const EngineCapabilities& c) { return c.stores_data; },
     Span::kAll},
    {"ThreadedEngineTest", "stores data and serves several threads",
     [](const EngineCapabilities& c) { return c.stores_data && c.max_threads > 1; }},
    {"OrderedEngineTest", "stores data and declares an ordered scan",
     [](const EngineCapabilities& c) { return c.stores_data && c.ordered_scan; }, Span::kSettings},
    {"UnorderedEngineTest", "declares no ordered scan",
     [](const EngineCapabilities& c) { return !c.ordered_scan; }},
    {"BatchedEngineTest", "stores data and declares a batched lookup",
     [](const EngineCapabilities& c) { return c.stores_data && c.multi_get; }, Span::kSettings},
    {"UnbatchedEngineTest", "declares no batched lookup",
     [](const EngineCapabilities& c) { return !c.multi_get; }},
    {"KilledProcessTest", "stores data", [](const EngineCapabilities& c) { return c.stores_data; },
     Span::kAll},
};

inline const Family& FamilyCalled(std::string_view name) {
  return *std::find_if(std::begin(kFamilies), std::end(kFamilies),
                       [&](const Family& family) { return family.name == name; });
}

// The engine as it opens by itself: tier `process`, or its weakest if it does not keep that.
inline Case DefaultCase(const EngineDefinition& engine) {
  Case result{.engine = &engine};
  const std::vector<Durability> tiers = result.Capabilities().tiers;
  if (std::find(tiers.begin(), tiers.end(), Durability::kProcess) == tiers.end()) {
    result.durability = tiers.at(0);
  }
  return result;
}

// The engines that the suite runs over: that of OnlyCase(), or all.
inline std::vector<const EngineDefinition*> EnginesUnderTest() {
  if (const std::optional<Case> only = OnlyCase()) return {only->engine};
  return {SuiteEngines().begin(), SuiteEngines().end()};
}

// The ways of opening one of EnginesUnderTest() that `span` asks for: OnlyCase() alone, if it is
// set.
inline std::vector<Case> Variants(const EngineDefinition& engine, Span span) {
  if (const std::optional<Case> only = OnlyCase()) return {*only};
  const Case base = DefaultCase(engine);
  std::vector<Case> cases = {base};
  if (span == Span::kDefault) return cases;
  for (const SettingDefinition& setting : engine.settings) {
    if (setting.default_value != "true" && setting.default_value != "false") continue;
    Case turned = base;
    turned.settings[std::string(setting.name)] = setting.default_value == "true" ? "false" : "true";
    cases.push_back(turned);
  }
  if (span == Span::kSettings) return cases;
  for (const Durability tier : base.Capabilities().tiers) {
    if (tier != base.durability) cases.push_back({.engine = &engine, .durability = tier});
  }
  return cases;
}

// The cases that a family's tests run over.
inline std::vector<Case> CasesOf(const Family& family) {
  std::vector<Case> cases;
  for (const EngineDefinition* engine : EnginesUnderTest()) {
    for (const Case& c : Variants(*engine, family.span)) {
      if (family.admits(c.Capabilities())) cases.push_back(c);
    }
  }
  return cases;
}

// A fresh directory, removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "kvs-contract-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp: " + pattern);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;  // nothing depends on it, and a destructor cannot report it
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

class ContractTest : public ::testing::TestWithParam<Case> {
 protected:
  const EngineDefinition& engine() const { return *GetParam().engine; }
  const EngineCapabilities& capabilities() const { return capabilities_; }
  std::filesystem::path store() const { return temporary_ / "store"; }
  EngineOptions Options() const { return GetParam().Options(store()); }
  std::unique_ptr<KvsEngine> Open() const { return GetParam().Open(store()); }

  // `key` made long enough to be one that the engine takes.
  std::string Key(std::string key) const {
    if (key.size() < capabilities().min_key_bytes) key.resize(capabilities().min_key_bytes, '\0');
    return key;
  }

  TemporaryDirectory temporary_;

 private:
  const EngineCapabilities capabilities_ = GetParam().Capabilities();
};

class EveryEngineTest : public ContractTest {};
class KeyLimitTest : public ContractTest {};
class ValueLimitTest : public ContractTest {};
class StoringEngineTest : public ContractTest {};
class MapModelTest : public ContractTest {};
class ThreadedEngineTest : public ContractTest {};
class OrderedEngineTest : public ContractTest {};
class UnorderedEngineTest : public ContractTest {};
class BatchedEngineTest : public ContractTest {};
class UnbatchedEngineTest : public ContractTest {};
class KilledProcessTest : public ContractTest {};

// What a lookup answered, so that one comparison tells all: nullopt for "not there".
inline std::optional<std::string> Lookup(KvsEngine& handle, std::string_view key) {
  std::string value = "not what was stored";
  if (!handle.Get(key, value)) return std::nullopt;
  return value;
}

// The kind of the EngineError that `action` throws; nullopt when it throws none.
template <typename Action>
std::optional<EngineError> ErrorOf(Action action) {
  try {
    action();
  } catch (const EngineError& error) {
    return error;
  }
  return std::nullopt;
}

// Expects `statement` to throw EngineError of the given kind.
#define EXPECT_ENGINE_ERROR(statement, expected_kind)                              \
  {                                                                                \
    const auto error_ = ::kvs::contract::ErrorOf([&] { statement; });              \
    if (error_) {                                                                  \
      EXPECT_EQ(static_cast<int>(error_->kind()), static_cast<int>(expected_kind)) \
          << error_->what();                                                       \
    } else {                                                                       \
      ADD_FAILURE() << #statement " did not throw";                                \
    }                                                                              \
  }

// Bytes that differ from one number to the next in content and, up to `most_bytes`, in length.
inline std::string ValueFor(uint64_t number, size_t most_bytes = 300) {
  std::string value = std::to_string(number) + ":";
  const size_t bytes = value.size() + (number * 7919) % most_bytes;
  while (value.size() < bytes) {
    value.push_back(static_cast<char>((number + value.size() * 31) & 0xFF));
  }
  return value;
}

}  // namespace kvs::contract

#endif  // KVS_TESTS_ENGINES_CONTRACT_CONTRACT_CASE_H_
