// Hardware counters that say what a test tells them to.
#ifndef KVS_TESTS_HARNESS_SYSTEM_SCRIPTED_COUNTERS_H_
#define KVS_TESTS_HARNESS_SYSTEM_SCRIPTED_COUNTERS_H_

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "harness/system/hardware_counters.h"

namespace kvs {

// Opens what has no error, and answers reading number n of an event with its n-th reading: nothing
// past the last.
class ScriptedCounters final : public CounterSource {
 public:
  std::map<HardwareEvent, int> errors;
  std::map<HardwareEvent, std::vector<CounterReading>> readings;

  int Open(HardwareEvent event) override {
    const auto error = errors.find(event);
    return error == errors.end() ? 0 : error->second;
  }

  std::optional<CounterReading> Read(HardwareEvent event) const override {
    const size_t number = reads_[static_cast<size_t>(event)]++;
    const auto script = readings.find(event);
    if (script == readings.end() || number >= script->second.size()) return std::nullopt;
    return script->second[number];
  }

 private:
  mutable std::array<size_t, kHardwareEvents> reads_{};
};

}  // namespace kvs

#endif  // KVS_TESTS_HARNESS_SYSTEM_SCRIPTED_COUNTERS_H_
