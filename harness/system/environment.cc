#include "harness/system/environment.h"

#include <unistd.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/system/system_file.h"
#include "results/human_units.h"

namespace kvs {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

double CpuMhz() {
  const std::string mhz = ValueIn("/proc/cpuinfo", "cpu MHz", ':');
  return mhz.empty() ? 0 : std::strtod(mhz.c_str(), nullptr);
}

std::vector<BenchmarkContext::Cache> Caches() {
  std::vector<BenchmarkContext::Cache> caches;
  for (int index = 0;; ++index) {
    const std::filesystem::path directory =
        fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}", index);
    const std::string type = FirstLine(directory / "type");
    if (type.empty()) return caches;
    const std::string size = FirstLine(directory / "size");  // "32K"
    constexpr uint64_t kKib = 1024;
    caches.push_back(
        {.type = type,
         .level = static_cast<unsigned>(LeadingNumber(FirstLine(directory / "level")).value_or(0)),
         .size = LeadingNumber(size).value_or(0) * (size.ends_with('K') ? kKib : 1),
         .num_sharing = CountCpus(FirstLine(directory / "shared_cpu_list"))});
  }
}

void AddIfKnown(Properties& properties, std::string_view name, std::string value) {
  if (!value.empty()) properties.emplace_back(name, std::move(value));
}

}  // namespace

Properties DescribeHost(const MachineFacts& facts) {
  Properties host;
  AddIfKnown(host, "name", HostName());
  AddIfKnown(host, "cpu", facts.cpu_model);
  AddIfKnown(host, "cpus", facts.cpus ? fmt::to_string(*facts.cpus) : "");
  AddIfKnown(host, "memory", facts.memory_bytes ? HumanBytes(*facts.memory_bytes) : "");
  AddIfKnown(host, "page_size", HumanBytes(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))));
  AddIfKnown(host, "transparent_hugepages", facts.huge_pages);
  AddIfKnown(host, "cpu_governor", fmt::format("{}", fmt::join(facts.governors, ", ")));
  AddIfKnown(host, "virtualisation", facts.virtualisation);
  AddIfKnown(host, "kernel", facts.kernel);
  AddIfKnown(host, "os", facts.os);
  const auto known = [](const std::string& name) { return name == "unknown" ? "" : name; };
  AddIfKnown(host, "file_system", known(facts.mount.type));
  AddIfKnown(host, "device", known(facts.mount.source));
  AddIfKnown(host, "device_kind", facts.device_kind);
  AddIfKnown(host, "compiler", facts.compiler);
  AddIfKnown(host, "build_type", facts.build_type);
  AddIfKnown(host, "sanitizer", facts.sanitizer);
  AddIfKnown(host, "fmt", facts.fmt_version);
  return host;
}

BenchmarkContext DescribeContext(const MachineFacts& facts) {
  BenchmarkContext context;
  context.host_name = HostName();
  std::error_code error;
  context.executable = std::filesystem::read_symlink("/proc/self/exe", error).string();
  context.num_cpus = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  context.mhz_per_cpu = static_cast<unsigned>(std::lround(CpuMhz()));
  context.cpu_scaling_enabled =
      !facts.governors.empty() && facts.governors != std::vector<std::string>{"performance"};
  context.caches = Caches();
  std::array<double, 3> load{};
  const int known = getloadavg(load.data(), static_cast<int>(load.size()));
  for (int i = 0; i < known; ++i) context.load_avg.push_back(load[static_cast<size_t>(i)]);
  context.library_build_type = facts.has_assertions ? "debug" : "release";
  return context;
}

std::string LocalTimestamp() {
  const std::time_t now = std::time(nullptr);
  const std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S%z}", fmt::localtime(now));
  // %z gives "+0200"; ISO 8601's extended form has a colon.
  return text.substr(0, text.size() - 2) + ":" + text.substr(text.size() - 2);
}

}  // namespace kvs
