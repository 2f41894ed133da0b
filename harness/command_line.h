// From the words after `kvs-bench` to what shall be run.
#ifndef KVS_HARNESS_COMMAND_LINE_H_
#define KVS_HARNESS_COMMAND_LINE_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "harness/compare/compare_options.h"
#include "harness/doctor/doctor_options.h"
#include "harness/driver.h"
#include "harness/engine_choice.h"
#include "harness/find_max/cell_search.h"
#include "harness/page_cache.h"
#include "harness/selftest/selftest_options.h"
#include "harness/verify/verify_options.h"
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

struct CommandLine {
  enum class Action : uint8_t {
    kRun,
    kResume,
    kList,
    kVerify,
    kDoctor,
    kSelftest,
    kCompare,
    kPrint
  };
  Action action = Action::kRun;
  RunOptions run;                      // kRun; kResume: only what belongs to output
  ResumeOptions resume;                // kResume
  bool list_as_json = false;           // kList
  verify::VerifyOptions verify;        // kVerify
  doctor::DoctorOptions doctor;        // kDoctor
  selftest::SelftestOptions selftest;  // kSelftest
  compare::CompareOptions compare;     // kCompare
  std::string text;                    // kPrint: help or version, for stdout
};

// Reads the command line. `engines` are those that --engine may name. Throws UsageError.
CommandLine ParseCommandLine(const std::vector<std::string>& arguments, EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_COMMAND_LINE_H_
