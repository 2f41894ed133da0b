#include "harness/system/data_location.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/system/mount_table.h"

namespace kvs {
namespace {

bool IsAtOrBelow(const std::filesystem::path& path, const std::filesystem::path& directory) {
  const std::filesystem::path rest = path.lexically_relative(directory);
  return !rest.empty() && *rest.begin() != "..";
}

}  // namespace

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

std::filesystem::path DataDirectory(const std::optional<std::filesystem::path>& asked) {
  if (asked) return *asked;
  const std::filesystem::path directory = DefaultDataDirectory();
  if (!IsRamDisk(directory)) return directory;
  throw EnvironmentError(fmt::format(
      "{} would lie on a RAM disk ({}): name a directory on a disk with --dir, or this one to "
      "measure in memory on purpose",
      std::filesystem::absolute(directory).string(), FindMount(directory).type));
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

MountInfo FindMount(const std::filesystem::path& path, const std::filesystem::path& system_root) {
  const std::filesystem::path existing = NearestExisting(path);
  struct stat status {};
  if (stat(existing.c_str(), &status) != 0) return {};
  const std::string device = fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
  // A subvolume of btrfs has a device that no mount shows; it lies below the innermost mount.
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(existing, error);
  const std::vector<Mount> mounts = ReadMountTable(system_root);
  const Mount* innermost = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.device == device) return {mount.type, mount.source, mount.options};
    if (error || !IsAtOrBelow(real, mount.point)) continue;
    if (innermost == nullptr || mount.point.size() >= innermost->point.size()) innermost = &mount;
  }
  if (innermost == nullptr) return {};
  return {innermost->type, innermost->source, innermost->options};
}

int WhyNotWritable(const std::filesystem::path& directory) {
  // Root passes access(2) on a read-only mount's mode bits, but not this.
  std::string probe = (directory / ".kvs-bench-XXXXXX").string();
  const int fd = mkstemp(probe.data());
  if (fd < 0) return errno;
  close(fd);
  unlink(probe.c_str());
  return 0;
}

void CheckWritable(const std::filesystem::path& file) {
  std::filesystem::path directory = file.parent_path();
  if (directory.empty()) directory = ".";
  if (!std::filesystem::is_directory(directory)) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {} is not a directory",
                                       file.string(), directory.string()));
  }
  if (std::filesystem::exists(file) && !std::filesystem::is_regular_file(file)) {
    throw EnvironmentError(fmt::format("{}: is not a regular file", file.string()));
  }
  if (const int reason = WhyNotWritable(directory)) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {}: {}", file.string(),
                                       directory.string(),
                                       std::generic_category().message(reason)));
  }
}

void MakeDefaultDirectory(const std::filesystem::path& directory, std::string_view option) {
  const auto refuse = [&](const std::string& reason) {
    throw EnvironmentError(fmt::format("no file can be made in {}: {}; {} names another place",
                                       directory.string(), reason, option));
  };
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) refuse(error.message());
  if (const int reason = WhyNotWritable(directory)) {
    refuse(std::generic_category().message(reason));
  }
}

}  // namespace kvs
