// Engines that exist only to be named: for tests of the command line and of plans.
#ifndef KVS_TESTS_HARNESS_TEST_ENGINES_H_
#define KVS_TESTS_HARNESS_TEST_ENGINES_H_

#include <array>
#include <limits>
#include <memory>

#include "engines/registry.h"

namespace kvs::test {

inline constexpr SettingDefinition kPlainSettings[] = {{"size", "64MiB", "a size"},
                                                       {"ordered", "false", "an order"}};

// Does everything; settings `size` and `ordered`.
inline constexpr EngineDefinition kPlain{
    .name = "plain",
    .summary = "does everything",
    .settings = kPlainSettings,
    .capabilities =
        [](const EngineOptions& options) {
          CheckSettings(kPlain, options);
          return EngineCapabilities{.ordered_scan = true,
                                    .multi_get = true,
                                    .max_key_bytes = 1024,
                                    .max_value_bytes = 1 << 20};
        },
    .open = [](const EngineOptions&) { return std::unique_ptr<KvsEngine>(); }};

// One thread, no scans, no batches, short keys, no tier but `process`.
inline constexpr EngineDefinition kModest{
    .name = "modest",
    .summary = "does little",
    .settings = {},
    .capabilities =
        [](const EngineOptions&) {
          return EngineCapabilities{.max_threads = 1,
                                    .max_key_bytes = 100,
                                    .max_value_bytes = 10000,
                                    .tiers = {Durability::kProcess}};
        },
    .open = [](const EngineOptions&) { return std::unique_ptr<KvsEngine>(); }};

// The floor.
inline constexpr EngineDefinition kFloor{
    .name = "null",
    .summary = "does nothing",
    .settings = {},
    .capabilities =
        [](const EngineOptions&) {
          return EngineCapabilities{.stores_data = false,
                                    .ordered_scan = true,
                                    .multi_get = true,
                                    .max_key_bytes = std::numeric_limits<size_t>::max(),
                                    .max_value_bytes = std::numeric_limits<size_t>::max()};
        },
    .open = [](const EngineOptions&) { return std::unique_ptr<KvsEngine>(); }};

inline constexpr std::array<const EngineDefinition*, 3> kTestEngines = {&kFloor, &kPlain, &kModest};

}  // namespace kvs::test

#endif  // KVS_TESTS_HARNESS_TEST_ENGINES_H_
