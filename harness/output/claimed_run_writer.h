// Writes the result file of a run that is going on, and keeps other runs from it.
#ifndef KVS_HARNESS_OUTPUT_CLAIMED_RUN_WRITER_H_
#define KVS_HARNESS_OUTPUT_CLAIMED_RUN_WRITER_H_

#include <filesystem>
#include <utility>

#include "harness/output/file_claim.h"
#include "results/model.h"
#include "results/result_file.h"

namespace kvs {

// Each new file is claimed before it takes the place of the one before, so there is no moment in
// which another run could have the file.
//
// Thread safety: one thread at a time.
class ClaimedRunWriter {
 public:
  ClaimedRunWriter() = default;
  // Of a file that `claim` has already.
  explicit ClaimedRunWriter(FileClaim claim) : claim_(std::move(claim)) {}

  // Makes an empty file at `path` and claims it; returns false when something is there already.
  // Throws EnvironmentError when it cannot be made, or another run was faster to claim it.
  bool Make(const std::filesystem::path& path);

  // Claims the file at `path`, if there is one. Throws EnvironmentError when another run has it.
  void Claim(const std::filesystem::path& path);

  // Writes the run so far to `path`, the same each time, atomically, so that no crash leaves half
  // of it. Throws EnvironmentError, also when another run has the file, and leaves that as it is
  // then.
  void Write(const Run& run, const std::filesystem::path& path);

 private:
  FileClaim claim_;
  RunWriter writer_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_CLAIMED_RUN_WRITER_H_
