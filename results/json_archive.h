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
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "results/model.h"

namespace kvs {

// Keeps the order of members: files are read by people too.
using Json = nlohmann::ordered_json;

template <typename T, typename Struct>
concept SameStruct = std::same_as<std::remove_const_t<T>, Struct>;

// What is wrong, and where, as a JSON pointer (RFC 6901). Whoever converts a value does not know
// where that is: each object and array that an error comes through adds its part to the pointer.
class JsonError : public std::runtime_error {
 public:
  // `pointer` is seen from the value that is being converted.
  explicit JsonError(const std::string& what, std::string pointer = "")
      : std::runtime_error(what), pointer_(std::move(pointer)) {}
  const std::string& pointer() const { return pointer_; }

  // The value is the member `name` of an object, or the element of an array with that index.
  void IsWithin(std::string_view name);

 private:
  std::string pointer_;
};

// What `convert` returns, of the member or element `name`, of which its JsonErrors then are.
template <typename Function>
auto InMember(std::string_view name, Function&& convert) {
  try {
    return convert();
  } catch (JsonError& error) {
    error.IsWithin(name);
    throw;
  }
}

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
  template <typename T>
  void operator()(const char* name, const T& value) {
    if constexpr (json_archive::IsOptional<T>::value) {
      if (value) (*this)(name, *value);
    } else {
      json_[name] = InMember(name, [&] { return Convert(value); });
    }
  }

  // Throws JsonError on a number that is not finite or below 0 (no figure of a result is), and on a
  // name that occurs twice.
  template <typename T>
  static Json Convert(const T& value) {
    if constexpr (std::same_as<T, double>) {
      if (!std::isfinite(value) || value < 0) throw JsonError("not a finite number from 0 on");
      return value;
    } else if constexpr (std::is_integral_v<T> || std::same_as<T, std::string>) {
      return value;
    } else if constexpr (std::is_enum_v<T>) {
      return std::string(ToString(value));
    } else if constexpr (std::same_as<T, Properties>) {
      return ConvertProperties(value);
    } else if constexpr (json_archive::IsVector<T>::value) {
      Json array = Json::array();
      for (const auto& element : value) {
        array.push_back(InMember(std::to_string(array.size()), [&] { return Convert(element); }));
      }
      return array;
    } else {
      JsonWriter writer;
      Fields(writer, value);
      return std::move(writer).Take();
    }
  }

  // The object of all members so far.
  Json Take() && { return std::move(json_); }

 private:
  static Json ConvertProperties(const Properties& properties);

  Json json_ = Json::object();
};

class JsonReader {
 public:
  // `json` outlives the reader. Throws JsonError unless it is an object.
  explicit JsonReader(const Json& json);

  template <typename T>
  void operator()(const char* name, T& value) {
    known_.insert(name);
    const auto found = json_.find(name);
    if constexpr (json_archive::IsOptional<T>::value) {
      value.reset();
      if (found == json_.end()) return;
      InMember(name, [&] { Convert(*found, value.emplace()); });
    } else {
      if (found == json_.end()) {
        throw JsonError(std::string("the member '") + name + "' is missing");
      }
      InMember(name, [&] { Convert(*found, value); });
    }
  }

  // Throws JsonError when the object has a member that nobody asked for.
  void CheckNothingElse() const;

  // Fills `value` from `json`. Throws JsonError.
  template <typename T>
  static void Convert(const Json& json, T& value) {
    if constexpr (std::same_as<T, bool>) {
      value = Expect(json, json.is_boolean(), "true or false").template get<bool>();
    } else if constexpr (std::unsigned_integral<T>) {
      value = static_cast<T>(Unsigned(json, std::numeric_limits<T>::max()));
    } else if constexpr (std::same_as<T, double>) {
      const bool holds = json.is_number() && json.get<double>() >= 0;
      value = Expect(json, holds, "a number from 0 on").template get<double>();
    } else if constexpr (std::same_as<T, std::string>) {
      value = Expect(json, json.is_string(), "a string").template get<std::string>();
    } else if constexpr (std::same_as<T, TrialStatus>) {
      value = Status(json);
    } else if constexpr (std::same_as<T, FindingStatus>) {
      value = StatusOfFinding(json);
    } else if constexpr (std::same_as<T, SearchOutcome>) {
      value = OutcomeOfSearch(json);
    } else if constexpr (std::same_as<T, Properties>) {
      value = ReadProperties(json);
    } else if constexpr (json_archive::IsVector<T>::value) {
      Expect(json, json.is_array(), "an array");
      value.clear();
      for (size_t i = 0; i < json.size(); ++i) {
        InMember(std::to_string(i), [&] { Convert(json[i], value.emplace_back()); });
      }
    } else {
      JsonReader reader(json);
      Fields(reader, value);
      reader.CheckNothingElse();
    }
  }

 private:
  static const Json& Expect(const Json& json, bool holds, const char* what);
  static uint64_t Unsigned(const Json& json, uint64_t max);
  static TrialStatus Status(const Json& json);
  static FindingStatus StatusOfFinding(const Json& json);
  static SearchOutcome OutcomeOfSearch(const Json& json);
  static Properties ReadProperties(const Json& json);

  const Json& json_;
  std::set<std::string> known_;
};

}  // namespace kvs

#endif  // KVS_RESULTS_JSON_ARCHIVE_H_
