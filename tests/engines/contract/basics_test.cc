// What every engine answers for itself, and what every one that stores data does with it.
#include <gmock/gmock.h>

#include <filesystem>
#include <thread>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

TEST_P(EveryEngineTest, DeclaresSensibleCapabilities) {
  const EngineCapabilities declared = capabilities();
  EXPECT_GE(declared.max_threads, 1U);
  EXPECT_GT(declared.max_key_bytes, declared.min_key_bytes);
  EXPECT_GT(declared.max_value_bytes, 0U);
  EXPECT_FALSE(declared.tiers.empty());
  EXPECT_FALSE(engine().summary.empty());
}

TEST_P(EveryEngineTest, AbsentKeysAreNoError) {
  const auto handle = Open();
  std::string value;
  EXPECT_FALSE(handle->Get(Key("nothing here"), value));
  EXPECT_NE(handle->Remove(Key("nothing here")), RemoveResult::kRemoved);
}

TEST_P(EveryEngineTest, InfoNamesLibraryAndVersion) {
  const auto handle = Open();
  const EngineInfo info = handle->Info();
  EXPECT_FALSE(info.library.empty());
  EXPECT_FALSE(info.library_version.empty());
}

TEST_P(EveryEngineTest, InfoGivesTheSameAnswerToEveryHandle) {
  const auto handle = Open();
  const auto clone = handle->Clone();
  EXPECT_EQ(handle->Info().effective_options, clone->Info().effective_options);
  EXPECT_EQ(handle->Info().notes, clone->Info().notes);
}

TEST_P(EveryEngineTest, CountersStartAtZero) {
  const EngineCounters counters = Open()->Counters();
  EXPECT_EQ(counters.busy_waits, 0U);
  EXPECT_EQ(counters.busy_wait_ns, 0U);
}

TEST_P(EveryEngineTest, SettlesAnEmptyStore) { Open()->Settle(); }

TEST_P(StoringEngineTest, InfoListsEffectiveOptions) {
  const EngineInfo info = Open()->Info();
  EXPECT_FALSE(info.effective_options.empty());
  for (const auto& [name, value] : info.effective_options) {
    EXPECT_FALSE(name.empty());
    EXPECT_FALSE(value.empty()) << name;
  }
}

// Honoured or not, a reader of the result learns what became of the budget.
TEST_P(StoringEngineTest, MemoryBudgetShowsInInfo) {
  EngineOptions options = Options();
  const EngineInfo without = engine().open(options)->Info();
  options.memory_budget_bytes = uint64_t{24} << 20;
  const auto handle = engine().open(options);
  const EngineInfo with = handle->Info();
  EXPECT_TRUE(with.notes != without.notes || with.effective_options != without.effective_options);
  handle->Set(Key("k"), "v");
  EXPECT_EQ(Lookup(*handle, Key("k")), "v");
}

TEST_P(StoringEngineTest, SetOverwritesWithLongerShorterAndEmptyValues) {
  const auto handle = Open();
  for (const size_t bytes : {10, 5000, 3, 0, 700}) {
    const std::string value = ValueFor(bytes, 5000).substr(0, bytes);
    handle->Set(Key("k"), value);
    EXPECT_EQ(Lookup(*handle, Key("k")), value);
  }
}

TEST_P(StoringEngineTest, GetReplacesWhatTheBufferHeld) {
  const auto handle = Open();
  handle->Set(Key("long"), std::string(4000, 'l'));
  handle->Set(Key("short"), "s");
  handle->Set(Key("empty"), "");
  std::string value;
  for (int round = 0; round < 2; ++round) {
    ASSERT_TRUE(handle->Get(Key("long"), value));
    EXPECT_EQ(value, std::string(4000, 'l'));
    ASSERT_TRUE(handle->Get(Key("short"), value));
    EXPECT_EQ(value, "s");
    ASSERT_TRUE(handle->Get(Key("empty"), value));
    EXPECT_EQ(value, "");
  }
}

TEST_P(StoringEngineTest, GetCopiesTheValue) {
  const auto handle = Open();
  handle->Set(Key("k"), std::string(100, 'a'));
  std::string value;
  ASSERT_TRUE(handle->Get(Key("k"), value));
  handle->Set(Key("k"), std::string(100, 'b'));
  handle->Settle();
  EXPECT_EQ(value, std::string(100, 'a'));
}

TEST_P(StoringEngineTest, RemovedKeysAreGoneAndCanComeBack) {
  const auto handle = Open();
  handle->Set(Key("k"), "1");
  EXPECT_NE(handle->Remove(Key("k")), RemoveResult::kAbsent);
  EXPECT_EQ(Lookup(*handle, Key("k")), std::nullopt);
  EXPECT_NE(handle->Remove(Key("k")), RemoveResult::kRemoved);
  handle->Set(Key("k"), "2");
  EXPECT_EQ(Lookup(*handle, Key("k")), "2");
}

