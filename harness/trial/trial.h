// One trial, inside its own process: open, load, settle, cool or warm up, measure, verify, close.
#ifndef KVS_HARNESS_TRIAL_TRIAL_H_
#define KVS_HARNESS_TRIAL_TRIAL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "engines/registry.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"

namespace kvs {

// Receives where the trial is: the phase ("open", "load", "settle", "evict", "warm-up", "measure",
// "verify", "close"), how much of it is done (0..1) and the operations done in it.
using PhaseObserver =
    std::function<void(std::string_view phase, double fraction_done, uint64_t operations)>;

// Runs `plan` on `engine` and returns what came out. What the engine throws becomes the trial's
// status and reason. Once `interrupted` is set the window ends at once and the trial is
// kInterrupted, with window_s = 0 when nothing was measured.
Trial RunTrial(const TrialPlan& plan, const EngineDefinition& engine,
               const std::atomic<bool>& interrupted, const PhaseObserver& observe);

// The bytes of all blocks allocated to the files below `directory`: sparse files count what they
// take. Files that vanish meanwhile are left out. Throws std::filesystem::filesystem_error.
uint64_t AllocatedBytes(const std::filesystem::path& directory);

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_TRIAL_H_
