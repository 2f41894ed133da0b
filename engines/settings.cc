#include "engines/settings.h"

#include <cassert>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace kvs {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// Bytes of one unit, 0 when it is none.
uint64_t UnitBytes(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  const size_t power = std::string_view("kmgt").find(unit[0]);
  if (power == std::string_view::npos) return 0;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "b" && rest != "ib") return 0;
  const uint64_t base = rest == "ib" ? 1024 : 1000;
  uint64_t bytes = base;
  for (size_t i = 0; i < power; ++i) bytes *= base;
  return bytes;
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<uint64_t> ParseByteSize(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string unit = Lower(text.substr(digits));
  const std::string_view number = text.substr(0, digits);
  const uint64_t unit_bytes = UnitBytes(unit);
  if (number.empty() || unit_bytes == 0) return std::nullopt;
  if (const auto whole = ParseCount(number)) {
    uint64_t bytes = 0;
    if (__builtin_mul_overflow(*whole, unit_bytes, &bytes)) return std::nullopt;
    return bytes;
  }
  double fraction = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fraction);
  if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  const double bytes = fraction * static_cast<double>(unit_bytes);
  // Below 2^53 a double holds every whole number, so "no fraction of a byte" can be decided.
  if (bytes >= 0x1p53 || bytes != std::floor(bytes)) return std::nullopt;
  return static_cast<uint64_t>(bytes);
}

std::optional<bool> ParseBool(std::string_view text) {
  const std::string lower = Lower(text);
  if (lower == "true" || lower == "on" || lower == "yes" || lower == "1") return true;
  if (lower == "false" || lower == "off" || lower == "no" || lower == "0") return false;
  return std::nullopt;
}

std::string_view SettingReader::Text(std::string_view name) const {
  if (const auto given = settings_.find(std::string(name)); given != settings_.end()) {
    return given->second;
  }
  for (const SettingDefinition& definition : definitions_) {
    if (definition.name == name) return definition.default_value;
  }
  assert(!"a setting without a definition");
  return {};
}

uint64_t SettingReader::Bytes(std::string_view name, uint64_t min, uint64_t max) const {
  return InRange(name, ParseByteSize(Text(name)), "a size such as 4096, 64KiB or 1GiB", min, max);
}

uint64_t SettingReader::Count(std::string_view name, uint64_t min, uint64_t max) const {
  return InRange(name, ParseCount(Text(name)), "a whole number", min, max);
}

bool SettingReader::Bool(std::string_view name) const {
  const std::optional<bool> value = ParseBool(Text(name));
  if (!value) Refuse(name, "true or false");
  return *value;
}

uint64_t SettingReader::InRange(std::string_view name, std::optional<uint64_t> value,
                                std::string_view what, uint64_t min, uint64_t max) const {
  if (!value) Refuse(name, what);
  if (*value < min || *value > max) {
    Refuse(name, max == std::numeric_limits<uint64_t>::max()
                     ? fmt::format("{} of at least {}", what, min)
                     : fmt::format("{} from {} to {}", what, min, max));
  }
  return *value;
}

void SettingReader::Refuse(std::string_view name, std::string_view expected) const {
  throw EngineError(ErrorKind::kInvalidOption, engine_, "open", {},
                    fmt::format("setting '{}' is '{}': it takes {}", name, Text(name), expected));
}

}  // namespace kvs
