// Reads the settings that a user writes after an engine's name, "lockfree:segment_size=64MiB".
#ifndef KVS_ENGINES_SETTINGS_H_
#define KVS_ENGINES_SETTINGS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engines/registry.h"

namespace kvs {

// Bytes in "4096", "64KiB", "1.5GiB", "64MB". A unit may be B, a prefix K M G T (powers of 1000),
// the same with B, or with iB (powers of 1024); case does not matter. Returns nullopt for anything
// else: a sign, a fraction of a byte, more than 2^64 - 1.
std::optional<uint64_t> ParseByteSize(std::string_view text);

// "true", "on", "yes", "1" and "false", "off", "no", "0".
std::optional<bool> ParseBool(std::string_view text);

// The settings of one engine as its users gave them, with the defaults of their definitions.
// Every read throws EngineError(kInvalidOption), with what was written and what would be right,
// when the value is not readable. A name without a definition is our own mistake (assert).
//
// Borrows its arguments. Thread safety: immutable.
class SettingReader {
 public:
  SettingReader(std::string_view engine, std::span<const SettingDefinition> definitions,
                const std::map<std::string, std::string>& settings)
      : engine_(engine), definitions_(definitions), settings_(settings) {}

  // The value as written, or the default.
  std::string_view Text(std::string_view name) const;
  // Bytes, between `min` and `max` inclusive.
  uint64_t Bytes(std::string_view name, uint64_t min = 0,
                 uint64_t max = std::numeric_limits<uint64_t>::max()) const;
  // A plain decimal number, between `min` and `max` inclusive.
  uint64_t Count(std::string_view name, uint64_t min = 0,
                 uint64_t max = std::numeric_limits<uint64_t>::max()) const;
  bool Bool(std::string_view name) const;

 private:
  [[noreturn]] void Refuse(std::string_view name, std::string_view expected) const;
  uint64_t InRange(std::string_view name, std::optional<uint64_t> value, std::string_view what,
                   uint64_t min, uint64_t max) const;

  std::string_view engine_;
  std::span<const SettingDefinition> definitions_;
  const std::map<std::string, std::string>& settings_;
};

}  // namespace kvs

#endif  // KVS_ENGINES_SETTINGS_H_
