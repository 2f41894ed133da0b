// Where data can lie, and whether there is room for it.
#ifndef KVS_HARNESS_SYSTEM_DATA_LOCATION_H_
#define KVS_HARNESS_SYSTEM_DATA_LOCATION_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kvs {

// The default parent: ./kvs-bench-data.
std::filesystem::path DefaultDataDirectory();

// The nearest existing directory at or above `path`: the one whose file system will hold it.
std::filesystem::path NearestExisting(const std::filesystem::path& path);

// Whether files at `path` (or, before it exists, where it would be made) lie in memory.
bool IsRamDisk(const std::filesystem::path& path);

// Where data lies: in `asked`, or in the default directory, which must not be in memory: figures of
// a RAM disk have to be asked for. Throws EnvironmentError.
std::filesystem::path DataDirectory(const std::optional<std::filesystem::path>& asked);

// Bytes that an ordinary user may still write there. Throws EnvironmentError.
uint64_t FreeDiskBytes(const std::filesystem::path& path);

// The file system at `path` as the system lists its mounts, which is looked up below `system_root`.
struct MountInfo {
  std::string type = "unknown";    // "ext4"; "unknown" when the mount cannot be found
  std::string source = "unknown";  // "/dev/sda1"
  std::string options;             // of the file system: "rw,discard"
};
MountInfo FindMount(const std::filesystem::path& path,
                    const std::filesystem::path& system_root = "/");

// 0 when a file can be made in `directory`, otherwise the system's reason (errno). Makes one, as
// permissions do not tell, and removes it.
int WhyNotWritable(const std::filesystem::path& directory);

// Refuses, before anything is measured, a file that could not be written afterwards; its directory
// has to be there. Throws EnvironmentError.
void CheckWritable(const std::filesystem::path& file);

// Makes a directory of the program's choice, for files of its choice, unless it is there; `option`
// names another one. Throws EnvironmentError where no file can be made in it.
void MakeDefaultDirectory(const std::filesystem::path& directory, std::string_view option);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_DATA_LOCATION_H_
