// What `kvs-bench compare` is asked for.
#ifndef KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_
#define KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/options/engine_choice.h"
#include "results/paired_comparison.h"

namespace CLI {
class App;
}

namespace kvs {

struct RawOptions;
struct RunOptions;

namespace compare {

// Of a trial: short ones, because figures vary more from process to process than within one.
inline constexpr const char* kDefaultDuration = "100ms";
inline constexpr const char* kDefaultWarmup = "50ms";

// The values as they were written, "" where not given.
struct RawCompareOptions {
  bool is_used = false;            // the command is `compare`
  std::vector<std::string> files;  // empty: the arms are measured
  std::string baseline, candidate;
  std::string baseline_engine, candidate_engine;
  std::string blocks, stages;
  bool no_copy = false;
  std::string threshold;
  std::string format;
  bool allow_environment_mismatch = false;
  bool judge_flush_bound = false;
  bool no_color = false;
};

enum class Format : uint8_t { kTable, kMarkdown, kActionJson };

// Two result files.
struct StoredOptions {
  std::filesystem::path baseline;
  std::filesystem::path candidate;
  bool allow_environment_mismatch = false;
};

struct CellRequest {
  PairedCell names;
  // What the arms' programs are told, but for what is the same for every cell: --dir and the like.
  std::vector<std::string> baseline_arguments;
  std::vector<std::string> candidate_arguments;
};

// Two programs, or two engines of one, to be measured beside each other.
struct PairedOptions {
  // "" is this program.
  std::filesystem::path baseline_program;
  std::filesystem::path candidate_program;
  std::vector<CellRequest> cells;  // at least one
  bool has_copy = true;            // the A/A arm
  std::optional<unsigned> blocks;  // of a stage; unset: as many as fit into its time
  unsigned stages = 1;
  uint64_t seed = 1;
  std::optional<std::filesystem::path> data_directory;    // --dir
  std::optional<std::filesystem::path> output_directory;  // --out
  bool quiet = false;
};

struct CompareOptions {
  std::variant<StoredOptions, PairedOptions> arms;
  double threshold = 0.02;  // changes by less than this factor, less 1, do not matter
  Format format = Format::kTable;
  bool judge_flush_bound = false;
  bool color = true;
};

// Adds the command `compare` to `app`, which must not outlive `raw`, but for the options that it
// has in common with a run.
CLI::App& DefineCompareCommand(CLI::App& app, RawCompareOptions& raw);

// Without the arms, where these are measured. Throws UsageError.
CompareOptions InterpretCompare(const RawCompareOptions& raw);

// The engines that --engine or --baseline-engine and --candidate-engine name, as values of
// --engine. Throws UsageError when none are named.
std::vector<std::string> ComparedEngines(const RawOptions& raw);

// `run` is what a run would do with the options that are common to both; `workloads` the names of
// its workloads as they were written, or nothing where other options describe the only one. Throws
// UsageError.
PairedOptions InterpretPaired(const RawOptions& raw, const RunOptions& run,
                              const std::vector<std::string>& workloads, EngineTable engines);

}  // namespace compare
}  // namespace kvs

#endif  // KVS_HARNESS_COMPARE_COMPARE_OPTIONS_H_
