// One list of members per struct, used for both directions.
//
// A struct takes part by a function template beside it:
//
//   template <typename Archive, SameStruct<Percentile> T>
//   void Fields(Archive& archive, T& value) { archive("percent", value.percent); ... }
//
// JsonWriter turns it into JSON, JsonReader fills it and refuses what is missing, of the wrong
// type, or not on the list. Optional members are left out when empty.
#ifndef KVS_RESULTS_JSON_ARCHIVE_H_
#define KVS_RESULTS_JSON_ARCHIVE_H_

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "results/model.h"

namespace kvs {

// Keeps the order of members: files are read by people too.
using Json = nlohmann::ordered_json;

template <typename T, typename Struct>
concept SameStruct = std::same_as<std::remove_const_t<T>, Struct>;

// What is wrong, and where, as a JSON pointer (RFC 6901).
class JsonError : public std::runtime_error {
 public:
  JsonError(std::string pointer, const std::string& what)
      : std::runtime_error(what), pointer_(std::move(pointer)) {}
  const std::string& pointer() const { return pointer_; }

 private:
  std::string pointer_;
};

// `pointer` extended by one member or index.
std::string Child(const std::string& pointer, const std::string& name);
std::string Child(const std::string& pointer, size_t index);

namespace json_archive {

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

}  // namespace json_archive

class JsonWriter {
 public:
  explicit JsonWriter(std::string pointer) : pointer_(std::move(pointer)) {}

  template <typename T>
  void operator()(const char* name, const T& value) {
    if constexpr (json_archive::IsOptional<T>::value) {
      if (value) json_[name] = Convert(*value, Child(pointer_, name));
    } else {
      json_[name] = Convert(value, Child(pointer_, name));
    }
  }

  // Throws JsonError on a number that is not finite or below 0 (no figure of a result is), and on a
  // name that occurs twice. `pointer` says where `value` is.
  template <typename T>
  static Json Convert(const T& value, const std::string& pointer) {
    if constexpr (std::same_as<T, double>) {
      if (!std::isfinite(value) || value < 0) {
        throw JsonError(pointer, "not a finite number from 0 on");
      }
      return value;
    } else if constexpr (std::is_integral_v<T> || std::same_as<T, std::string>) {
      return value;
    } else if constexpr (std::is_enum_v<T>) {
      return std::string(ToString(value));
    } else if constexpr (std::same_as<T, Properties>) {
      return ConvertProperties(value, pointer);
    } else if constexpr (json_archive::IsVector<T>::value) {
      Json array = Json::array();
      for (const auto& element : value) {
        array.push_back(Convert(element, Child(pointer, array.size())));
      }
      return array;
    } else {
      JsonWriter writer(pointer);
      Fields(writer, value);
      return std::move(writer).Take();
    }
  }

  // The object of all members so far.
  Json Take() && { return std::move(json_); }

 private:
  static Json ConvertProperties(const Properties& properties, const std::string& pointer);

  std::string pointer_;
  Json json_ = Json::object();
};

class JsonReader {
 public:
  // `json` outlives the reader. Throws JsonError unless it is an object.
  JsonReader(const Json& json, std::string pointer);

  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    const auto found = json_.find(name);
    if constexpr (json_archive::IsOptional<T>::value) {
      value.reset();
      if (found == json_.end()) return;
      Convert(*found, Child(pointer_, name), value.emplace());
    } else {
      if (found == json_.end()) {
        throw JsonError(pointer_, std::string("the member '") + name + "' is missing");
      }
      Convert(*found, Child(pointer_, name), value);
    }
  }

  // Throws JsonError when the object has a member that nobody asked for.
  void CheckNothingElse() const;

  // Fills `value` from `json`, which is at `pointer`. Throws JsonError.
  template <typename T>
  static void Convert(const Json& json, const std::string& pointer, T& value) {
    if constexpr (std::same_as<T, bool>) {
      value = Expect(json, json.is_boolean(), "true or false", pointer).template get<bool>();
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(Unsigned(json, std::numeric_limits<T>::max(), pointer));
    } else if constexpr (std::same_as<T, double>) {
      const bool holds = json.is_number() && json.get<double>() >= 0;
      value = Expect(json, holds, "a number from 0 on", pointer).template get<double>();
    } else if constexpr (std::same_as<T, std::string>) {
      value = Expect(json, json.is_string(), "a string", pointer).template get<std::string>();
    } else if constexpr (std::same_as<T, TrialStatus>) {
      value = Status(json, pointer);
    } else if constexpr (std::same_as<T, FindingStatus>) {
      value = StatusOfFinding(json, pointer);
    } else if constexpr (std::same_as<T, SearchOutcome>) {
      value = OutcomeOfSearch(json, pointer);
    } else if constexpr (std::same_as<T, Properties>) {
      value = ReadProperties(json, pointer);
    } else if constexpr (json_archive::IsVector<T>::value) {
      Expect(json, json.is_array(), "an array", pointer);
      value.clear();
      for (size_t i = 0; i < json.size(); ++i) {
        Convert(json[i], Child(pointer, i), value.emplace_back());
      }
    } else {
      JsonReader reader(json, pointer);
      Fields(reader, value);
      reader.CheckNothingElse();
    }
  }

 private:
  static const Json& Expect(const Json& json, bool holds, const char* what,
                            const std::string& pointer);
  static uint64_t Unsigned(const Json& json, uint64_t max, const std::string& pointer);
  static TrialStatus Status(const Json& json, const std::string& pointer);
  static FindingStatus StatusOfFinding(const Json& json, const std::string& pointer);
  static SearchOutcome OutcomeOfSearch(const Json& json, const std::string& pointer);
  static Properties ReadProperties(const Json& json, const std::string& pointer);

  const Json& json_;
  std::string pointer_;
  std::set<std::string> known_;
};

}  // namespace kvs

#endif  // KVS_RESULTS_JSON_ARCHIVE_H_
