#include "harness/doctor/storage_checks.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/doctor/verdict.h"
#include "results/human_units.h"

namespace kvs::doctor {
namespace {

constexpr std::string_view kLocalFileSystems[] = {"ext2", "ext3", "ext4", "xfs",      "btrfs",
                                                  "f2fs", "jfs",  "zfs",  "bcachefs", "nilfs2"};

// Between the program and a disk stands another file system, another program or a network.
constexpr std::string_view kIndirectFileSystems[] = {
    "overlay", "aufs", "ecryptfs", "nfs",       "nfs4",   "cifs",   "smb3",
    "9p",      "ceph", "virtiofs", "glusterfs", "lustre", "vboxsf", "fuseblk"};

// Flash takes more than 100 us to hold a page and a disk milliseconds to turn, so an answer below
// this comes from memory: kept by a battery or capacitors, or lost with the power.
constexpr uint64_t kLeastPlausibleFlushNs = 20'000;
// The fastest disk turns in 4 ms. Not asked of virtual disks, which call themselves rotational
// whatever they are.
constexpr uint64_t kLeastPlausibleTurnNs = 500'000;

// The default run may take 357 MiB (EstimateDiskBytes), a larger one soon a few times as much;
// below the part of it that no run does without, nothing fits.
constexpr uint64_t kAmpleBytes = uint64_t{1} << 30;
constexpr uint64_t kLeastBytes = uint64_t{64} << 20;

// Linux's usual soft limit; RocksDB keeps every table file open, 64 MiB each by default, so it is
// enough for about 64 GiB. An empty store of any engine and its libraries need some dozens.
constexpr uint64_t kAmpleFiles = 1024;
constexpr uint64_t kLeastFiles = 64;

template <size_t kSize>
bool IsAmong(const std::string_view (&names)[kSize], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool LiesInMemory(const MachineFacts& facts) {
  return facts.is_ram_disk || facts.mount.type == "tmpfs" || facts.mount.type == "ramfs";
}

bool IgnoresFlushes(std::string_view mount_options) {
  const std::string options = fmt::format(",{},", mount_options);
  return options.find(",nobarrier,") != std::string::npos ||
         options.find(",barrier=0,") != std::string::npos;
}

}  // namespace

Finding CheckFileSystem(const MachineFacts& facts) {
  constexpr std::string_view kName = "file_system";
  const MountInfo& mount = facts.mount;
  const std::string seen = fmt::format("{} on {}", mount.type, mount.source);
  if (LiesInMemory(facts)) {
    return Fail(kName,
                fmt::format("the data lies on a RAM disk ({}): nothing is durable and flushes are "
                            "free",
                            mount.type),
                "name a directory on a disk with --dir");
  }
  if (mount.type == "unknown") return Unknown(kName, "the mount cannot be found");
  if (IgnoresFlushes(mount.options)) {
    return Fail(kName, seen + ", mounted so that flushes are left out: nothing is durable",
                "mount it without nobarrier and barrier=0");
  }
  if (mount.type.starts_with("fuse.") || IsAmong(kIndirectFileSystems, mount.type)) {
    return Warn(kName, seen + ": its own work is measured with that of the engines",
                "name a directory on a local disk with --dir; in a container, a volume");
  }
  if (!IsAmong(kLocalFileSystems, mount.type)) {
    return Unknown(kName, seen + ": a file system that is not known here");
  }
  return Ok(kName, seen);
}

Finding CheckFlush(const MachineFacts& facts) {
  constexpr std::string_view kName = "fdatasync";
  const FlushProbe& flush = facts.flush;
  if (!flush.median_ns) {
    return Unknown(kName,
                   flush.problem.empty() ? "not measured" : "not measured: " + flush.problem);
  }
  const std::string seen = fmt::format(
      "{}, median of {}", HumanNs(static_cast<double>(*flush.median_ns)), flush.flushes);
  if (LiesInMemory(facts)) {
    return Warn(kName, seen + ": a RAM disk has nothing to write to",
                "name a directory on a disk with --dir");
  }
  const bool must_turn = facts.device_kind == "rotational" && facts.is_virtual == false;
  if (*flush.median_ns >= (must_turn ? kLeastPlausibleTurnNs : kLeastPlausibleFlushNs)) {
    return Ok(kName, seen);
  }
  return Warn(
      kName,
      fmt::format("{}: too fast for {} to be durable", seen,
                  must_turn ? "a disk that turns" : "any device without its own power"),
      "if the device or its controller has a battery or capacitors against power loss, all "
      "is well; otherwise a cache loses what was acknowledged: switch it off (hdparm -W 0), "
      "have the virtual disk obey flushes (qemu: not cache=unsafe; else ask the provider), "
      "and do not believe in --durability sync until then");
}

Finding CheckFreeSpace(const MachineFacts& facts) {
  constexpr std::string_view kName = "free_space";
  if (!facts.free_bytes) return Unknown(kName, "the file system does not tell");
  const std::string seen = HumanBytes(*facts.free_bytes);
  const std::string remedy = "make room, or name a directory on another disk with --dir";
  if (*facts.free_bytes < kLeastBytes) return Fail(kName, seen + ": no run fits", remedy);
  if (*facts.free_bytes < kAmpleBytes) {
    return Warn(kName, seen + ": enough for little more than the default run", remedy);
  }
  return Ok(kName, seen);
}

Finding CheckOpenFiles(const MachineFacts& facts) {
  constexpr std::string_view kName = "open_files";
  if (!facts.open_files) return Unknown(kName, "the system does not tell the limit");
  const uint64_t limit = *facts.open_files;
  const std::string seen = limit == UINT64_MAX ? "no limit" : fmt::format("at most {}", limit);
  const std::string remedy = "ulimit -n 65536 (the hard limit permitting: ulimit -Hn)";
  if (limit < kLeastFiles) return Fail(kName, seen + ": too few to open a store", remedy);
  if (limit < kAmpleFiles) return Warn(kName, seen + ": too few for a large store", remedy);
  return Ok(kName, seen);
}

}  // namespace kvs::doctor
