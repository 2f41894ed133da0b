// Records the trials that the detector is measured with.
#ifndef KVS_HARNESS_SELFTEST_DETECTOR_RECORD_H_
#define KVS_HARNESS_SELFTEST_DETECTOR_RECORD_H_

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/exit_code.h"
#include "harness/selftest/detector_pool.h"
#include "harness/selftest/selftest_options.h"
#include "harness/trial/trial_plan.h"

namespace kvs::detector {

// What is measured in each block. Small enough that a block of all arms takes some seconds.
struct RecordedCell {
  std::string_view name;
  std::string_view engine;
  std::string_view workload;
  unsigned threads = 1;
  double window_s = 0;
  // In arm "tail": one call in so many is held for so long. Just enough calls for the highest
  // percentile with enough samples to be among them, and so short that the mean hardly changes.
  uint64_t tail_every = 0;
  uint64_t tail_held_ns = 0;
  // Writes of all arms hold a lock around their call, and in arm "lock" longer.
  bool has_lock = false;
};
// With --smoke one of them.
std::span<const RecordedCell> RecordedCells(const selftest::DetectorOptions& options);
// In the order of kDetectorArms.
std::vector<DetectorArm> ArmsOf(const RecordedCell& cell);

// A trial of a pool, its directory not set.
struct PlannedPoolTrial {
  std::string arm;
  TrialPlan plan;
};
// The trials of a cell in block `block`: each arm twice, in a BlockOrder drawn from `random`; the
// same seed in all of them. Throws UsageError when the engine cannot do it.
std::vector<PlannedPoolTrial> PlanBlock(const selftest::DetectorOptions& options,
                                        const RecordedCell& cell, unsigned block,
                                        std::mt19937_64& random);

// The trials of a cell in run `run` of the sequential pool: 40 of the baseline in a row (with
// --smoke 2), then of each candidate, whose order is drawn from `random`; trial k of each with the
// same seed. Throws as PlanBlock.
std::vector<PlannedPoolTrial> PlanSequentialRun(const selftest::DetectorOptions& options,
                                                const RecordedCell& cell, unsigned run,
                                                std::mt19937_64& random);

// Adds to the pools in options.pool until they have what is asked for, a run of the one after each
// so many blocks of the other. Both files are whole after each block; a stop request drops the
// block that it falls into. Throws UsageError when the pools were made otherwise, EnvironmentError.
ExitCode RecordPools(const selftest::DetectorOptions& options);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_DETECTOR_RECORD_H_
