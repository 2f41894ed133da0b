#include "harness/data_location.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"

namespace kvs {

std::filesystem::path DefaultDataDirectory() { return "kvs-bench-data"; }

std::filesystem::path NearestExisting(const std::filesystem::path& path) {
  std::filesystem::path candidate = std::filesystem::absolute(path).lexically_normal();
  std::error_code ignored;  // what cannot be looked at is not there for us
  while (!std::filesystem::exists(candidate, ignored) && candidate.has_relative_path()) {
    candidate = candidate.parent_path();
  }
  return candidate;
}

bool IsRamDisk(const std::filesystem::path& path) {
  struct statfs status {};
  if (statfs(NearestExisting(path).c_str(), &status) != 0) return false;
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

uint64_t FreeDiskBytes(const std::filesystem::path& path) {
  const std::filesystem::path existing = NearestExisting(path);
  struct statvfs status {};
  if (statvfs(existing.c_str(), &status) != 0) {
    throw EnvironmentError(fmt::format("{}: free space: {}", existing.string(),
                                       std::generic_category().message(errno)));
  }
  return static_cast<uint64_t>(status.f_bavail) * status.f_frsize;
}

MountInfo FindMount(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(NearestExisting(path).c_str(), &status) != 0) return {"unknown", "unknown"};
  const std::string device = fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
  // proc(5), /proc/pid/mountinfo: id parent major:minor root mount-point options [optional ...] -
  // type source super-options.
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, number;
    words >> id >> parent >> number;
    const size_t dash = line.find(" - ");
    if (number != device || dash == std::string::npos) continue;
    std::istringstream rest(line.substr(dash + 3));
    MountInfo mount;
    rest >> mount.type >> mount.source;
    return mount;
  }
  return {"unknown", "unknown"};
}

void CheckWritable(const std::filesystem::path& file, bool make_directory) {
  std::filesystem::path directory = file.parent_path();
  if (directory.empty()) directory = ".";
  std::error_code error;
  if (make_directory) std::filesystem::create_directories(directory, error);
  if (error) {
    throw EnvironmentError(fmt::format("{}: {}", directory.string(), error.message()));
  }
  if (!std::filesystem::is_directory(directory)) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {} is not a directory",
                                       file.string(), directory.string()));
  }
  if (std::filesystem::exists(file) && !std::filesystem::is_regular_file(file)) {
    throw EnvironmentError(fmt::format("{}: is not a regular file", file.string()));
  }
  // Root passes access(2) on a read-only mount's mode bits, but not this.
  std::string probe = (directory / ".kvs-bench-XXXXXX").string();
  const int fd = mkstemp(probe.data());
  if (fd < 0) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {}: {}", file.string(),
                                       directory.string(), std::generic_category().message(errno)));
  }
  close(fd);
  unlink(probe.c_str());
}

}  // namespace kvs
