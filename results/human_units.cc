#include "results/human_units.h"

#include <fmt/format.h>

#include <span>
#include <string_view>

namespace kvs {
namespace {

// `value` with three significant digits; whole from 100 on.
std::string ThreeDigits(double value) {
  // The limits are where rounding would show a digit more.
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

// `value`, in units[0], in the largest unit that leaves at least 1 of it. Units are `step` apart.
std::string InUnits(double value, double step, std::span<const std::string_view> units) {
  size_t unit = 0;
  while (value >= step * 0.9995 && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  return fmt::format("{}{}", ThreeDigits(value), units[unit]);
}

}  // namespace

std::string HumanCount(double count) {
  static constexpr std::string_view kUnits[] = {"", "k", "M", "G", "T"};
  if (count == 0) return "0";
  if (count < 0.9995) return fmt::format("{:.3g}", count);
  return InUnits(count, 1000, kUnits);
}

std::string HumanNs(double duration_ns) {
  static constexpr std::string_view kUnits[] = {"us", "ms", "s"};
  if (duration_ns < 999.5) return fmt::format("{:.0f}ns", duration_ns);
  return InUnits(duration_ns / 1000, 1000, kUnits);
}

std::string HumanBytes(uint64_t bytes) {
  static constexpr std::string_view kUnits[] = {" KiB", " MiB", " GiB", " TiB", " PiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  return InUnits(static_cast<double>(bytes) / 1024, 1024, kUnits);
}

std::string HumanShare(double share) {
  const double percent = 100 * share;
  if (percent == 0) return "0";
  if (percent < 0.01) return "<0.01%";
  if (percent < 0.995) return fmt::format("{:.2f}%", percent);
  if (percent < 9.95) return fmt::format("{:.1f}%", percent);
  return fmt::format("{:.0f}%", percent);
}

std::string GroupedDigits(uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (size_t end = digits.size(); end > 3;) {
    end -= 3;
    digits.insert(end, 1, ',');
  }
  return digits;
}

}  // namespace kvs
