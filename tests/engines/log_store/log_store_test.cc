#include "engines/log_store/log_store.h"

#include <map>
#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"
#include "tests/sanitizer.h"

namespace kvs {
namespace {

LogStoreOptions SmallOptions(const std::filesystem::path& directory, bool unlocked_readers) {
  ClaimWithoutSync(directory);
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory;
  options.segment_size = 4096;
  options.garbage_percent = 30;
  options.shard_bits = 0;
  options.unlocked_readers = unlocked_readers;
  options.verify_reads = true;
  options.files = std::make_shared<UnsyncedFileSystem>("test");
  return options;
}

void Compact(LogStore& store) {
  while (store.CompactionDue()) {
    store.PrepareCompaction(512);
    store.CompactStep();
  }
}

std::optional<std::string> Get(const LogStore& store, const std::string& key) {
  std::string value;
  if (!store.Get(key, value)) return std::nullopt;
  return value;
}

// A reader may look at any moment.
TEST(LogStoreTest, AKeyIsFoundWhileItsPendingEntryIsPut) {
  const TestDirectory directory;
  LogStoreOptions options = SmallOptions(directory.path() / "s", true);
  std::map<std::string, std::string> written;
  const LogStore* reader = nullptr;
  int puts = 0;
  options.hooks.entry_put = [&] {
    ++puts;
    for (const auto& [key, value] : written) EXPECT_EQ(Get(*reader, key), value) << key;
  };
  LogStore store(options);
  reader = &store;
  for (int i = 0; i < 60; ++i) {
    const std::string key = std::to_string(i % 20);
    store.Write(RecordType::kValue, key, std::to_string(i));
    written[key] = std::to_string(i);
  }
  EXPECT_GT(puts, 20);
}

TEST(LogStoreTest, FindsWhatWasWritten) {
  const TestDirectory directory;
  LogStore store(SmallOptions(directory.path() / "s", false));
  EXPECT_EQ(Get(store, "a"), std::nullopt);
  EXPECT_FALSE(store.Write(RecordType::kValue, "a", "1"));
  EXPECT_FALSE(store.Write(RecordType::kValue, "a", "2"));
  EXPECT_FALSE(store.Write(RecordType::kValue, "", "empty key"));
  EXPECT_FALSE(store.Write(RecordType::kValue, "empty value", ""));
  EXPECT_EQ(Get(store, "a"), "2");
  EXPECT_EQ(Get(store, ""), "empty key");
  EXPECT_EQ(Get(store, "empty value"), "");
  EXPECT_TRUE(store.Write(RecordType::kTombstone, "a", ""));
  EXPECT_FALSE(store.Write(RecordType::kTombstone, "a", ""));
  EXPECT_EQ(Get(store, "a"), std::nullopt);
}

TEST(LogStoreTest, HoldsKeysAndValuesAtTheirLimits) {
  const TestDirectory directory;
  const std::string key(kMaxKeySize, 'k');
  std::string value(kMaxValueSize, '\0');
  for (size_t i = 0; i < value.size(); i += 97) value[i] = static_cast<char>(i);
  for (int round = 0; round < 2; ++round) {
    LogStore store(SmallOptions(directory.path() / "s", false));
    if (round == 0) store.Write(RecordType::kValue, key, value);
    EXPECT_TRUE(Get(store, key) == value);
  }
}

TEST(LogStoreTest, MultiGetAnswersLikeGet) {
  const TestDirectory directory;
  LogStore store(SmallOptions(directory.path() / "s", false));
  std::vector<std::string> names;
  for (int i = 0; i < 100; ++i) {
    names.push_back("key" + std::to_string(i));
    if (i % 3 != 0) store.Write(RecordType::kValue, names.back(), std::to_string(i));
  }
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::vector<std::string> values(keys.size());
  const std::unique_ptr<bool[]> found(new bool[keys.size()]);
  store.MultiGet(keys, values, {found.get(), keys.size()});
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(found[i], i % 3 != 0) << i;
    if (found[i]) {
      EXPECT_EQ(values[i], std::to_string(i));
    }
  }
}

// Overwriting a few keys for ever must not grow the store for ever, in files, numbers or memory.
TEST(LogStoreTest, CompactionGivesBackTheSpaceOfOverwrittenValues) {
  for (const bool unlocked_readers : {false, true}) {
    const TestDirectory directory;
    const auto count_files = [&] {
      size_t files = 0;
      for (const auto& entry : std::filesystem::directory_iterator(directory.path() / "s")) {
        files += entry.path().extension() == ".log" ? 1 : 0;
      }
      return files;
    };
    LogStoreStatistics statistics;
    {
      LogStore store(SmallOptions(directory.path() / "s", unlocked_readers));
      for (int i = 0; i < (kHasSanitizer ? 2500 : 5000); ++i) {
        store.Write(RecordType::kValue, "key" + std::to_string(i % 50), std::string(100, 'v'));
        Compact(store);
      }
      store.WaitForBackground();
      statistics = store.Statistics();
      EXPECT_EQ(statistics.keys, 50u);
      EXPECT_GT(statistics.compacted_segments, 50u);
      EXPECT_LT(statistics.log_bytes, 40000u);
      // A spare, a prepared output, and four that are kept to be made new segments of.
      EXPECT_LE(count_files(), statistics.segments + 6);
    }
    EXPECT_LE(count_files(), statistics.segments);
  }
}

// New memory and new blocks cost more than the writes into them.
TEST(LogStoreTest, RetiredSegmentsAreMadeNewOnes) {
  for (const bool unlocked_readers : {false, true}) {
    const TestDirectory directory;
    LogStoreOptions options = SmallOptions(directory.path() / "s", unlocked_readers);
    const auto files = std::make_shared<UnsyncedFileSystem>("test");
    options.files = files;
    std::map<std::string, std::string> content;
    {
      LogStore store(options);
      for (int i = 0; i < 5000; ++i) {
        const std::string key = "key" + std::to_string(i % 50);
        store.Write(RecordType::kValue, key, content[key] = std::string(100, 'v') + key);
        Compact(store);
        store.WaitForBackground();
      }
      EXPECT_GT(store.Statistics().compacted_segments, 50u);
      EXPECT_LT(files->recorder().allocations, 20u);
      for (const auto& [key, value] : content) EXPECT_EQ(Get(store, key), value);
    }
    LogStore again(options);
    for (const auto& [key, value] : content) EXPECT_EQ(Get(again, key), value);
  }
}

// Tombstones are garbage, too, once what they removed is gone.
TEST(LogStoreTest, CompactionEndsInAnEmptyLogWhenEverythingWasRemoved) {
  const TestDirectory directory;
  LogStore store(SmallOptions(directory.path() / "s", false));
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 100; ++i) store.Write(RecordType::kValue, std::to_string(i), "value");
    for (int i = 0; i < 100; ++i) store.Write(RecordType::kTombstone, std::to_string(i), "");
    Compact(store);
    store.WaitForBackground();
  }
  const LogStoreStatistics statistics = store.Statistics();
  EXPECT_EQ(statistics.keys, 0u);
  EXPECT_LT(statistics.log_bytes, 3 * 4096u + 3 * 4096u);
}

