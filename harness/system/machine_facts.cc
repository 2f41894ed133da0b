#include "harness/system/machine_facts.h"

#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/system/cpu_ticks.h"
#include "harness/system/system_file.h"

namespace kvs {
namespace {

namespace fs = std::filesystem;

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

constexpr uint64_t kBytesPerKib = 1024;

std::string CpuModel(const fs::path& cpuinfo) {
  for (const char* key : {"model name", "Model", "Processor", "cpu model"}) {
    if (std::string model = ValueIn(cpuinfo, key, ':'); !model.empty()) return model;
  }
  return "";
}

std::optional<unsigned> OnlineCpus(const fs::path& all_cpus) {
  const unsigned count = CountCpus(FirstLine(all_cpus / "online"));
  if (count == 0) return std::nullopt;
  return count;
}

std::vector<std::string> Governors(const fs::path& all_cpus) {
  std::set<std::string> governors;
  std::error_code ignored;  // a directory that cannot be read lists nothing
  for (const auto& entry : fs::directory_iterator(all_cpus, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("cpu") || name.size() < 4 || std::isdigit(name[3]) == 0) continue;
    std::string governor = FirstLine(entry.path() / "cpufreq/scaling_governor");
    if (!governor.empty()) governors.insert(std::move(governor));
  }
  return {governors.begin(), governors.end()};
}

std::optional<bool> ReadSwitch(const fs::path& file) {
  const std::string line = FirstLine(file);
  if (line == "1") return true;
  if (line == "0") return false;
  return std::nullopt;
}

std::optional<bool> Turbo(const fs::path& all_cpus) {
  if (const auto off = ReadSwitch(all_cpus / "intel_pstate/no_turbo")) return !*off;
  return ReadSwitch(all_cpus / "cpufreq/boost");
}

void ReadVirtualisation(const fs::path& root, MachineFacts& facts) {
  if (std::string type = FirstLine(root / "sys/hypervisor/type"); !type.empty()) {
    facts.virtualisation = std::move(type);
    facts.is_virtual = true;
    return;
  }
  // Only x86 has a flag for it, and without flags nothing is known.
  const std::string flags = ValueIn(root / "proc/cpuinfo", "flags", ':');
  if (flags.empty()) return;
  facts.is_virtual = (" " + flags + " ").find(" hypervisor ") != std::string::npos;
  if (!*facts.is_virtual) return;
  const std::string name = fmt::format("{} {}", FirstLine(root / "sys/class/dmi/id/sys_vendor"),
                                       FirstLine(root / "sys/class/dmi/id/product_name"));
  facts.virtualisation =
      name == " " ? "virtual machine" : fmt::format("virtual machine ({})", name);
}

std::optional<double> StealShare(const fs::path& stat) {
  const std::optional<CpuTicks> ticks = ReadCpuTicks(stat);
  if (!ticks || ticks->total() == 0) return std::nullopt;
  return static_cast<double>(ticks->steal) / static_cast<double>(ticks->total());
}

std::optional<double> LeadingFraction(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str()) return std::nullopt;
  return number;
}

// "some avg10=4.32 avg60=6.44 avg300=20.66 total=3282385862"
std::optional<double> PressurePercent(const fs::path& file) {
  const std::string line = FirstLine(file);
  constexpr std::string_view kBefore = "some avg10=";
  if (!line.starts_with(kBefore)) return std::nullopt;
  return LeadingFraction(line.substr(kBefore.size()));
}

std::optional<uint64_t> MemoryBytes(const fs::path& meminfo, std::string_view what) {
  const std::optional<uint64_t> kib = LeadingNumber(ValueIn(meminfo, what, ':'));
  if (!kib) return std::nullopt;
  return *kib * kBytesPerKib;
}

void ReadMemory(const fs::path& root, MachineFacts& facts) {
  const fs::path meminfo = root / "proc/meminfo";
  facts.memory_bytes = MemoryBytes(meminfo, "MemTotal");
  facts.swap_bytes = MemoryBytes(meminfo, "SwapTotal");
  const std::optional<uint64_t> swap_free = MemoryBytes(meminfo, "SwapFree");
  if (facts.swap_bytes && swap_free) {
    facts.swap_used_bytes = *facts.swap_bytes - std::min(*swap_free, *facts.swap_bytes);
  }
  facts.huge_pages = FirstLine(root / "sys/kernel/mm/transparent_hugepage/enabled");
}

std::string DeviceKind(const fs::path& root, const std::string& source) {
  const fs::path block = root / "sys/class/block" / fs::path(source).filename();
  for (const fs::path& base : {block, block / ".."}) {  // a partition has its device's above it
    std::error_code error;
    const fs::path real = fs::canonical(base, error);
    if (error) continue;
    const std::string rotational = FirstLine(real / "queue/rotational");
    if (rotational == "0") return "non-rotational";
    if (rotational == "1") return "rotational";
  }
  return "";
}

void ReadDataLocation(const fs::path& root, const fs::path& directory, MachineFacts& facts) {
  facts.mount = FindMount(directory, root);
  facts.is_ram_disk = IsRamDisk(directory);
  facts.device_kind = DeviceKind(root, facts.mount.source);
  try {
    facts.free_bytes = FreeDiskBytes(directory);
  } catch (const EnvironmentError&) {
    facts.free_bytes.reset();  // then it is not known
  }
}

std::string KernelName() {
  utsname system{};
  if (uname(&system) != 0) return "";
  return fmt::format("{} {} {}", system.sysname, system.release, system.machine);
}

std::optional<uint64_t> OpenFilesLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return limit.rlim_cur;
}

void DescribeBuild(MachineFacts& facts) {
  facts.compiler = kCompiler;
  facts.build_type = KVS_BUILD_TYPE;
  facts.sanitizer = KVS_SANITIZER;
  facts.has_assertions = kAssertions;
  facts.fmt_version =
      fmt::format("{}.{}.{}", FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100);
}

}  // namespace

MachineFacts ReadMachineFacts(const fs::path& data_directory, const fs::path& system_root) {
  const fs::path all_cpus = system_root / "sys/devices/system/cpu";
  MachineFacts facts;
  facts.cpu_model = CpuModel(system_root / "proc/cpuinfo");
  facts.cpus = OnlineCpus(all_cpus);
  facts.governors = Governors(all_cpus);
  facts.turbo = Turbo(all_cpus);
  facts.smt = ReadSwitch(all_cpus / "smt/active");
  ReadVirtualisation(system_root, facts);
  facts.steal_share = StealShare(system_root / "proc/stat");
  facts.clock_source =
      FirstLine(system_root / "sys/devices/system/clocksource/clocksource0/current_clocksource");
  facts.load = LeadingFraction(FirstLine(system_root / "proc/loadavg"));
  facts.pressure = {.cpu = PressurePercent(system_root / "proc/pressure/cpu"),
                    .memory = PressurePercent(system_root / "proc/pressure/memory"),
                    .io = PressurePercent(system_root / "proc/pressure/io")};
  facts.cgroup = ReadCgroupLimits(system_root);
  facts.open_files = OpenFilesLimit();
  ReadMemory(system_root, facts);
  ReadDataLocation(system_root, data_directory, facts);
  facts.kernel = KernelName();
  facts.os = ValueIn(system_root / "etc/os-release", "PRETTY_NAME", '=');
  DescribeBuild(facts);
  return facts;
}

}  // namespace kvs
