// What is left after kill -9: all that was acknowledged, from tier `process` up; in every tier a
// store that opens, and nothing that was never written.
#include "tests/engines/contract/child_process.h"

namespace kvs::contract {
namespace {

constexpr uint64_t kOperationsPerRound = 150;

using State = std::map<std::string, std::optional<std::string>>;

State StateAfter(uint64_t operations, const EngineCapabilities& capabilities) {
  State state;
  for (uint64_t i = 0; i < operations; ++i) {
    const NumberedWrite write = WriteNumber(i, capabilities);
    state[write.key] = write.value;
  }
  return state;
}

// Lets a child write from operation `first` on, kills it in the middle, and returns how many
// operations it had acknowledged in all.
uint64_t WriteAndKill(const Case& c, const std::filesystem::path& store, uint64_t first) {
  ChildProcess child(kWrite, c, store, first);
  uint64_t acknowledged = first;
  const auto note = [&](const std::string& line) { acknowledged = std::stoull(line) + 1; };
  while (acknowledged < first + kOperationsPerRound) {
    const auto line = child.ReadLine();
    if (!line) throw std::runtime_error("the child ended by itself");
    note(*line);
  }
  child.Kill();
  while (const auto line = child.ReadLine()) note(*line);
  return acknowledged;
}

TEST_P(KilledProcessTest, AcknowledgedWritesSurviveAsTheTierPromises) {
  const EngineCapabilities declared = capabilities();
  uint64_t acknowledged = 0;
  for (int round = 0; round < 2; ++round) {
    acknowledged = WriteAndKill(GetParam(), store(), acknowledged);
    if (GetParam().durability == Durability::kNone) continue;
    const State expected = StateAfter(acknowledged, declared);
    const NumberedWrite interrupted = WriteNumber(acknowledged, declared);
    const auto handle = Open();
    for (const auto& [key, value] : expected) {
      const auto found = Lookup(*handle, key);
      if (key == interrupted.key && found == interrupted.value) continue;  // done, not yet said
      EXPECT_EQ(found, value) << "key " << key << " after " << acknowledged << " operations";
    }
  }
}

TEST_P(KilledProcessTest, WhatIsLeftWasWrittenAndTheStoreCanGoOn) {
  const EngineCapabilities declared = capabilities();
  const uint64_t acknowledged = WriteAndKill(GetParam(), store(), 0);
  std::map<std::string, std::vector<std::optional<std::string>>> written;
  for (uint64_t i = 0; i <= acknowledged; ++i) {
    const NumberedWrite write = WriteNumber(i, declared);
    auto& history = written[write.key];
    if (history.empty()) history.push_back(std::nullopt);
    history.push_back(write.value);
  }
  {
    const auto handle = Open();
    for (const auto& [key, history] : written) {
      const auto found = Lookup(*handle, key);
      EXPECT_NE(std::find(history.begin(), history.end(), found), history.end()) << key;
      handle->Set(key, "after");
    }
  }
  const auto handle = Open();
  for (const auto& entry : written) EXPECT_EQ(Lookup(*handle, entry.first), "after");
}

}  // namespace
}  // namespace kvs::contract
