// What a process under test shall do with its store.
#ifndef KVS_HARNESS_VERIFY_VERIFY_PLAN_H_
#define KVS_HARNESS_VERIFY_VERIFY_PLAN_H_

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engines/registry.h"

namespace kvs::verify {

struct VerifyPlan {
  enum class Role : uint8_t {
    kHistory,  // linearizability: run all rounds, check, report
    kWork,     // crash: write until killed
    kOpen,     // crash: open and wait to be killed
    kInspect,  // crash: open and report what every key holds
    kSuite,    // contract: become the contract suite
  };

  Role role = Role::kHistory;
  std::string engine;
  std::map<std::string, std::string> settings;
  Durability durability = Durability::kProcess;
  std::filesystem::path directory;
  unsigned threads = 1;
  uint32_t keys = 1;
  uint64_t seed = 1;
  uint64_t operations = 0;      // kHistory: per thread and round
  uint64_t rounds = 0;          // kHistory
  std::vector<uint64_t> first;  // kWork: the number of each worker's next operation
  uint64_t settle_every = 0;    // kWork: worker 0 settles after this many operations
  bool closes = true;           // kInspect: close the store, or leave it as a kill would
  int parent = 0;               // the process that watches

  EngineOptions OpenOptions() const {
    return {.directory = directory,
            .durability = durability,
            .memory_budget_bytes = 0,
            .max_handles = threads + 2,
            .settings = settings};
  }
};

std::string VerifyPlanToJson(const VerifyPlan& plan);
VerifyPlan VerifyPlanFromJson(std::string_view text);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_VERIFY_PLAN_H_