// Compaction moves an old value while the tombstone that removed it, and then the whole key's
// history, are moved and dropped: at no point may a reopen see the value again.
TEST(LogStoreTest, ARemovedKeyNeverReturns) {
  const TestDirectory directory;
  for (int round = 0; round < 20; ++round) {
    LogStore store(SmallOptions(directory.path() / "s", round % 2 == 1));
    EXPECT_EQ(Get(store, "removed"), std::nullopt) << round;
    if (round % 5 == 0) {
      store.Write(RecordType::kValue, "removed", "old");
      store.Write(RecordType::kTombstone, "removed", "");
    }
    for (int i = 0; i < 150; ++i) {
      store.Write(RecordType::kValue, std::to_string((round * 37 + i) % 60), std::string(60, 'x'));
      if (round % 3 == 0) Compact(store);
    }
  }
}

// The store against std::map, with segments and shards so small that rotation, compaction and
// rebuilds of the index happen all the time.
class ModelTest : public ::testing::TestWithParam<std::tuple<bool, Durability>> {};

TEST_P(ModelTest, BehavesLikeAMap) {
  const auto [unlocked_readers, durability] = GetParam();
  const bool ok = rc::check([unlocked = unlocked_readers, tier = durability] {
    const TestDirectory directory;
    LogStoreOptions options = SmallOptions(directory.path() / "s", unlocked);
    options.durability = tier;
    auto store = std::make_unique<LogStore>(options);
    std::map<std::string, std::string> model;
    const int keys = *rc::gen::inRange(1, 40);
    const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
        rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange(0, 1 << 20)));
    for (const auto& [kind, number] : steps) {
      const std::string key = "k" + std::to_string(number % keys);
      if (kind < 55) {
        const std::string value(static_cast<size_t>(number) % 700, static_cast<char>(number >> 8));
        store->Write(RecordType::kValue, key, value);
        model[key] = value;
      } else if (kind < 75) {
        RC_ASSERT(store->Write(RecordType::kTombstone, key, "") == (model.erase(key) > 0));
      } else if (kind < 85) {
        store->PrepareCompaction(static_cast<uint64_t>(number) % 2000);
        store->CompactStep();
      } else if (kind < 88) {
        store.reset();
        store = std::make_unique<LogStore>(options);
      } else {
        const auto expected = model.find(key);
        RC_ASSERT(Get(*store, key) == (expected == model.end()
                                           ? std::nullopt
                                           : std::optional<std::string>(expected->second)));
      }
    }
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < keys; ++i) {
        const std::string key = "k" + std::to_string(i);
        const auto expected = model.find(key);
        RC_ASSERT(Get(*store, key) == (expected == model.end()
                                           ? std::nullopt
                                           : std::optional<std::string>(expected->second)));
      }
      RC_ASSERT(store->Statistics().keys == model.size());
      store.reset();
      store = std::make_unique<LogStore>(options);
    }
  });
  EXPECT_TRUE(ok);
}

INSTANTIATE_TEST_SUITE_P(Engines, ModelTest,
                         ::testing::Combine(::testing::Bool(),
                                            ::testing::Values(Durability::kProcess,
                                                              Durability::kSync)));

}  // namespace
}  // namespace kvs
