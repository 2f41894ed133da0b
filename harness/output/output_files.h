// The files that a run leaves: its result, and the same as CSV.
#ifndef KVS_HARNESS_OUTPUT_OUTPUT_FILES_H_
#define KVS_HARNESS_OUTPUT_OUTPUT_FILES_H_

#include <filesystem>
#include <optional>

#include "harness/output/claimed_run_writer.h"
#include "harness/output/file_claim.h"
#include "results/model.h"

namespace kvs {

// What was measured is not lost: no file that is there is written over, unless the user says so,
// and no two runs write the same file.
//
// Thread safety: one thread at a time.
class OutputFiles {
 public:
  // Of a new run. Without a `result_file`, it gets one of a new name below ./kvs-bench-results,
  // which is made if need be. Throws UsageError where a file that is not empty is there and not to
  // be `replace`d, and EnvironmentError where one could not be written afterwards, or another run
  // is writing it.
  static OutputFiles OfNewRun(std::optional<std::filesystem::path> result_file,
                              std::optional<std::filesystem::path> csv_file, bool replace);

  // Of a run that goes on in `result_file`, which `claim` has. The CSV may be there: it is written
  // anew of the same trials. Throws UsageError where the file there is no CSV of kvs-bench, and
  // EnvironmentError as above.
  static OutputFiles OfResumedRun(std::filesystem::path result_file,
                                  std::optional<std::filesystem::path> csv_file, FileClaim claim);

  // The name of a new run's file is known from Begin() on, unless it was given.
  const std::filesystem::path& result_file() const { return result_file_; }
  const std::optional<std::filesystem::path>& csv_file() const { return csv_file_; }

  // Writes a run before its first trial, so that its file is there for nobody else, and to resume.
  // Throws as OfNewRun, if others were faster, and as Save.
  void Begin(const Run& run);
  // Writes the run so far; the result file atomically, so that no crash leaves half of it. Throws
  // EnvironmentError, also when another run writes the same file.
  void Save(const Run& run);

 private:
  OutputFiles(std::filesystem::path result_file, std::optional<std::filesystem::path> csv_file,
              FileClaim claim);

  std::filesystem::path result_file_;  // empty: one of a new name
  std::optional<std::filesystem::path> csv_file_;
  ClaimedRunWriter writer_;
  bool must_be_new_ = false;  // the result file that was named
};

// Checks that `path` is no file, or one that TrialsToCsv wrote. Throws UsageError.
void CheckCsvMayBeReplaced(const std::filesystem::path& path);

// Writes the trials of `run` to `path`. Throws EnvironmentError.
void WriteCsv(const Run& run, const std::filesystem::path& path);

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_OUTPUT_FILES_H_
