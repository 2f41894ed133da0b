// May time be read from the processor's own counter of ticks, and how do ticks become nanoseconds?
#ifndef KVS_HARNESS_SYSTEM_TICK_CLOCK_H_
#define KVS_HARNESS_SYSTEM_TICK_CLOCK_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kvs {

// One moment as both clocks give it.
struct TickReading {
  uint64_t ticks = 0;
  uint64_t system_ns = 0;
};

// The straight line through two readings.
//
// Thread safety: immutable.
class TickConversion {
 public:
  // `second` is later than `first`, by more than a tick each kMostNsPerTick. No reading to convert
  // is earlier than `first`.
  TickConversion(const TickReading& first, const TickReading& second);

  // The system clock's time in ns at `ticks`. Never goes back when `ticks` do not, never overflows
  // before the system clock does, and is within 2 ns of the line's exact value for 2^57 ticks (two
  // years at 2 GHz).
  uint64_t ToNs(uint64_t ticks) const {
    return first_.system_ns +
           static_cast<uint64_t>((Wide{ticks - first_.ticks} * ns_per_tick_) >> kFractionBits);
  }

  double TicksPerS() const;
  const TickReading& first() const { return first_; }

  static constexpr uint64_t kMostNsPerTick = 100;

 private:
  __extension__ using Wide = unsigned __int128;
  // What is left of 64 bits above the point holds kMostNsPerTick. A product fits into 128 bits.
  static constexpr unsigned kFractionBits = 57;

  TickReading first_;
  uint64_t ns_per_tick_;
};

// What a clock of ticks is chosen and calibrated with.
class TickSource {
 public:
  virtual ~TickSource() = default;

  // "" when processor and kernel promise that ticks pass at one rate, always and on all CPUs, and
  // may be read; otherwise what is missing.
  virtual std::string WhyNot() = 0;
  // Both in program order with what is around them.
  virtual uint64_t ReadTicks() = 0;
  virtual uint64_t ReadSystemNs() = 0;
  // CPUs that the calling thread may run on; empty where the system does not tell.
  virtual std::vector<int> Cpus() = 0;
  // Moves the calling thread to `cpu`; false if that is refused.
  virtual bool MoveTo(int cpu) = 0;
  // Undoes every MoveTo. Throws std::system_error if that is refused: the thread would stay where
  // it is, and so would those that it starts.
  virtual void MoveAnywhere() = 0;
  virtual void Sleep(uint64_t ns) = 0;
};

struct TickChoice {
  std::optional<TickConversion> conversion;  // unset: the system's clock is to be used
  std::string why_not;                       // then, why
};

// Decides whether ticks may stand for the system's clock, and calibrates them against it. Takes
// about 5 ms, most of it asleep. Ticks are refused where
//   - `source` says why not;
//   - reading them costs more than twice what reading the system's clock does: somebody emulates
//   it;
//   - a thread that goes from CPU to CPU, and back, sees them go back: those of two CPUs disagree
//   by
//     more than the microseconds that a move takes. (The kernel has looked closer when it took them
//     for its own clock, which therefore cannot tell.) Where there are more CPUs than 20 ms reach,
//     those are believed;
//   - three readings of both clocks are on no line: the rate is not constant.
// The rate is that of the system's clock in these 5 ms, to about 1 millionth: both ends are known
// to some ns.
TickChoice ChooseTicks(TickSource& source);

// How far the time by `conversion` has gone from the system's clock since its first reading, as
// parts per million of that time. The system's clock may be slewed to agree with others (NTP: 500
// ppm at most), and ticks are not; nor do they agree after a suspension.
double DeviationPpm(const TickConversion& conversion, TickSource& source);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_TICK_CLOCK_H_
