#include "harness/options/units.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "harness/exit_code.h"

namespace kvs {
namespace {

struct Unit {
  std::string_view name;  // lower case
  double factor;
};

constexpr Unit kCountUnits[] = {{"", 1}, {"k", 1e3}, {"m", 1e6}, {"g", 1e9}, {"t", 1e12}};
constexpr Unit kByteUnits[] = {{"", 1},         {"b", 1},        {"kib", 0x1p10}, {"mib", 0x1p20},
                               {"gib", 0x1p30}, {"tib", 0x1p40}, {"kb", 1e3},     {"mb", 1e6},
                               {"gb", 1e9},     {"tb", 1e12}};
constexpr Unit kDurationUnits[] = {{"", 1},      {"s", 1},    {"ms", 1e-3}, {"us", 1e-6},
                                   {"ns", 1e-9}, {"min", 60}, {"m", 60},    {"h", 3600}};

// `text` as a non-negative number followed by one of `units`; nothing when it is not that.
std::optional<double> ParseWithUnit(std::string_view text, std::span<const Unit> units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || number < 0 || !std::isfinite(number) || text.front() == '-') {
    return std::nullopt;
  }
  std::string_view rest = text.substr(static_cast<size_t>(end - text.data()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  std::string unit_name;
  for (const char c : rest)
    unit_name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const Unit& unit : units) {
    if (unit.name == unit_name) return number * unit.factor;
  }
  return std::nullopt;
}

// Above 2^53 a double no longer holds every integer: more than anybody stores, and refused.
constexpr double kLargestInteger = 0x1p53;

uint64_t ParseInteger(std::string_view text, std::span<const Unit> units, std::string_view what,
                      std::string_view examples) {
  const std::optional<double> value = ParseWithUnit(text, units);
  if (!value) throw UsageError(fmt::format("'{}' is not a {}: write {}", text, what, examples));
  if (*value != std::floor(*value)) {
    throw UsageError(fmt::format("'{}' is not a whole {}", text, what));
  }
  if (*value > kLargestInteger) throw UsageError(fmt::format("'{}' is too large", text));
  return static_cast<uint64_t>(*value);
}

}  // namespace

uint64_t ParseCount(std::string_view text) {
  return ParseInteger(text, kCountUnits, "count", "1000, 100k or 1M");
}

uint64_t ParseBytes(std::string_view text) {
  return ParseInteger(text, kByteUnits, "size in bytes",
                      "4096, 64KiB, 64MiB, 1GiB (or kB, MB, GB)");
}

double ParseDurationS(std::string_view text) {
  constexpr double kMostHours = 10'000;
  const std::optional<double> value = ParseWithUnit(text, kDurationUnits);
  if (!value) {
    throw UsageError(
        fmt::format("'{}' is not a duration: write 10s, 500ms, 200us, 100ns, 2min or 1h", text));
  }
  if (*value > kMostHours * 3600) {
    throw UsageError(fmt::format("'{}' is too long: at most {:.0f}h", text, kMostHours));
  }
  return *value;
}

}  // namespace kvs
