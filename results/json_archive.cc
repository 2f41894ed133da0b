#include "results/json_archive.h"

#include <fmt/format.h>

namespace kvs {
namespace {

// What a reader of a message needs to see of a wrong value.
std::string Describe(const Json& json) {
  constexpr size_t kMaxShown = 40;
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (json.is_structured() || text.size() > kMaxShown) return json.type_name();
  return text;
}

}  // namespace

std::string Child(const std::string& pointer, const std::string& name) {
  std::string child = pointer + "/";
  for (const char c : name) {
    if (c == '~') {
      child += "~0";
    } else if (c == '/') {
      child += "~1";
    } else {
      child += c;
    }
  }
  return child;
}

std::string Child(const std::string& pointer, size_t index) {
  return fmt::format("{}/{}", pointer, index);
}

Json JsonWriter::ConvertProperties(const Properties& properties, const std::string& pointer) {
  Json object = Json::object();
  for (const auto& [name, value] : properties) {
    if (object.contains(name)) throw JsonError(Child(pointer, name), "the name occurs twice");
    object[name] = value;
  }
  return object;
}

JsonReader::JsonReader(const Json& json, std::string pointer)
    : json_(json), pointer_(std::move(pointer)) {
  Expect(json, json.is_object(), "an object", pointer_);
}

void JsonReader::CheckNothingElse() const {
  for (const auto& [name, value] : json_.items()) {
    if (!known_.contains(name)) {
      throw JsonError(Child(pointer_, name), "a member that this schema version does not have");
    }
  }
}

const Json& JsonReader::Expect(const Json& json, bool holds, const char* what,
                               const std::string& pointer) {
  if (!holds) {
    throw JsonError(pointer, fmt::format("{} is expected here, not {}", what, Describe(json)));
  }
  return json;
}

uint64_t JsonReader::Unsigned(const Json& json, uint64_t max, const std::string& pointer) {
  Expect(json, json.is_number_unsigned(), "an integer from 0 on", pointer);
  const auto value = json.get<uint64_t>();
  if (value > max) throw JsonError(pointer, fmt::format("{} is more than {}", value, max));
  return value;
}

TrialStatus JsonReader::Status(const Json& json, const std::string& pointer) {
  Expect(json, json.is_string(), "a string", pointer);
  const std::optional<TrialStatus> status = ParseTrialStatus(json.get<std::string>());
  Expect(json, status.has_value(),
         "\"ok\", \"unsupported\", \"failed\", \"wrong-answer\" or \"interrupted\"", pointer);
  return *status;
}

FindingStatus JsonReader::StatusOfFinding(const Json& json, const std::string& pointer) {
  Expect(json, json.is_string(), "a string", pointer);
  const std::optional<FindingStatus> status = ParseFindingStatus(json.get<std::string>());
  Expect(json, status.has_value(), "\"ok\", \"warn\", \"fail\" or \"unknown\"", pointer);
  return *status;
}

SearchOutcome JsonReader::OutcomeOfSearch(const Json& json, const std::string& pointer) {
  Expect(json, json.is_string(), "a string", pointer);
  const std::optional<SearchOutcome> outcome = ParseSearchOutcome(json.get<std::string>());
  Expect(json, outcome.has_value(),
         "\"searching\", \"found\", \"not-reached\", \"not-judged\" or \"failed\"", pointer);
  return *outcome;
}

Properties JsonReader::ReadProperties(const Json& json, const std::string& pointer) {
  Expect(json, json.is_object(), "an object", pointer);
  Properties properties;
  for (const auto& [name, value] : json.items()) {
    Expect(value, value.is_string(), "a string", Child(pointer, name));
    properties.emplace_back(name, value.get<std::string>());
  }
  return properties;
}

}  // namespace kvs
