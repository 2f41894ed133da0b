#include "harness/system/clock.h"

#include <sched.h>
#include <time.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/prctl.h>
#endif

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include <fmt/format.h>

#include "harness/system/system_file.h"

namespace kvs {
namespace {

// Times may be wrong by this much. It is twice what NTP slews.
constexpr double kMostDeviationPpm = 1000;

uint64_t SystemNowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

class ProcessorTicks final : public TickSource {
 public:
  ProcessorTicks() { has_cpus_ = sched_getaffinity(0, sizeof cpus_, &cpus_) == 0; }

  std::string WhyNot() override;
  uint64_t ReadTicks() override;
  uint64_t ReadSystemNs() override { return SystemNowNs(); }

  std::vector<int> Cpus() override {
    std::vector<int> cpus;
    for (int cpu = 0; has_cpus_ && cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &cpus_)) cpus.push_back(cpu);
    }
    return cpus;
  }
  bool MoveTo(int cpu) override {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
  }
  void MoveAnywhere() override {
    if (!has_cpus_ || sched_setaffinity(0, sizeof cpus_, &cpus_) == 0) return;
    throw std::system_error(errno, std::generic_category(),
                            "the clock was calibrated, but the thread does not get its CPUs back");
  }
  void Sleep(uint64_t ns) override {
    timespec left{.tv_sec = static_cast<time_t>(ns / 1'000'000'000),
                  .tv_nsec = static_cast<long>(ns % 1'000'000'000)};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR) {
    }
  }

 private:
  cpu_set_t cpus_{};
  bool has_cpus_ = false;
};

#if defined(__x86_64__)

// CPUID 8000'0001H and 8000'0007H (Intel SDM, volume 2, CPUID; volume 3, 18.17.1, invariant TSC).
std::string ProcessorTicks::WhyNot() {
  constexpr unsigned kHasRdtscp = 1u << 27;
  constexpr unsigned kIsInvariant = 1u << 8;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0x80000001, &a, &b, &c, &d) == 0 || (d & kHasRdtscp) == 0) {
    return "the processor has no RDTSCP";
  }
  if (__get_cpuid(0x80000007, &a, &b, &c, &d) == 0 || (d & kIsInvariant) == 0) {
    return "the processor does not say that its TSC is invariant";
  }
  int mode = PR_TSC_ENABLE;
  if (prctl(PR_GET_TSC, &mode) == 0 && mode != PR_TSC_ENABLE) {
    return "this process may not read the TSC";
  }
  // The kernel compares the TSCs of all CPUs and watches their rate, and takes another clock when
  // they fail.
  const std::string kernels =
      FirstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource");
  if (kernels.empty()) return "the kernel does not tell whether it trusts the TSC";
  if (kernels != "tsc") return fmt::format("the kernel's own clock is {}", kernels);
  return "";
}

uint64_t ProcessorTicks::ReadTicks() { return ReadTsc(); }

#else

std::string ProcessorTicks::WhyNot() { return "only the counter of x86-64 is known here"; }

uint64_t ProcessorTicks::ReadTicks() { return 0; }

#endif

const TickChoice& ChosenTicks() {
  static const TickChoice choice = [] {
    ProcessorTicks ticks;
    return ChooseTicks(ticks);
  }();
  return choice;
}

}  // namespace

namespace clock_choice {

constinit std::atomic<const TickConversion*> g_ticks{nullptr};

uint64_t ReadSlowly() {
  const TickChoice& choice = ChosenTicks();
  if (!choice.conversion) return SystemNowNs();
  g_ticks.store(&*choice.conversion, std::memory_order_release);  // (2)
  return choice.conversion->ToNs(ProcessorTicks().ReadTicks());
}

}  // namespace clock_choice

double SecondsSince(uint64_t start_ns) { return static_cast<double>(NowNs() - start_ns) * 1e-9; }

ClockReport CheckClock() {
  const TickChoice& choice = ChosenTicks();
  ClockReport report;
  report.source = choice.conversion ? "tsc" : fmt::format("clock_gettime: {}", choice.why_not);
  report.cost_ns = ClockCostNs();
  report.resolution_ns = ClockResolutionNs();
  if (!choice.conversion) return report;
  ProcessorTicks ticks;
  report.deviation_ppm = DeviationPpm(*choice.conversion, ticks);
  if (*report.deviation_ppm > kMostDeviationPpm) {
    throw std::runtime_error(fmt::format(
        "the clock went wrong: the TSC and CLOCK_MONOTONIC, which agreed when the process began, "
        "are {:.0f} ppm apart; was the machine suspended, moved, or its time set right?",
        *report.deviation_ppm));
  }
  return report;
}

double ClockCostNs() {
  constexpr int kCallsPerBatch = 500;
  std::array<double, 9> batches_ns;
  for (double& cost_ns : batches_ns) {
    const uint64_t start_ns = NowNs();
    uint64_t end_ns = start_ns;
    for (int i = 0; i < kCallsPerBatch; ++i) end_ns = NowNs();
    cost_ns = static_cast<double>(end_ns - start_ns) / kCallsPerBatch;
  }
  const auto middle = batches_ns.begin() + batches_ns.size() / 2;
  std::nth_element(batches_ns.begin(), middle, batches_ns.end());
  return *middle;
}

uint64_t ClockResolutionNs() {
  constexpr int kSteps = 1000;
  uint64_t smallest_ns = UINT64_MAX;
  for (int step = 0; step < kSteps; ++step) {
    const uint64_t before_ns = NowNs();
    uint64_t after_ns = NowNs();
    while (after_ns == before_ns) after_ns = NowNs();
    smallest_ns = std::min(smallest_ns, after_ns - before_ns);
  }
  return smallest_ns;
}

}  // namespace kvs
