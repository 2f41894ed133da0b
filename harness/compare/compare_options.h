// What `kvs-bench compare` is asked for.
#ifndef KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_
#define KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace kvs::compare {

// The values as they were written, "" where not given.
struct RawCompareOptions {
  bool is_used = false;  // the command is `compare`
  std::vector<std::string> files;
  std::string threshold;
  std::string format;
  bool allow_environment_mismatch = false;
  bool judge_flush_bound = false;
  bool no_color = false;
};

enum class Format : uint8_t { kTable, kMarkdown, kActionJson };

struct CompareOptions {
  std::filesystem::path baseline;
  std::filesystem::path candidate;
  double threshold = 0.02;  // changes by less than this factor, less 1, do not matter
  Format format = Format::kTable;
  bool allow_environment_mismatch = false;
  bool judge_flush_bound = false;
  bool color = true;
};

// Adds the command `compare` to `app`, which must not outlive `raw`.
void DefineCompareCommand(CLI::App& app, RawCompareOptions& raw);

// Throws UsageError.
CompareOptions InterpretCompare(const RawCompareOptions& raw);

}  // namespace kvs::compare

#endif  // KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_
