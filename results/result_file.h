// Result files: one JSON per run. At the top it has Google Benchmark's layout (`context`,
// `benchmarks`), so that its compare.py and what else reads it works unchanged; everything of ours
// is under `kvs_bench`. results/schema/result-v1.schema.json describes every member.
#ifndef KVS_RESULTS_RESULT_FILE_H_
#define KVS_RESULTS_RESULT_FILE_H_

#include <cstddef>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "results/model.h"

namespace kvs {

// A change to anything under `kvs_bench`, derived figures included, makes a new version; but for
// members that may be missing, as older files stay readable. A newer file is refused by older
// programs, which name the member that they do not know.
inline constexpr unsigned kResultSchemaVersion = 1;

// A result that cannot be written, or read as written. what() names the file, the place in it as a
// JSON pointer (RFC 6901) where there is one, and what is wrong.
class ResultFileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Writes a run again and again while trials are added to it, and makes the text of each trial only
// once: the text of all would soon take longer to make than the next trial to run.
//
// Thread safety: one thread at a time.
class RunWriter {
 public:
  // As WriteRun. Of `run`, the trials that an earlier call had are the same as then. Before the new
  // file is renamed to `path`, `before_rename` is called, if anything, with its name until then;
  // what it throws comes out of here, and leaves what is at `path` as it was.
  void Write(const Run& run, const std::filesystem::path& path,
             const std::function<void(const std::filesystem::path&)>& before_rename = nullptr);

  // The text that Write would write. `origin` stands for the file name in messages.
  std::string Text(const Run& run, std::string_view origin);

 private:
  void AddNewTrials(const std::vector<Trial>& trials);

  std::string trials_;  // the elements of the array in the file
  size_t count_ = 0;    // of trials in there
};

// Writes `run` to `path`, replacing a regular file that is there. Atomic and durable: the file is
// written aside in the same directory, synced and renamed, so readers see the old or the new one
// and a crash leaves no half. Throws ResultFileError when the system refuses, when `path` is
// something else than a regular file, or when `run` holds a number that no result has (infinite,
// not a number, below 0) or a property name twice. Bytes that are not UTF-8 are written as U+FFFD.
void WriteRun(const Run& run, const std::filesystem::path& path);

// Reads what WriteRun wrote. Throws ResultFileError when the file cannot be read, is cut short, is
// of another schema version, has a member missing, unknown or of the wrong type, or when
// `benchmarks` or `kvs_bench.cells` are not what its trials give (edited by hand). A cell's notes
// and harness share may differ: they are concluded by rules that change from version to version.
Run ReadRun(const std::filesystem::path& path);

// The same text without the file.
std::string RunToJson(const Run& run);
// `origin` stands for the file name in messages.
Run RunFromJson(std::string_view text, std::string_view origin);

// One trial alone, on one line: what the process of a trial hands to its parent.
std::string TrialToJson(const Trial& trial);
Trial TrialFromJson(std::string_view text, std::string_view origin);

}  // namespace kvs

#endif  // KVS_RESULTS_RESULT_FILE_H_
