// A file that is there as a whole or not at all.
#ifndef KVS_RESULTS_ATOMIC_FILE_H_
#define KVS_RESULTS_ATOMIC_FILE_H_

#include <filesystem>
#include <string_view>

namespace kvs {

// Makes `path` a regular file that holds `content`: written aside in the same directory, synced,
// renamed, and the directory synced. A symbolic link is followed. Throws std::runtime_error with
// the path, the step and the system's reason, and then leaves what was at `path` as it was; also
// when something other than a regular file is there.
void WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

}  // namespace kvs

#endif  // KVS_RESULTS_ATOMIC_FILE_H_
