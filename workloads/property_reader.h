// Properties by name, with checked conversions and messages that say where a value came from.
#ifndef KVS_WORKLOADS_PROPERTY_READER_H_
#define KVS_WORKLOADS_PROPERTY_READER_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "workloads/properties_file.h"
#include "workloads/property_table.h"
#include "workloads/spec.h"

namespace kvs {

// Of several entries with one name the last counts. A property that was not given has its default.
//
// Thread safety: one thread at a time.
class PropertyReader {
 public:
  // `origin` stands in messages about what is missing. Throws SpecError on an unknown name.
  PropertyReader(std::string_view origin, std::span<const PropertyEntry> entries);

  bool Given(std::string_view name) const { return given_.contains(name); }
  // The value, as given or by default.
  std::string_view Text(std::string_view name) const;

  // Each throws SpecError, naming place, value and what would be right.
  uint64_t Count(std::string_view name, uint64_t least, uint64_t most) const;
  double Real(std::string_view name, double least, double most) const;
  bool Bool(std::string_view name) const;
  // The index in `choices`.
  size_t Choice(std::string_view name, std::span<const std::string_view> choices) const;

  // Throws SpecError about the value of `name`.
  [[noreturn]] void Refuse(std::string_view name, std::string_view why) const;
  // Throws SpecError unless `name` was given; `example` is a value it could have.
  void Require(std::string_view name, std::string_view example) const;

  // Records the value that `name` has by a default that depends on other properties.
  void SetDefault(std::string_view name, std::string value);
  // Records `value` as that of `name` in place of what was given.
  void Replace(std::string_view name, std::string value);
  // Says that `names` have no effect on this workload: their defaults are not recorded, and
  // `reason` becomes a note when one was given.
  void Drop(std::span<const std::string_view> names, std::string_view reason);

  // What Spec::properties and Spec::notes say about all this.
  std::vector<std::pair<std::string, std::string>> EffectiveProperties() const;
  std::vector<std::string> IgnoredNotes() const;

 private:
  std::string origin_;
  std::map<std::string, PropertyEntry, std::less<>> given_;
  std::map<std::string, std::string, std::less<>> defaults_;
  // Names of properties without effect, by the reason.
  std::vector<std::pair<std::string, std::vector<std::string>>> ignored_;
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_PROPERTY_READER_H_
