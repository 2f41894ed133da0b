// From the words after `kvs-bench` to what shall be run.
#ifndef KVS_HARNESS_COMMAND_LINE_H_
#define KVS_HARNESS_COMMAND_LINE_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engines/registry.h"
#include "harness/driver.h"
#include "workloads/spec.h"

namespace kvs {

using EngineTable = std::span<const EngineDefinition* const>;

// One engine with its settings, as one column of the comparison.
struct EngineChoice {
  const EngineDefinition* definition = nullptr;
  std::map<std::string, std::string> settings;

  // "rocksdb", "rocksdb:block_size=16KiB,compression=lz4": the settings in order of their names.
  std::string Label() const;
};

// A run as asked for; defaults are those of a bare `kvs-bench`.
struct RunOptions {
  std::vector<EngineChoice> engines;
  std::vector<Spec> workloads;  // operation_count set: that many operations instead of duration_s
  std::vector<unsigned> threads = {1, 2};
  std::vector<PoolKind> pools = {PoolKind::kDedicated};
  std::vector<Durability> tiers = {Durability::kProcess};
  unsigned trials = 3;
  double duration_s = 2;
  double warmup_s = 0.5;
  double timeout_s = 600;  // of one trial, from the start of its process to its end
  double sampling_period = 64;
  bool verify_fully = false;
  uint64_t seed = 1;
  uint64_t memory_budget_bytes = 0;

  std::optional<std::filesystem::path> data_directory;  // --dir
  bool keep = false;
  bool load_only = false;
  std::optional<std::filesystem::path> existing_store;  // --use-existing

  std::optional<std::filesystem::path> result_file;  // --out
  std::optional<std::filesystem::path> csv_file;
  bool quiet = false;
  bool color = true;
};

struct CommandLine {
  enum class Action : uint8_t { kRun, kList, kPrint };
  Action action = Action::kRun;
  RunOptions run;             // kRun
  bool list_as_json = false;  // kList
  std::string text;           // kPrint: help or version, for stdout
};

// Reads the command line. `engines` are those that --engine may name. Throws UsageError.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments, EngineTable engines);

// Reads one value of --engine: names separated by commas, each with settings after a colon,
// "lockfree:ordered=true,segment_size=64MiB,rocksdb". An item that holds a '=' with no ':' before
// it is one more setting of the engine before it. "all" stands for every engine. Throws UsageError.
std::vector<EngineChoice> ParseEngines(const std::string& text, EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_COMMAND_LINE_H_
