// What a run is asked for.
#ifndef KVS_HARNESS_RUN_RUN_OPTIONS_H_
#define KVS_HARNESS_RUN_RUN_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "engines/engine.h"
#include "harness/driver/driver.h"
#include "harness/find_max/cell_search.h"
#include "harness/options/engine_choice.h"
#include "harness/system/page_cache.h"
#include "workloads/spec.h"

namespace kvs {

// A run as asked for; defaults are those of a bare `kvs-bench`.
struct RunOptions {
  std::vector<EngineChoice> engines;
  std::vector<Spec> workloads;  // operation_count set: that many operations instead of duration_s
  std::vector<unsigned> threads = {1, 2};
  std::vector<PoolKind> pools = {PoolKind::kDedicated};
  std::vector<Durability> tiers = {Durability::kProcess};
  unsigned trials = 3;
  double duration_s = 2;
  double warmup_s = 0.5;              // 0 with `cold`
  std::optional<ColdStart> cold;      // --cold; unset: the page cache is left as it is
  double timeout_s = 600;             // of one trial, from the start of its process to its end
  std::optional<OpenLoop> open_loop;  // --rate; unset: closed loop
  std::optional<find_max::FindMaxOptions> find_max;  // --find-max; then the trials: closed loop
  std::optional<double> sampling_period;             // closed loop; see DriverOptions
  bool verify_fully = false;
  bool has_floor = true;  // trials of `null` beside the cells, to know the harness's own cost
  uint64_t seed = 1;
  uint64_t memory_budget_bytes = 0;

  std::optional<std::filesystem::path> data_directory;  // --dir
  bool keep = false;
  bool load_only = false;
  std::optional<std::filesystem::path> existing_store;  // --use-existing

  std::optional<std::filesystem::path> result_file;  // --out
  std::optional<std::filesystem::path> csv_file;
  bool replace = false;  // --force: what is there under these names
  bool costs = false;    // print a table of them too
  bool quiet = false;
  bool color = true;
};

// How a run that was interrupted goes on.
struct ResumeOptions {
  std::filesystem::path result_file;        // of the run: read, and then written
  bool allow_environment_mismatch = false;  // a note instead of a refusal
};

}  // namespace kvs

#endif  // KVS_HARNESS_RUN_RUN_OPTIONS_H_
