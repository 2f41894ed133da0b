// Every property that a workload file may hold.
#ifndef KVS_WORKLOADS_PROPERTY_TABLE_H_
#define KVS_WORKLOADS_PROPERTY_TABLE_H_

#include <cstdint>
#include <span>
#include <string_view>

namespace kvs {

// Whose property it is.
enum class PropertyOwner : uint8_t { kYcsb, kYcsbCpp, kOurs };

struct PropertyDefinition {
  std::string_view name;
  // As one would write it; empty: none, or it depends on others (then `meaning` says on what).
  std::string_view default_value;
  PropertyOwner owner;
  std::string_view meaning;
  // For a property that cannot apply here: why, or what to use instead; a note of the spec says so.
  // Empty for a property that takes effect.
  std::string_view not_applied = {};
  // The name that this one is another spelling of, or empty.
  std::string_view alias_of = {};
};

// In the order of docs/workloads.md and of Spec::properties. Thread safe.
std::span<const PropertyDefinition> KnownProperties();

// The property called `name`, or nullptr. Names under "htrace." are all known.
const PropertyDefinition* FindProperty(std::string_view name);

// The known property whose name is nearest to `name` in edit distance.
const PropertyDefinition& NearestProperty(std::string_view name);

}  // namespace kvs

#endif  // KVS_WORKLOADS_PROPERTY_TABLE_H_
