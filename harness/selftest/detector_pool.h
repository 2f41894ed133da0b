// Recorded trials from which comparisons are drawn, to see how often verdicts are right.
#ifndef KVS_HARNESS_SELFTEST_DETECTOR_POOL_H_
#define KVS_HARNESS_SELFTEST_DETECTOR_POOL_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/model.h"

namespace kvs::detector {

// What a trial of a pool is slowed by. All arms are measured through the engine `slowed`.
struct DetectorArm {
  std::string_view name;  // "by5"
  double loss = 0;        // share of the throughput, by intention
  bool has_tail = false;  // one call in some hundred is held
  bool has_lock = false;  // writes hold a lock for longer
};
inline constexpr std::string_view kBaseline = "baseline";
inline constexpr std::string_view kCopy = "copy";  // the A/A arm that comparisons are checked with
inline constexpr std::string_view kSame = "same";  // a candidate that did not change
inline constexpr std::string_view kFivePercent = "by5";
inline constexpr DetectorArm kDetectorArms[] = {
    {.name = kBaseline},
    {.name = kCopy},
    {.name = kSame},
    {.name = "by3", .loss = 0.03},
    {.name = kFivePercent, .loss = 0.05},
    {.name = "by10", .loss = 0.1},
    {.name = "by20", .loss = 0.2},
    {.name = "tail", .has_tail = true},
    {.name = "lock", .has_lock = true},
};
// Null when there is none of that name.
const DetectorArm* FindDetectorArm(std::string_view name);

// What the trials of one kind of operation told.
struct PoolLatency {
  uint64_t samples = 0;
  uint64_t p50_ns = 0;
  uint64_t p99_ns = 0;
  uint64_t p999_ns = 0;

  friend bool operator==(const PoolLatency&, const PoolLatency&) = default;
};

struct PoolTrial {
  std::string cell;
  unsigned block = 0;     // of all cells; of a sequential pool: the run
  unsigned position = 0;  // in the cell's part of the block, from 0 on
  std::string arm;
  double throughput_per_s = 0;
  std::optional<PoolLatency> read = {};  // nothing where none was sampled
  std::optional<PoolLatency> update = {};
  double elapsed_s = 0;  // of its process, and of clearing up after it

  friend bool operator==(const PoolTrial&, const PoolTrial&) = default;
};

struct Pool {
  // How it was made, by name. A pool goes on only as it began, "started" aside.
  Properties origin;
  std::vector<PoolTrial> trials;  // whole blocks, in the order in which they ran

  // Of whole blocks, in the order of their first trial.
  std::vector<std::string> Cells() const;
  unsigned Blocks() const;

  friend bool operator==(const Pool&, const Pool&) = default;
};

// The file names of both pools in their directory.
inline constexpr std::string_view kPairedFile = "paired.csv";
inline constexpr std::string_view kSequentialFile = "sequential.csv";

// Lines "# name: value" of the origin, the names of the columns, and one line per trial; figures to
// 4 digits, which is finer than any of them repeats.
std::string PoolToText(const Pool& pool);
// Throws UsageError that names `path`, the line, and what is wrong in it.
Pool PoolFromText(std::string_view text, const std::filesystem::path& path);

// Nothing when there is no such file. Throws UsageError.
std::optional<Pool> ReadPool(const std::filesystem::path& path);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_DETECTOR_POOL_H_
