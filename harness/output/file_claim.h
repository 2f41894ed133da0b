// Tells a result file that a run is still writing from one that a run left behind.
#ifndef KVS_HARNESS_OUTPUT_FILE_CLAIM_H_
#define KVS_HARNESS_OUTPUT_FILE_CLAIM_H_

#include <filesystem>

namespace kvs {

// A lock (flock) on the file that is at a path now; it ends with this object and with the process.
// As result files are replaced and not written to, each new one is claimed before it gets its name.
//
// Thread safety: one thread at a time.
class FileClaim {
 public:
  FileClaim() = default;
  ~FileClaim();
  FileClaim(FileClaim&& other) noexcept;
  FileClaim& operator=(FileClaim&& other) noexcept;

  // Claims the file at `path`, unless this has it already, and lets go of the one before. Returns
  // false, and changes nothing, when another process has it; true also where nobody can: no such
  // file, a file system without locks.
  bool Take(const std::filesystem::path& path);

 private:
  int fd_ = -1;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_FILE_CLAIM_H_
