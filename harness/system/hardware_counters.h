// What the processor's own counters say of this process: instructions, cycles, misses.
#ifndef KVS_HARNESS_SYSTEM_HARDWARE_COUNTERS_H_
#define KVS_HARNESS_SYSTEM_HARDWARE_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// All in user mode: the kernel's work for the process is not in them.
enum class HardwareEvent : uint8_t {
  kInstructions,     // retired
  kCycles,           // unhalted, at whatever frequency the core ran
  kCacheReferences,  // of the last level, as the processor's maker defines it
  kCacheMisses,      // of the last level, likewise
  kDtlbLoadMisses,   // loads whose page the data TLB did not know; stores are not in it
};
inline constexpr size_t kHardwareEvents = 5;
// "instructions", "cycles", "cache references", "cache misses", "dTLB load misses".
std::string_view ToString(HardwareEvent event);

// A counter at a moment, over all threads that it counts.
struct CounterReading {
  uint64_t count = 0;
  uint64_t enabled_ns = 0;  // time of threads in which it should have counted
  uint64_t running_ns = 0;  // of that, time in which it had a place in the hardware

  friend bool operator==(const CounterReading&, const CounterReading&) = default;
};

// Where counters come from: the kernel, or a test.
class CounterSource {
 public:
  virtual ~CounterSource() = default;
  // Begins to count `event` in the calling thread and all threads that descend from it from now on.
  // Called once per event. Returns 0, or the system's error number.
  virtual int Open(HardwareEvent event) = 0;
  // Of an event whose Open returned 0; from any thread. Nothing when it cannot be read.
  virtual std::optional<CounterReading> Read(HardwareEvent event) const = 0;
};

// perf_event_open(2) in user mode, which perf_event_paranoid = 2 (the kernel's default) allows. A
// counter costs a thread nothing while it runs, but some when it is made, ends, or is switched.
std::unique_ptr<CounterSource> KernelCounters();

// By HardwareEvent; nothing where an event is not counted.
using HardwareReadings = std::array<std::optional<CounterReading>, kHardwareEvents>;

// Thread safety: Read from any thread.
class HardwareCounters {
 public:
  // Opens every event; construct it before the threads that shall be counted. Never throws for an
  // event that is refused.
  explicit HardwareCounters(std::unique_ptr<CounterSource> source);

  // One system call per event that is counted.
  HardwareReadings Read() const;

  // Why events are not counted: a sentence per reason, which names the events. Empty if all are.
  const std::vector<std::string>& refusals() const { return refusals_; }

 private:
  std::unique_ptr<CounterSource> source_;
  std::array<bool, kHardwareEvents> is_open_{};
  std::vector<std::string> refusals_;
};

// What was counted from one reading to another.
struct HardwareCosts {
  // By HardwareEvent. A processor has fewer counters than may be asked for; events that took turns
  // are scaled from the time that they ran to the whole, which supposes that both were alike.
  // Nothing for an event that is not counted, or never had its turn.
  std::array<std::optional<uint64_t>, kHardwareEvents> counts;
  // The smallest share of the time that one of these events ran, 0..1; 1: nothing is scaled.
  std::optional<double> running_share;
};
HardwareCosts CountedBetween(const HardwareReadings& begin, const HardwareReadings& end);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_HARDWARE_COUNTERS_H_
