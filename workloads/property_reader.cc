#include "workloads/property_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace kvs {
namespace {

struct Unit {
  std::string_view suffix;
  uint64_t factor;
};

constexpr Unit kUnits[] = {
    {"", 1},           {"K", 1000},       {"M", 1'000'000},  {"G", 1'000'000'000},
    {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30},
};

// A whole number with an optional unit, if `text` is one and fits.
std::optional<uint64_t> ParseCount(std::string_view text) {
  uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view suffix(rest, static_cast<size_t>(text.data() + text.size() - rest));
  const auto* const unit = std::ranges::find(kUnits, suffix, &Unit::suffix);
  uint64_t product = 0;
  if (unit == std::end(kUnits) || __builtin_mul_overflow(number, unit->factor, &product)) {
    return std::nullopt;
  }
  return product;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

}  // namespace

PropertyReader::PropertyReader(std::string_view origin, std::span<const PropertyEntry> entries)
    : origin_(origin) {
  for (const PropertyEntry& entry : entries) {
    const PropertyDefinition* const property = FindProperty(entry.name);
    if (property == nullptr) {
      throw SpecError(fmt::format("{}: unknown property; the nearest known one is \"{}\"",
                                  entry.Written(), NearestProperty(entry.name).name));
    }
    std::string name = property->alias_of.empty() ? entry.name : std::string(property->alias_of);
    given_.insert_or_assign(std::move(name), entry);
  }
  for (const PropertyDefinition& property : KnownProperties()) {
    if (property.not_applied.empty() && !property.default_value.empty()) {
      defaults_.emplace(property.name, property.default_value);
    }
  }
}

std::string_view PropertyReader::Text(std::string_view name) const {
  if (const auto given = given_.find(name); given != given_.end()) return given->second.value;
  if (const auto known = defaults_.find(name); known != defaults_.end()) return known->second;
  const PropertyDefinition* const property = FindProperty(name);
  return property == nullptr ? std::string_view() : property->default_value;
}

uint64_t PropertyReader::Count(std::string_view name, uint64_t least, uint64_t most) const {
  const std::optional<uint64_t> count = ParseCount(Text(name));
  if (!count.has_value() || *count < least || *count > most) {
    Refuse(name, fmt::format("expected a whole number from {} to {} (units: K, M, G; KiB, MiB, "
                             "GiB)",
                             least, most));
  }
  return *count;
}

double PropertyReader::Real(std::string_view name, double least, double most) const {
  const std::string_view text = Text(name);
  double number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size() || !std::isfinite(number) ||
      number < least || number > most) {
    Refuse(name, fmt::format("expected a number from {} to {}", least, most));
  }
  return number;
}

bool PropertyReader::Bool(std::string_view name) const {
  const std::string text = Lower(Text(name));
  if (text != "true" && text != "false") Refuse(name, "expected true or false");
  return text == "true";
}

size_t PropertyReader::Choice(std::string_view name,
                              std::span<const std::string_view> choices) const {
  const auto found = std::ranges::find(choices, Text(name));
  if (found == choices.end()) {
    Refuse(name, fmt::format("expected one of: {}", fmt::join(choices, ", ")));
  }
  return static_cast<size_t>(found - choices.begin());
}

void PropertyReader::Refuse(std::string_view name, std::string_view why) const {
  const auto given = given_.find(name);
  if (given == given_.end()) {
    throw SpecError(fmt::format("{}: {}={} (by default): {}", origin_, name, Text(name), why));
  }
  throw SpecError(fmt::format("{}: {}", given->second.Written(), why));
}

void PropertyReader::Require(std::string_view name, std::string_view example) const {
  if (Given(name)) return;
  throw SpecError(fmt::format("{}: {} is missing; add a line such as {}={}, or -p {}={}", origin_,
                              name, name, example, name, example));
}

void PropertyReader::SetDefault(std::string_view name, std::string value) {
  defaults_.insert_or_assign(std::string(name), std::move(value));
}

void PropertyReader::Replace(std::string_view name, std::string value) {
  const auto given = given_.find(name);
  if (given == given_.end()) {
    SetDefault(name, std::move(value));
  } else {
    given->second.value = std::move(value);
  }
}

void PropertyReader::Drop(std::span<const std::string_view> names, std::string_view reason) {
  std::vector<std::string> dropped;
  for (const std::string_view name : names) {
    if (const auto known = defaults_.find(name); known != defaults_.end()) defaults_.erase(known);
    if (Given(name)) dropped.emplace_back(name);
  }
  if (!dropped.empty()) ignored_.emplace_back(reason, std::move(dropped));
}

std::vector<std::pair<std::string, std::string>> PropertyReader::EffectiveProperties() const {
  std::vector<std::pair<std::string, std::string>> effective;
  for (const PropertyDefinition& property : KnownProperties()) {
    if (const auto known = defaults_.find(property.name);
        known != defaults_.end() && !Given(property.name)) {
      effective.emplace_back(property.name, known->second);
    }
    for (const auto& [name, entry] : given_) {
      if (FindProperty(name) == &property) effective.emplace_back(name, entry.value);
    }
  }
  return effective;
}

std::vector<std::string> PropertyReader::IgnoredNotes() const {
  auto ignored = ignored_;
  for (const PropertyDefinition& property : KnownProperties()) {
    if (property.not_applied.empty()) continue;
    for (const auto& [name, entry] : given_) {
      if (FindProperty(name) != &property) continue;
      auto group = std::ranges::find(ignored, property.not_applied,
                                     &std::pair<std::string, std::vector<std::string>>::first);
      if (group == ignored.end()) {
        ignored.emplace_back(property.not_applied, std::vector<std::string>());
        group = ignored.end() - 1;
      }
      group->second.push_back(name);
    }
  }
  std::vector<std::string> notes;
  for (const auto& [reason, names] : ignored) {
    notes.push_back(fmt::format("No effect of {}: {}.", fmt::join(names, ", "), reason));
  }
  return notes;
}

}  // namespace kvs
