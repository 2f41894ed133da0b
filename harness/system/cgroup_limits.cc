#include "harness/system/cgroup_limits.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "harness/system/mount_table.h"
#include "harness/system/system_file.h"

namespace kvs {
namespace {

namespace fs = std::filesystem;

// Version 1 says "no limit" by the largest multiple of a page below 2^63.
constexpr uint64_t kNoMemoryLimit = uint64_t{1} << 62;

// Whether the comma-separated `list` has `word`.
bool Lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(','), list.size());
    if (list.substr(0, end) == word) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

// The directories of the group at `path` and of those above it, innermost first, in the hierarchy
// that `mount` shows. Of a group outside of what is mounted (a container that sees its own groups
// only) just the topmost directory.
std::vector<fs::path> GroupDirectories(const fs::path& system_root, const Mount& mount,
                                       const std::string& path) {
  const fs::path top = system_root / fs::path(mount.point).relative_path();
  fs::path below = fs::path(path).lexically_relative(mount.root);
  if (below.empty() || *below.begin() == "..") below = ".";
  std::vector<fs::path> directories;
  for (; !below.empty() && below != "."; below = below.parent_path()) {
    directories.push_back(top / below);
  }
  directories.push_back(top);
  return directories;
}

template <typename T>
void Tighten(std::optional<T>& limit, T other) {
  limit = limit ? std::min(*limit, other) : other;
}

// "150000 100000": microseconds of CPU time in every so many microseconds; "max 100000": no limit.
void ReadCpuMax(const fs::path& directory, CgroupLimits& limits) {
  const std::string line = FirstLine(directory / "cpu.max");
  const std::optional<uint64_t> quota = LeadingNumber(line);
  const size_t blank = line.find(' ');
  if (!quota || blank == std::string::npos) return;
  const std::optional<uint64_t> period = LeadingNumber(std::string_view(line).substr(blank + 1));
  if (!period || *period == 0) return;
  Tighten(limits.cpus, static_cast<double>(*quota) / static_cast<double>(*period));
}

// A quota of -1 is no limit.
void ReadCfsQuota(const fs::path& directory, CgroupLimits& limits) {
  const std::optional<uint64_t> quota = LeadingNumber(FirstLine(directory / "cpu.cfs_quota_us"));
  const std::optional<uint64_t> period = LeadingNumber(FirstLine(directory / "cpu.cfs_period_us"));
  if (!quota || !period || *period == 0) return;
  Tighten(limits.cpus, static_cast<double>(*quota) / static_cast<double>(*period));
}

void ReadMemoryLimit(const fs::path& file, CgroupLimits& limits) {
  const std::optional<uint64_t> bytes = LeadingNumber(FirstLine(file));
  if (bytes && *bytes < kNoMemoryLimit) Tighten(limits.memory_bytes, *bytes);
}

// One line of /proc/self/cgroup: "4:memory:/path", or "0::/path" of version 2.
struct Membership {
  std::string controllers;
  std::string path;
  bool IsVersion2() const { return controllers.empty(); }
};

std::vector<Membership> ReadMemberships(const fs::path& system_root) {
  std::vector<Membership> memberships;
  std::ifstream file(system_root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    memberships.push_back({line.substr(first + 1, second - first - 1), line.substr(second + 1)});
  }
  return memberships;
}

bool Shows(const Mount& mount, const Membership& membership, std::string_view controller) {
  if (membership.IsVersion2()) return mount.type == "cgroup2";
  return mount.type == "cgroup" && Lists(membership.controllers, controller) &&
         Lists(mount.options, controller);
}

// Whether version 1 has taken `controller`, so that version 2 says nothing about it.
bool IsOfVersion1(const std::vector<Membership>& memberships, std::string_view controller) {
  return std::any_of(memberships.begin(), memberships.end(), [&](const Membership& membership) {
    return Lists(membership.controllers, controller);
  });
}

// Calls `read(directory, is_version_2)` on each group that could limit `controller`; whether there
// was one.
template <typename Read>
bool VisitGroups(const fs::path& system_root, std::string_view controller, Read read) {
  const std::vector<Mount> mounts = ReadMountTable(system_root);
  const std::vector<Membership> memberships = ReadMemberships(system_root);
  bool found = false;
  for (const Membership& membership : memberships) {
    if (membership.IsVersion2() && IsOfVersion1(memberships, controller)) continue;
    const auto mount = std::find_if(mounts.begin(), mounts.end(), [&](const Mount& candidate) {
      return Shows(candidate, membership, controller);
    });
    if (mount == mounts.end()) continue;
    for (const fs::path& directory : GroupDirectories(system_root, *mount, membership.path)) {
      std::error_code ignored;  // what cannot be looked at says nothing
      if (!fs::is_directory(directory, ignored)) continue;
      found = true;
      read(directory, membership.IsVersion2());
    }
  }
  return found;
}

}  // namespace

CgroupLimits ReadCgroupLimits(const fs::path& system_root) {
  CgroupLimits limits;
  limits.cpu_is_known =
      VisitGroups(system_root, "cpu", [&](const fs::path& directory, bool is_version_2) {
        is_version_2 ? ReadCpuMax(directory, limits) : ReadCfsQuota(directory, limits);
      });
  limits.memory_is_known =
      VisitGroups(system_root, "memory", [&](const fs::path& directory, bool is_version_2) {
        ReadMemoryLimit(directory / (is_version_2 ? "memory.max" : "memory.limit_in_bytes"),
                        limits);
      });
  return limits;
}

}  // namespace kvs
