#include "harness/doctor/processor_checks.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/doctor/verdict.h"

namespace kvs::doctor {
namespace {

// A run is asked to tell engines apart that differ by a few percent: what others take must stay
// below that.
constexpr double kMostSteal = 0.01;

// Of an idle machine next to nothing; a quarter of a CPU each is more than daemons need.
constexpr double kMostLoadPerCpu = 0.25;

// Percent of the time in which some task waited. Waits for a CPU or a device come with ordinary
// use; waits for memory only when it is short.
constexpr double kMostCpuPressure = 5;
constexpr double kMostIoPressure = 5;
constexpr double kMostMemoryPressure = 1;

// Clock sources that are read without a system call (their vDSO mode in the kernel), and those
// that are not.
constexpr std::string_view kFastClocks[] = {
    "tsc",     "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "riscv_clocksource",
    "timebase"};
constexpr std::string_view kSlowClocks[] = {"hpet", "acpi_pm", "jiffies", "refined-jiffies",
                                            "pit",  "xen"};

template <size_t kSize>
bool Holds(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

Finding CheckGovernor(const MachineFacts& facts) {
  constexpr std::string_view kName = "cpu_governor";
  if (facts.governors.empty()) {
    return Unknown(kName, "the system shows no frequency policy; the firmware or the host has it");
  }
  const std::string seen = fmt::format("{}", fmt::join(facts.governors, ", "));
  if (seen == "performance") return Ok(kName, seen);
  return Warn(kName, seen + ": the CPU's clock follows the load",
              "as root: cpupower frequency-set -g performance (or write 'performance' to each "
              "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor)");
}

Finding CheckTurbo(const MachineFacts& facts) {
  constexpr std::string_view kName = "turbo";
  if (!facts.turbo) return Unknown(kName, "the system does not say whether it is on");
  if (!*facts.turbo) return Ok(kName, "off");
  return Warn(kName, "on: the CPU's clock depends on its heat and on how many cores work",
              "as root: write 1 to /sys/devices/system/cpu/intel_pstate/no_turbo, or where that is "
              "missing 0 to /sys/devices/system/cpu/cpufreq/boost");
}

Finding CheckSmt(const MachineFacts& facts) {
  constexpr std::string_view kName = "smt";
  if (!facts.smt) return Unknown(kName, "the system does not say whether CPUs share cores");
  if (*facts.smt) {
    return Warn(kName, "on: two threads may share a core, and a second one is no second core",
                "as root: write 'off' to /sys/devices/system/cpu/smt/control, or use no more "
                "threads than cores and pin them: taskset -c");
  }
  if (facts.is_virtual != false) {
    return Unknown(kName, "none is shown; the host of a virtual machine may hide it");
  }
  return Ok(kName, "off");
}

Finding CheckVirtualisation(const MachineFacts& facts) {
  constexpr std::string_view kName = "virtualisation";
  if (!facts.is_virtual) return Unknown(kName, "this processor does not say");
  if (!*facts.is_virtual) return Ok(kName, "none");
  return Warn(kName, facts.virtualisation + ": its neighbours use the same hardware",
              "measure on hardware of your own or on a dedicated host; otherwise repeat runs at "
              "other times and trust no difference within the spread");
}

Finding CheckSteal(const MachineFacts& facts) {
  constexpr std::string_view kName = "steal";
  if (!facts.steal_share) return Unknown(kName, "the system does not count it");
  if (*facts.steal_share == 0 && facts.is_virtual != false) {
    return Unknown(kName, "none is counted; a host that does not report it looks the same");
  }
  const std::string seen =
      fmt::format("{:.2f}% of the CPU time since the start", 100 * *facts.steal_share);
  if (*facts.steal_share <= kMostSteal) return Ok(kName, seen);
  return Warn(kName, seen + " went to other virtual machines",
              "use a host with fewer guests or with CPUs of your own (a dedicated instance)");
}

Finding CheckCpuLimit(const MachineFacts& facts) {
  constexpr std::string_view kName = "cgroup_cpu";
  if (!facts.cgroup.cpu_is_known) return Unknown(kName, "the control groups cannot be seen");
  if (!facts.cgroup.cpus) return Ok(kName, "no limit");
  const double limit = *facts.cgroup.cpus;
  if (facts.cpus && limit >= *facts.cpus) {
    return Ok(kName, fmt::format("{:.3g} CPUs, which is all", limit));
  }
  return Warn(kName,
              fmt::format("{:.3g} of {} CPUs: a process that used them up stands still until the "
                          "next period",
                          limit, facts.cpus ? fmt::to_string(*facts.cpus) : "unknown"),
              "raise or remove the limit: docker run --cpus, CPUQuota= of systemd, limits.cpu of "
              "Kubernetes, or cpu.max of the group");
}

Finding CheckLoad(const MachineFacts& facts) {
  constexpr std::string_view kName = "load";
  if (!facts.load || !facts.cpus) return Unknown(kName, "the system does not tell it");
  const std::string seen =
      fmt::format("{:.2f} on {} CPU{}", *facts.load, *facts.cpus, *facts.cpus == 1 ? "" : "s");
  if (*facts.load <= kMostLoadPerCpu * *facts.cpus) return Ok(kName, seen);
  return Warn(kName, seen + ": others have been at work in the last minute",
              "end what else runs (see top), wait a minute, and look again");
}

Finding CheckPressure(const MachineFacts& facts) {
  constexpr std::string_view kName = "pressure";
  const struct {
    std::string_view resource;
    std::optional<double> percent;
    double most;
  } resources[] = {{"cpu", facts.pressure.cpu, kMostCpuPressure},
                   {"memory", facts.pressure.memory, kMostMemoryPressure},
                   {"io", facts.pressure.io, kMostIoPressure}};
  std::vector<std::string> seen;
  bool is_known = true;
  bool is_high = false;
  for (const auto& resource : resources) {
    seen.push_back(resource.percent
                       ? fmt::format("{} {:.1f}%", resource.resource, *resource.percent)
                       : fmt::format("{} not told", resource.resource));
    is_known &= resource.percent.has_value();
    is_high |= resource.percent.value_or(0) > resource.most;
  }
  const std::string text = fmt::format("{} of the last 10 s", fmt::join(seen, ", "));
  if (is_high) {
    return Warn(kName, text + ": tasks waited for each other",
                "end what else runs; where it is memory, ask for fewer records or a smaller "
                "--memory-budget");
  }
  if (!is_known) return Unknown(kName, text + " (the kernel's PSI is off or cannot be read)");
  return Ok(kName, text);
}

Finding CheckClockSource(const MachineFacts& facts) {
  constexpr std::string_view kName = "clock_source";
  const std::string& clock = facts.clock_source;
  if (clock.empty()) return Unknown(kName, "the system does not name it");
  if (Holds(kFastClocks, clock)) return Ok(kName, clock);
  if (!Holds(kSlowClocks, clock)) {
    return Unknown(kName, clock + ": not known here to be read without a system call");
  }
  return Warn(kName, clock + ": every reading of the clock is a system call",
              "write 'tsc' to /sys/devices/system/clocksource/clocksource0/current_clocksource if "
              "available_clocksource there lists it; otherwise see `dmesg | grep -i tsc` for why "
              "the kernel gave it up");
}

}  // namespace kvs::doctor