TEST_P(StoringEngineTest, KeysAndValuesAreArbitraryBytes) {
  std::string all_bytes;
  for (int b = 0; b < 256; ++b) all_bytes.push_back(static_cast<char>(b));
  const auto handle = Open();
  for (int b = 0; b < 256; ++b) {
    const std::string key(std::max<size_t>(2, capabilities().min_key_bytes), static_cast<char>(b));
    handle->Set(key, all_bytes.substr(static_cast<size_t>(b)) + all_bytes);
  }
  for (int b = 0; b < 256; ++b) {
    const std::string key(std::max<size_t>(2, capabilities().min_key_bytes), static_cast<char>(b));
    EXPECT_EQ(Lookup(*handle, key), all_bytes.substr(static_cast<size_t>(b)) + all_bytes) << b;
  }
}

TEST_P(StoringEngineTest, ClonesSeeEachOthersWrites) {
  const auto first = Open();
  const auto second = first->Clone();
  EXPECT_EQ(Lookup(*second, Key("k")), std::nullopt);  // a handle that has read before
  first->Set(Key("k"), "1");
  EXPECT_EQ(Lookup(*second, Key("k")), "1");
  second->Set(Key("k"), "2");
  EXPECT_EQ(Lookup(*first, Key("k")), "2");
  first->Remove(Key("k"));
  EXPECT_EQ(Lookup(*second, Key("k")), std::nullopt);
}

TEST_P(StoringEngineTest, CloneOutlivesTheOriginal) {
  auto original = Open();
  original->Set(Key("k"), "v");
  const auto clone = original->Clone();
  original.reset();
  EXPECT_EQ(Lookup(*clone, Key("k")), "v");
  clone->Set(Key("k"), "w");
  EXPECT_EQ(Lookup(*clone->Clone(), Key("k")), "w");
  EXPECT_ENGINE_ERROR(Open(), ErrorKind::kLocked);  // the clone keeps the store open
}

TEST_P(StoringEngineTest, AHandleMayMoveBetweenThreads) {
  const auto handle = Open();
  handle->Set(Key("k"), "1");
  EXPECT_EQ(Lookup(*handle, Key("k")), "1");
  std::thread([&] {
    EXPECT_EQ(Lookup(*handle, Key("k")), "1");
    handle->Set(Key("k"), "2");
  }).join();
  EXPECT_EQ(Lookup(*handle, Key("k")), "2");
}

TEST_P(StoringEngineTest, DataIsThereAfterCloseAndReopen) {
  constexpr uint64_t kEntries = 500;
  {
    const auto handle = Open();
    for (uint64_t i = 0; i < kEntries; ++i) handle->Set(Key(std::to_string(i)), ValueFor(i));
    for (uint64_t i = 0; i < kEntries; i += 3) handle->Remove(Key(std::to_string(i)));
  }
  const auto handle = Open();
  for (uint64_t i = 0; i < kEntries; ++i) {
    const auto expected = i % 3 == 0 ? std::nullopt : std::optional(ValueFor(i));
    EXPECT_EQ(Lookup(*handle, Key(std::to_string(i))), expected) << i;
  }
}

TEST_P(StoringEngineTest, SettleChangesNoAnswer) {
  const auto handle = Open();
  for (uint64_t i = 0; i < 200; ++i) handle->Set(Key(std::to_string(i)), ValueFor(i));
  for (int round = 0; round < 2; ++round) {
    handle->Settle();
    for (uint64_t i = 0; i < 200; ++i) {
      EXPECT_EQ(Lookup(*handle, Key(std::to_string(i))), ValueFor(i));
    }
  }
}

size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

TEST_P(StoringEngineTest, ClosingReleasesEveryFileDescriptor) {
  const auto use_store = [&] {
    const auto handle = Open();
    const auto clone = handle->Clone();
    handle->Set(Key("k"), "v");
    EXPECT_EQ(Lookup(*clone, Key("k")), "v");
    handle->Settle();
  };
  use_store();  // a library may keep something for the whole process
  const size_t before = OpenDescriptors();
  for (int round = 0; round < 3; ++round) use_store();
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_P(StoringEngineTest, DestroyedHandlesMakeRoomForOthers) {
  const auto handle = Open();
  handle->Set(Key("k"), "v");
  for (unsigned i = 0; i < 4 * Options().max_handles; ++i) {
    EXPECT_EQ(Lookup(*handle->Clone(), Key("k")), "v");
  }
}

TEST_P(StoringEngineTest, AsManyHandlesAsPromisedReadAtTheSameTime) {
  std::vector<std::unique_ptr<KvsEngine>> handles;
  handles.push_back(Open());
  handles[0]->Set(Key("k"), "v");
  while (handles.size() < Options().max_handles) handles.push_back(handles[0]->Clone());
  for (const auto& handle : handles) EXPECT_EQ(Lookup(*handle, Key("k")), "v");
}

}  // namespace
}  // namespace kvs::contract
