#include "harness/system/hardware_counters.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kvs {
namespace {

struct EventCode {
  uint32_t type;
  uint64_t config;
};

EventCode CodeOf(HardwareEvent event) {
  switch (event) {
    case HardwareEvent::kInstructions:
      return {PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS};
    case HardwareEvent::kCycles:
      return {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES};
    case HardwareEvent::kCacheReferences:
      return {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES};
    case HardwareEvent::kCacheMisses:
      return {PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES};
    case HardwareEvent::kDtlbLoadMisses:
      break;
  }
  return {PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_DTLB | (PERF_COUNT_HW_CACHE_OP_READ << 8) |
                                  (PERF_COUNT_HW_CACHE_RESULT_MISS << 16)};
}

class PerfEvents final : public CounterSource {
 public:
  PerfEvents() { fds_.fill(-1); }
  ~PerfEvents() override {
    for (const int fd : fds_) {
      if (fd >= 0) close(fd);
    }
  }
  PerfEvents(const PerfEvents&) = delete;
  PerfEvents& operator=(const PerfEvents&) = delete;

  int Open(HardwareEvent event) override {
    const EventCode code = CodeOf(event);
    perf_event_attr attributes = {};
    attributes.size = sizeof attributes;
    attributes.type = code.type;
    attributes.config = code.config;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    attributes.inherit = 1;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    constexpr pid_t kCallingThread = 0;
    constexpr int kAnyCpu = -1;
    // Each a group of its own: older kernels read no group of inherited events.
    constexpr int kNoGroup = -1;
    const long fd = syscall(SYS_perf_event_open, &attributes, kCallingThread, kAnyCpu, kNoGroup,
                            PERF_FLAG_FD_CLOEXEC);
    if (fd < 0) return errno;
    fds_[static_cast<size_t>(event)] = static_cast<int>(fd);
    return 0;
  }

  std::optional<CounterReading> Read(HardwareEvent event) const override {
    uint64_t words[3] = {};  // in the order that read_format gives them
    const ssize_t size = read(fds_[static_cast<size_t>(event)], words, sizeof words);
    if (size != static_cast<ssize_t>(sizeof words)) return std::nullopt;
    return CounterReading{.count = words[0], .enabled_ns = words[1], .running_ns = words[2]};
  }

 private:
  std::array<int, kHardwareEvents> fds_{};
};

std::string WhyRefused(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "not permitted (perf_event_paranoid, or a container's rules)";
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
      return "this machine has no such counter (many virtual machines have none)";
    case ENOSYS:
      return "the kernel has no perf_event_open, or a container hides it";
    default:
      return std::generic_category().message(error);
  }
}

}  // namespace

std::string_view ToString(HardwareEvent event) {
  switch (event) {
    case HardwareEvent::kInstructions:
      return "instructions";
    case HardwareEvent::kCycles:
      return "cycles";
    case HardwareEvent::kCacheReferences:
      return "cache references";
    case HardwareEvent::kCacheMisses:
      return "cache misses";
    case HardwareEvent::kDtlbLoadMisses:
      return "dTLB load misses";
  }
  return "?";
}

std::unique_ptr<CounterSource> KernelCounters() { return std::make_unique<PerfEvents>(); }

HardwareCounters::HardwareCounters(std::unique_ptr<CounterSource> source)
    : source_(std::move(source)) {
  std::vector<std::pair<std::string, std::vector<std::string_view>>> refused;  // events by reason
  for (size_t i = 0; i < kHardwareEvents; ++i) {
    const auto event = static_cast<HardwareEvent>(i);
    const int error = source_->Open(event);
    is_open_[i] = error == 0;
    if (error == 0) continue;
    const std::string why = WhyRefused(error);
    auto reason = std::find_if(refused.begin(), refused.end(),
                               [&why](const auto& entry) { return entry.first == why; });
    if (reason == refused.end()) reason = refused.insert(refused.end(), {why, {}});
    reason->second.push_back(ToString(event));
  }
  for (const auto& [why, events] : refused) {
    const bool all = events.size() == kHardwareEvents;
    refusals_.push_back(fmt::format(
        "{}: {}", all ? "hardware counters" : fmt::format("{}", fmt::join(events, ", ")), why));
  }
}

HardwareReadings HardwareCounters::Read() const {
  HardwareReadings readings;
  for (size_t i = 0; i < kHardwareEvents; ++i) {
    if (is_open_[i]) readings[i] = source_->Read(static_cast<HardwareEvent>(i));
  }
  return readings;
}

HardwareCosts CountedBetween(const HardwareReadings& begin, const HardwareReadings& end) {
  HardwareCosts costs;
  for (size_t i = 0; i < kHardwareEvents; ++i) {
    if (!begin[i] || !end[i]) continue;
    const uint64_t running_ns = end[i]->running_ns - begin[i]->running_ns;
    const uint64_t enabled_ns = end[i]->enabled_ns - begin[i]->enabled_ns;
    if (running_ns == 0) continue;
    const uint64_t count = end[i]->count - begin[i]->count;
    if (running_ns >= enabled_ns) {
      costs.counts[i] = count;
    } else {
      const double scale = static_cast<double>(enabled_ns) / static_cast<double>(running_ns);
      costs.counts[i] = static_cast<uint64_t>(std::llround(static_cast<double>(count) * scale));
    }
    const double share =
        std::min(1.0, static_cast<double>(running_ns) / static_cast<double>(enabled_ns));
    costs.running_share = std::min(costs.running_share.value_or(1), share);
  }
  return costs;
}

}  // namespace kvs
