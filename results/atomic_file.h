// A file that is there as a whole or not at all.
#ifndef KVS_RESULTS_ATOMIC_FILE_H_
#define KVS_RESULTS_ATOMIC_FILE_H_

#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace kvs {

// A file that was not written. what() names the path, the step and the system's reason.
class AtomicFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Makes `path` a regular file that holds `content`: written aside in the same directory, synced,
// renamed, and the directory synced. A symbolic link is followed. `before_rename`, if anything, is
// called with the name of the file aside. Throws AtomicFileError, also when something other than a
// regular file is at `path`, and what `before_rename` throws; what was there is then left as it
// was, unless it was the directory that could not be synced: then the new content is there, but a
// power loss may take it.
void WriteFileAtomically(
    const std::filesystem::path& path, std::string_view content,
    const std::function<void(const std::filesystem::path& aside)>& before_rename = nullptr);

}  // namespace kvs

#endif  // KVS_RESULTS_ATOMIC_FILE_H_
