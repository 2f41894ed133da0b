#include "harness/doctor/memory_checks.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/doctor/verdict.h"
#include "results/human_units.h"

namespace kvs::doctor {
namespace {

// What a system puts away for good after its start and never asks for again is no sign of want.
constexpr double kMostSwapUsed = 0.01;  // of the memory

// "always [madvise] never" -> "madvise"; "" of anything else.
std::string Chosen(const std::string& choices) {
  const size_t open = choices.find('[');
  const size_t close = choices.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return "";
  return choices.substr(open + 1, close - open - 1);
}

}  // namespace

Finding CheckMemoryLimit(const MachineFacts& facts) {
  constexpr std::string_view kName = "cgroup_memory";
  if (!facts.cgroup.memory_is_known) return Unknown(kName, "the control groups cannot be seen");
  if (!facts.cgroup.memory_bytes) return Ok(kName, "no limit");
  const std::string limit = HumanBytes(*facts.cgroup.memory_bytes);
  if (facts.memory_bytes && *facts.cgroup.memory_bytes >= *facts.memory_bytes) {
    return Ok(kName, limit + ", which is all");
  }
  return Warn(kName,
              fmt::format("{} of {}: the page cache of the stores counts, too", limit,
                          facts.memory_bytes ? HumanBytes(*facts.memory_bytes) : "unknown"),
              "raise or remove the limit (docker run --memory, MemoryMax= of systemd, "
              "limits.memory of Kubernetes), or compare only with runs under the same one");
}

Finding CheckHugePages(const MachineFacts& facts) {
  constexpr std::string_view kName = "transparent_huge_pages";
  const std::string chosen = Chosen(facts.huge_pages);
  if (chosen.empty()) return Unknown(kName, "the system does not tell the policy");
  if (chosen != "always") return Ok(kName, chosen);
  return Warn(kName, "always: the kernel merges pages at moments of its own, and programs wait",
              "as root: write 'madvise' to /sys/kernel/mm/transparent_hugepage/enabled; engines "
              "that ask for huge pages still get them");
}

Finding CheckSwap(const MachineFacts& facts) {
  constexpr std::string_view kName = "swap";
  if (!facts.swap_bytes || !facts.swap_used_bytes || !facts.memory_bytes) {
    return Unknown(kName, "the system does not tell");
  }
  if (*facts.swap_bytes == 0) return Ok(kName, "none");
  const std::string seen = fmt::format("{} of {} in use", HumanBytes(*facts.swap_used_bytes),
                                       HumanBytes(*facts.swap_bytes));
  const auto used = static_cast<double>(*facts.swap_used_bytes);
  if (used <= kMostSwapUsed * static_cast<double>(*facts.memory_bytes)) return Ok(kName, seen);
  return Warn(kName, seen + ": memory has been short, and a read may wait for the swap device",
              "end what takes the memory; then, as root: swapoff -a");
}

}  // namespace kvs::doctor
