#include "harness/doctor/fingerprint.h"

#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "results/human_units.h"

namespace kvs::doctor {
namespace {

std::string OrUnknown(const std::string& text) { return text.empty() ? "unknown" : text; }

std::string OnOrOff(std::optional<bool> fact) {
  if (!fact) return "unknown";
  return *fact ? "on" : "off";
}

// A limit that is absent is none only where it would have been seen.
std::string LimitText(bool is_known, const std::string& limit) {
  if (!is_known) return "unknown";
  return limit.empty() ? "none" : limit;
}

}  // namespace

Properties StableFacts(const MachineFacts& facts) {
  const CgroupLimits& cgroup = facts.cgroup;
  return {
      {"cpu", OrUnknown(facts.cpu_model)},
      {"cpus", facts.cpus ? fmt::to_string(*facts.cpus) : "unknown"},
      {"memory", facts.memory_bytes ? HumanBytes(*facts.memory_bytes) : "unknown"},
      {"cpu_governor", OrUnknown(fmt::format("{}", fmt::join(facts.governors, ", ")))},
      {"turbo", OnOrOff(facts.turbo)},
      {"smt", OnOrOff(facts.smt)},
      {"is_virtual", OnOrOff(facts.is_virtual)},
      {"virtualisation", facts.virtualisation},
      {"cgroup_cpu",
       LimitText(cgroup.cpu_is_known, cgroup.cpus ? fmt::format("{:.3g}", *cgroup.cpus) : "")},
      {"cgroup_memory", LimitText(cgroup.memory_is_known,
                                  cgroup.memory_bytes ? HumanBytes(*cgroup.memory_bytes) : "")},
      {"clock_source", OrUnknown(facts.clock_source)},
      {"transparent_hugepages", OrUnknown(facts.huge_pages)},
      {"kernel", OrUnknown(facts.kernel)},
      {"file_system", OrUnknown(facts.mount.type)},
      {"device_kind", OrUnknown(facts.device_kind)},
      {"compiler", OrUnknown(facts.compiler)},
      {"build_type", OrUnknown(facts.build_type)},
      {"sanitizer", facts.sanitizer},
      {"assertions", OnOrOff(facts.has_assertions)},
      {"fmt", OrUnknown(facts.fmt_version)},
  };
}

std::string Fingerprint(const MachineFacts& facts) {
  std::string text;
  for (const auto& [name, value] : StableFacts(facts)) text += fmt::format("{}={}\n", name, value);
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace kvs::doctor
