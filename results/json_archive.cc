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

void JsonError::IsWithin(std::string_view name) {
  std::string outer = "/";
  for (const char c : name) {
    if (c == '~') {
      outer += "~0";
    } else if (c == '/') {
      outer += "~1";
    } else {
      outer += c;
    }
  }
  pointer_.insert(0, outer);
}

Json JsonWriter::ConvertProperties(const Properties& properties) {
  Json object = Json::object();
  for (const auto& [name, value] : properties) {
    if (object.contains(name)) {
      InMember(name, [] { throw JsonError("the name occurs twice"); });
    }
    object[name] = value;
  }
  return object;
}

JsonReader::JsonReader(const Json& json) : json_(json) {
  Expect(json, json.is_object(), "an object");
}

void JsonReader::CheckNothingElse() const {
  for (const auto& [name, value] : json_.items()) {
    if (known_.contains(name)) continue;
    InMember(name, [] { throw JsonError("a member that this schema version does not have"); });
  }
}

const Json& JsonReader::Expect(const Json& json, bool holds, const char* what) {
  if (!holds) throw JsonError(fmt::format("{} is expected here, not {}", what, Describe(json)));
  return json;
}

uint64_t JsonReader::Unsigned(const Json& json, uint64_t max) {
  Expect(json, json.is_number_unsigned(), "an integer from 0 on");
  const auto value = json.get<uint64_t>();
  if (value > max) throw JsonError(fmt::format("{} is more than {}", value, max));
  return value;
}

TrialStatus JsonReader::Status(const Json& json) {
  Expect(json, json.is_string(), "a string");
  const std::optional<TrialStatus> status = ParseTrialStatus(json.get<std::string>());
  Expect(json, status.has_value(),
         "\"ok\", \"unsupported\", \"failed\", \"wrong-answer\" or \"interrupted\"");
  return *status;
}

FindingStatus JsonReader::StatusOfFinding(const Json& json) {
  Expect(json, json.is_string(), "a string");
  const std::optional<FindingStatus> status = ParseFindingStatus(json.get<std::string>());
  Expect(json, status.has_value(), "\"ok\", \"warn\", \"fail\" or \"unknown\"");
  return *status;
}

SearchOutcome JsonReader::OutcomeOfSearch(const Json& json) {
  Expect(json, json.is_string(), "a string");
  const std::optional<SearchOutcome> outcome = ParseSearchOutcome(json.get<std::string>());
  Expect(json, outcome.has_value(),
         "\"searching\", \"found\", \"not-reached\", \"not-judged\" or \"failed\"");
  return *outcome;
}

Properties JsonReader::ReadProperties(const Json& json) {
  Expect(json, json.is_object(), "an object");
  Properties properties;
  for (const auto& member : json.items()) {
    InMember(member.key(), [&] {
      const Json& value = Expect(member.value(), member.value().is_string(), "a string");
      properties.emplace_back(member.key(), value.get<std::string>());
    });
  }
  return properties;
}

}  // namespace kvs
