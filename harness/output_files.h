// The files that a run leaves: its result, and the same as CSV.
#ifndef KVS_HARNESS_OUTPUT_FILES_H_
#define KVS_HARNESS_OUTPUT_FILES_H_

#include <filesystem>
#include <optional>

#include "harness/file_claim.h"
#include "results/model.h"

namespace kvs {

// Thread safety: one thread at a time.
class OutputFiles {
 public:
  // Without a `result_file`, one of a new name below ./kvs-bench-results, which is made if need be.
  // Throws EnvironmentError where a file could not be written afterwards.
  OutputFiles(std::optional<std::filesystem::path> result_file,
              std::optional<std::filesystem::path> csv_file);

  const std::filesystem::path& result_file() const { return result_file_; }
  const std::optional<std::filesystem::path>& csv_file() const { return csv_file_; }

  // Writes the run so far; the result file atomically, so that no crash leaves half of it. Throws
  // EnvironmentError, also when another run writes the same file.
  void Save(const Run& run);

 private:
  const std::filesystem::path result_file_;
  const std::optional<std::filesystem::path> csv_file_;
  FileClaim claim_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_FILES_H_
