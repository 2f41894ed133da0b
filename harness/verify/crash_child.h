// What the processes under test of `verify crash` do, and the writes that both sides know.
#ifndef KVS_HARNESS_VERIFY_CRASH_CHILD_H_
#define KVS_HARNESS_VERIFY_CRASH_CHILD_H_

#include <cstdint>
#include <functional>

#include <nlohmann/json_fwd.hpp>

#include "engines/registry.h"
#include "harness/verify/verify_plan.h"
#include "harness/verify/verify_progress.h"

namespace kvs::verify {

struct CrashWrite {
  uint32_t key = 0;
  bool is_remove = false;
};

// Operation `number` of `worker`, a function of its arguments: worker w owns the keys w, w +
// workers, w + 2 workers and so on. A Set stores MakeValue({key, worker, number}).
CrashWrite CrashWriteOf(uint64_t seed, unsigned worker, uint64_t number, unsigned workers,
                        uint32_t keys);

// Opens the store of `plan` and writes with all workers, each announcing and acknowledging in
// `progress`, until the process is killed. Throws EngineError when the engine fails.
void WorkUntilKilled(const VerifyPlan& plan, const EngineDefinition& engine,
                     SharedProgress& progress);

// Opens the store and waits to be killed.
void OpenUntilKilled(const VerifyPlan& plan, const EngineDefinition& engine,
                     SharedProgress& progress);

// Opens the store and hands to `report` what is in it: {"open_ns": ..., "answers": [...],
// "strangers": [...]}. An answer is null (absent), [worker, number] (that value of that key), or a
// string that describes what no one wrote; a stranger is a key that an ordered scan found and no
// one wrote, or that it and Get do not agree on.
void Inspect(const VerifyPlan& plan, const EngineDefinition& engine, SharedProgress& progress,
             const std::function<void(const nlohmann::json&)>& report);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_CRASH_CHILD_H_
