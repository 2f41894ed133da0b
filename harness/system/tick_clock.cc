#include "harness/system/tick_clock.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "results/human_units.h"

namespace kvs {
namespace {

// Long enough that some ns at either end are a millionth of it.
constexpr uint64_t kCalibrationNs = 5'000'000;
// How long the CPUs are visited: a move takes some us, and on a busy machine ms.
constexpr uint64_t kLongestWalkNs = 20'000'000;
// Two readings of the system's clock with the ticks between them are this close at most, or
// somebody is in the way. Both ends of the calibration together are off by so much at most, which
// is 200 ppm of it: less than what a trial takes for a clock that went wrong.
constexpr uint64_t kWidestReadingNs = 1'000;
constexpr int kReadingAttempts = 64;
// How much longer it is tried to get one so close.
constexpr uint64_t kLongestReadingNs = 2'000'000;
constexpr uint64_t kMostOffLineNs = 2'000;
constexpr double kDearerTimes = 2;

// A reading, and how long it took: the ticks were read within.
struct Paired {
  TickReading reading;
  uint64_t width_ns = UINT64_MAX;
};

// The closest of some: any of them may have been interrupted.
Paired ReadBoth(TickSource& source) {
  Paired best;
  const uint64_t end_ns = source.ReadSystemNs() + kLongestReadingNs;
  for (int i = 0;; ++i) {
    const uint64_t before_ns = source.ReadSystemNs();
    const uint64_t ticks = source.ReadTicks();
    const uint64_t width_ns = source.ReadSystemNs() - before_ns;
    if (width_ns < best.width_ns) best = {{ticks, before_ns + width_ns / 2}, width_ns};
    if (i < kReadingAttempts) continue;
    if (best.width_ns <= kWidestReadingNs || before_ns >= end_ns) return best;
  }
}

// What a call of `read` takes, in ns: the least of some batches, as others may be at work.
template <typename Read>
double CostNs(TickSource& source, Read read) {
  constexpr int kBatches = 5;
  constexpr int kReads = 200;
  double least_ns = INFINITY;
  for (int batch = 0; batch < kBatches; ++batch) {
    const uint64_t start_ns = source.ReadSystemNs();
    for (int i = 0; i < kReads; ++i) read();
    const uint64_t end_ns = source.ReadSystemNs();
    least_ns = std::min(least_ns, static_cast<double>(end_ns - start_ns) / kReads);
  }
  return least_ns;
}

std::string WhyTooDear(TickSource& source) {
  const double ticks_ns = CostNs(source, [&source] { source.ReadTicks(); });
  const double system_ns = CostNs(source, [&source] { source.ReadSystemNs(); });
  if (ticks_ns <= kDearerTimes * system_ns) return "";
  return fmt::format("reading it takes {}, the system's clock {}: it is emulated",
                     HumanNs(ticks_ns), HumanNs(system_ns));
}

// Through all CPUs and back, so that a counter that is ahead shows, and one that is behind.
std::string WhyCpusDisagree(TickSource& source, uint64_t end_ns) {
  const std::vector<int> cpus = source.Cpus();
  std::vector<int> walk = cpus;
  walk.insert(walk.end(), cpus.rbegin(), cpus.rend());
  std::string why;
  uint64_t last = source.ReadTicks();
  for (const int cpu : walk) {
    if (source.ReadSystemNs() >= end_ns) break;
    if (!source.MoveTo(cpu)) continue;
    const uint64_t ticks = source.ReadTicks();
    if (ticks < last) {
      why = fmt::format("on CPU {} it is {} ticks behind another CPU's", cpu, last - ticks);
      break;
    }
    last = ticks;
  }
  source.MoveAnywhere();
  return why;
}

void SleepUntil(TickSource& source, uint64_t until_ns) {
  const uint64_t now_ns = source.ReadSystemNs();
  if (now_ns < until_ns) source.Sleep(until_ns - now_ns);
}

uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

TickChoice Refuse(std::string why) { return {.conversion = {}, .why_not = std::move(why)}; }

}  // namespace

TickConversion::TickConversion(const TickReading& first, const TickReading& second)
    : first_(first) {
  const uint64_t ticks = second.ticks - first.ticks;
  const uint64_t ns = second.system_ns - first.system_ns;
  assert(ticks > 0 && ns / ticks < kMostNsPerTick);
  ns_per_tick_ = static_cast<uint64_t>(((Wide{ns} << kFractionBits) + ticks / 2) / ticks);
}

double TickConversion::TicksPerS() const {
  return 1e9 * std::ldexp(1.0, kFractionBits) / static_cast<double>(ns_per_tick_);
}

TickChoice ChooseTicks(TickSource& source) {
  if (std::string why = source.WhyNot(); !why.empty()) return Refuse(std::move(why));
  if (std::string why = WhyTooDear(source); !why.empty()) return Refuse(std::move(why));

  const Paired first = ReadBoth(source);
  const uint64_t start_ns = first.reading.system_ns;
  if (std::string why = WhyCpusDisagree(source, start_ns + kLongestWalkNs); !why.empty()) {
    return Refuse(std::move(why));
  }
  SleepUntil(source, start_ns + kCalibrationNs / 2);
  const Paired middle = ReadBoth(source);
  SleepUntil(source,
             std::max(start_ns + kCalibrationNs, middle.reading.system_ns + kCalibrationNs / 2));
  const Paired last = ReadBoth(source);

  const uint64_t ticks = last.reading.ticks - first.reading.ticks;
  const uint64_t ns = last.reading.system_ns - start_ns;
  if (last.reading.ticks <= first.reading.ticks || ns / ticks >= TickConversion::kMostNsPerTick) {
    return Refuse(fmt::format("it made {} ticks in {}", static_cast<int64_t>(ticks),
                              HumanNs(static_cast<double>(ns))));
  }
  const TickConversion conversion(first.reading, last.reading);
  const uint64_t widest_ns = std::max({first.width_ns, middle.width_ns, last.width_ns});
  if (widest_ns > kWidestReadingNs) {
    return Refuse(fmt::format("it could be compared with the system's clock no closer than to {}",
                              HumanNs(static_cast<double>(widest_ns))));
  }
  const uint64_t off_ns = Distance(conversion.ToNs(middle.reading.ticks), middle.reading.system_ns);
  if (off_ns > kMostOffLineNs + widest_ns) {
    return Refuse(fmt::format("its rate is not constant: {} off halfway through {}",
                              HumanNs(static_cast<double>(off_ns)),
                              HumanNs(static_cast<double>(ns))));
  }
  return {.conversion = conversion, .why_not = ""};
}

double DeviationPpm(const TickConversion& conversion, TickSource& source) {
  const TickReading now = ReadBoth(source).reading;
  const uint64_t since_ns = now.system_ns - conversion.first().system_ns;
  if (since_ns == 0) return 0;
  return 1e6 * static_cast<double>(Distance(conversion.ToNs(now.ticks), now.system_ns)) /
         static_cast<double>(since_ns);
}

}  // namespace kvs
