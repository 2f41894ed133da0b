#include "workloads/common_knobs.h"

#include <fmt/format.h>

namespace kvs {

PropertyOverrides KnobOverrides(const CommonKnobs& knobs) {
  PropertyOverrides overrides;
  if (knobs.records.has_value()) {
    overrides.emplace_back("recordcount", std::to_string(*knobs.records));
  }
  if (knobs.key_size.has_value()) {
    overrides.emplace_back("keysize", std::to_string(*knobs.key_size));
  }
  if (knobs.value_size.has_value()) {
    overrides.emplace_back("valuesize", std::to_string(*knobs.value_size));
  }
  if (knobs.read_percent.has_value()) {
    overrides.emplace_back("readproportion", fmt::format("{}", *knobs.read_percent / 100));
    overrides.emplace_back("updateproportion", fmt::format("{}", 1 - *knobs.read_percent / 100));
    for (const char* const other : {"insertproportion", "deleteproportion", "scanproportion",
                                    "readmodifywriteproportion", "multigetproportion"}) {
      overrides.emplace_back(other, "0");
    }
  }
  return overrides;
}

}  // namespace kvs
