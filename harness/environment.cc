#include "harness/environment.h"

#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/data_location.h"
#include "results/human_units.h"

namespace kvs {
namespace {

#if defined(__clang__)
constexpr const char* kCompiler = "clang " __clang_version__;
#else
constexpr const char* kCompiler = "g++ " __VERSION__;
#endif

#ifdef NDEBUG
constexpr bool kAssertions = false;
#else
constexpr bool kAssertions = true;
#endif

// The first line of a small system file; "" when there is none.
std::string FirstLine(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of `key` in a file of "key<separator>value" lines; "" when it has none.
std::string ValueIn(const std::filesystem::path& path, std::string_view key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find(separator);
    if (at == std::string::npos || !line.starts_with(key)) continue;
    if (line.find_first_not_of(" \t", key.size()) < at) continue;  // a longer key
    std::string value = line.substr(at + 1);
    value.erase(0, value.find_first_not_of(" \t\""));
    value.erase(value.find_last_not_of(" \t\"") + 1);
    return value;
  }
  return "";
}

std::string CpuModel() {
  for (const char* key : {"model name", "Model", "Processor", "cpu model"}) {
    if (std::string model = ValueIn("/proc/cpuinfo", key, ':'); !model.empty()) return model;
  }
  return "";
}

// What the machine runs on, as far as it says so itself.
std::string Virtualisation() {
  if (const std::string type = FirstLine("/sys/hypervisor/type"); !type.empty()) return type;
  const std::string vendor = FirstLine("/sys/class/dmi/id/sys_vendor");
  const std::string product = FirstLine("/sys/class/dmi/id/product_name");
  const std::string flags = " " + ValueIn("/proc/cpuinfo", "flags", ':') + " ";
  if (flags.find(" hypervisor ") == std::string::npos) return "";
  const std::string name = fmt::format("{} {}", vendor, product);
  return name == " " ? "virtual machine" : fmt::format("virtual machine ({})", name);
}

std::string Governor() {
  return FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
}

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "unknown";
  return name.data();
}

std::string DeviceKind(const std::string& source) {
  const std::string name = std::filesystem::path(source).filename().string();
  for (const std::filesystem::path& base :
       {std::filesystem::path("/sys/class/block") / name,
        std::filesystem::path("/sys/class/block") / name / ".."}) {
    std::error_code error;
    const std::filesystem::path real = std::filesystem::canonical(base, error);
    if (error) continue;
    const std::string rotational = FirstLine(real / "queue" / "rotational");
    if (rotational == "0") return "non-rotational";
    if (rotational == "1") return "rotational";
  }
  return "";
}

double CpuMhz() {
  const std::string mhz = ValueIn("/proc/cpuinfo", "cpu MHz", ':');
  return mhz.empty() ? 0 : std::strtod(mhz.c_str(), nullptr);
}

// How many CPUs a list such as "0-3,8" names.
unsigned CountCpus(const std::string& list) {
  unsigned count = 0;
  std::istringstream ranges(list);
  for (std::string range; std::getline(ranges, range, ',');) {
    const size_t dash = range.find('-');
    const unsigned long first = std::strtoul(range.c_str(), nullptr, 10);
    const unsigned long last =
        dash == std::string::npos ? first : std::strtoul(range.c_str() + dash + 1, nullptr, 10);
    count += static_cast<unsigned>(last - first + 1);
  }
  return count;
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
         .level = static_cast<unsigned>(
             std::strtoul(FirstLine(directory / "level").c_str(), nullptr, 10)),
         .size = std::strtoull(size.c_str(), nullptr, 10) * (size.ends_with('K') ? kKib : 1),
         .num_sharing = CountCpus(FirstLine(directory / "shared_cpu_list"))});
  }
}

void AddIfKnown(Properties& properties, std::string_view name, std::string value) {
  if (!value.empty()) properties.emplace_back(name, std::move(value));
}

}  // namespace

Properties DescribeHost(const std::filesystem::path& data_directory) {
  Properties host;
  utsname system{};
  uname(&system);
  struct sysinfo memory {};
  sysinfo(&memory);
  const MountInfo mount = FindMount(data_directory);
  AddIfKnown(host, "name", HostName());
  AddIfKnown(host, "cpu", CpuModel());
  AddIfKnown(host, "cpus", fmt::to_string(sysconf(_SC_NPROCESSORS_ONLN)));
  AddIfKnown(host, "memory", HumanBytes(uint64_t{memory.totalram} * memory.mem_unit));
  AddIfKnown(host, "page_size", HumanBytes(static_cast<uint64_t>(sysconf(_SC_PAGESIZE))));
  AddIfKnown(host, "transparent_hugepages",
             FirstLine("/sys/kernel/mm/transparent_hugepage/enabled"));
  AddIfKnown(host, "cpu_governor", Governor());
  AddIfKnown(host, "virtualisation", Virtualisation());
  AddIfKnown(host, "kernel",
             fmt::format("{} {} {}", system.sysname, system.release, system.machine));
  AddIfKnown(host, "os", ValueIn("/etc/os-release", "PRETTY_NAME", '='));
  AddIfKnown(host, "file_system", mount.type);
  AddIfKnown(host, "device", mount.source);
  AddIfKnown(host, "device_kind", DeviceKind(mount.source));
  AddIfKnown(host, "compiler", kCompiler);
  AddIfKnown(host, "build_type", KVS_BUILD_TYPE);
  AddIfKnown(host, "sanitizer", KVS_SANITIZER);
  AddIfKnown(
      host, "fmt",
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  return host;
}

BenchmarkContext DescribeContext() {
  BenchmarkContext context;
  context.host_name = HostName();
  std::error_code error;
  context.executable = std::filesystem::read_symlink("/proc/self/exe", error).string();
  context.num_cpus = static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN));
  context.mhz_per_cpu = static_cast<unsigned>(std::lround(CpuMhz()));
  const std::string governor = Governor();
  context.cpu_scaling_enabled = !governor.empty() && governor != "performance";
  context.caches = Caches();
  std::array<double, 3> load{};
  const int known = getloadavg(load.data(), static_cast<int>(load.size()));
  for (int i = 0; i < known; ++i) context.load_avg.push_back(load[static_cast<size_t>(i)]);
  context.library_build_type = kAssertions ? "debug" : "release";
  return context;
}

std::vector<std::string> EnvironmentWarnings(const std::filesystem::path& data_directory) {
  std::vector<std::string> warnings;
  const std::string sanitizer = KVS_SANITIZER;
  if (!sanitizer.empty()) {
    warnings.push_back(fmt::format(
        "this build has sanitizers ({}): its figures say nothing about speed", sanitizer));
  } else if (kAssertions) {
    warnings.emplace_back(
        "this is a debug build with assertions: its figures say nothing about speed");
  }
  if (IsRamDisk(data_directory)) {
    warnings.push_back(
        fmt::format("the data lies on a RAM disk ({}): nothing is durable and flushes are free",
                    FindMount(data_directory).type));
  }
  const std::string governor = Governor();
  if (!governor.empty() && governor != "performance") {
    warnings.push_back(fmt::format("the CPU's clock varies (governor '{}')", governor));
  }
  return warnings;
}

std::string LocalTimestamp() {
  const std::time_t now = std::time(nullptr);
  const std::string text = fmt::format("{:%Y-%m-%dT%H:%M:%S%z}", fmt::localtime(now));
  // %z gives "+0200"; ISO 8601's extended form has a colon.
  return text.substr(0, text.size() - 2) + ":" + text.substr(text.size() - 2);
}

}  // namespace kvs
