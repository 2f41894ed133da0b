// Hint files: an open that uses them comes to what the log holds, and one that is not in order is
// passed over.
#include "engines/log_store/hint.h"

#include <algorithm>
#include <map>
#include <memory>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_store.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"

namespace kvs {
namespace {

namespace fs = std::filesystem;
using Content = std::map<std::string, std::string>;

class HintTest : public ::testing::Test {
 protected:
  LogStoreOptions Options(uint64_t segment_size = 4096, bool hints = true) {
    ClaimWithoutSync(path());
    LogStoreOptions options;
    options.engine = "test";
    options.directory = path();
    options.segment_size = segment_size;
    options.shard_bits = 2;
    options.hints = hints;
    options.files = std::make_shared<UnsyncedFileSystem>("test");
    return options;
  }

  fs::path path() const { return directory_.path() / "s"; }

  std::vector<fs::path> Files(const char* extension) const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(path())) {
      if (entry.path().extension() == extension) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  // Sets, overwrites and removes `steps` times, compacting when that is due.
  void Work(LogStore& store, int steps, int keys, int value_size = 60) {
    for (int i = 0; i < steps; ++i) {
      const std::string key = "key" + std::to_string(random_() % keys);
      if (random_() % 4 == 0) {
        store.Write(RecordType::kTombstone, key, {});
        content_.erase(key);
      } else {
        content_[key] = std::to_string(random_()) + std::string(random_() % value_size, 'v');
        store.Write(RecordType::kValue, key, content_[key]);
      }
      for (int step = 0; step < 3 && store.CompactionDue(); ++step) {
        store.PrepareCompaction(4096);
        store.CompactStep();
      }
    }
  }

  void ExpectContent(LogStore& store, int keys) {
    std::string value;
    EXPECT_EQ(store.Statistics().keys, content_.size());
    for (int i = 0; i < keys; ++i) {
      const std::string key = "key" + std::to_string(i);
      const auto expected = content_.find(key);
      ASSERT_EQ(store.Get(key, value), expected != content_.end()) << key;
      if (expected != content_.end()) {
        ASSERT_EQ(value, expected->second) << key;
      }
    }
  }

  TestDirectory directory_;
  std::mt19937_64 random_{7};
  Content content_;
};

TEST_F(HintTest, OpensToTheSameStoreAsTheLog) {
  constexpr int kKeys = 120;
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    LogStore(Options()).WaitForBackground();  // makes the hints that are missing
    LogStoreStatistics by_hints;
    {
      LogStore store(Options());
      ExpectContent(store, kKeys);
      by_hints = store.Statistics();
      EXPECT_EQ(by_hints.segments_from_hints, by_hints.segments);
      EXPECT_EQ(Files(".hint").size(), Files(".log").size());
    }
    LogStore store(Options(4096, /*hints=*/false));
    ExpectContent(store, kKeys);
    const LogStoreStatistics by_log = store.Statistics();
    EXPECT_EQ(by_log.segments_from_hints, 0u);
    EXPECT_EQ(by_log.log_bytes, by_hints.log_bytes);
    EXPECT_EQ(by_log.garbage_bytes, by_hints.garbage_bytes);
    Work(store, 500, kKeys);
    store.WaitForBackground();
    EXPECT_TRUE(round == 0 || store.Statistics().compacted_segments > 0);
  }
}

// Large enough that several threads take part.
TEST_F(HintTest, OpensALargeLogInParallel) {
  constexpr int kKeys = 30000;
  constexpr uint64_t kSegmentSize = 512 * 1024;
  {
    LogStore store(Options(kSegmentSize));
    Work(store, 80000, kKeys, 200);
    ExpectContent(store, kKeys);
  }
  for (const bool hints : {true, false}) {
    SCOPED_TRACE(hints);
    LogStore store(Options(kSegmentSize, hints));
    EXPECT_GT(store.Statistics().log_bytes, 4u << 20);
    EXPECT_EQ(store.Statistics().segments_from_hints, hints ? store.Statistics().segments : 0);
    ExpectContent(store, kKeys);
  }
}

TEST_F(HintTest, AHintThatIsDamagedCutOffOrForeignIsPassedOverAndMadeAnew) {
  constexpr int kKeys = 150;
  {
    LogStore store(Options());
    Work(store, 200, kKeys);
  }
  const std::vector<fs::path> hints = Files(".hint");
  ASSERT_GT(hints.size(), 2u);
  const std::string good = ReadFile(hints[0]);
  std::vector<std::string> bad = {"",
                                  "KVSHINT\n",
                                  good.substr(0, 64),
                                  good + std::string(24, '\0'),
                                  good.substr(0, good.size() - 24),
                                  ReadFile(hints[1])};
  for (int i = 0; i < 200; ++i) {
    const size_t offset = i < 64 ? i : random_() % good.size();
    bad.push_back(good);
    bad.back()[offset] = static_cast<char>(bad.back()[offset] ^ (1 << random_() % 8));
  }
  for (const std::string& data : bad) {
    WriteFile(hints[0], data);
    LogStore store(Options());
    ASSERT_EQ(store.Statistics().segments_from_hints, store.Statistics().segments - 1);
    ExpectContent(store, kKeys);
    store.WaitForBackground();
    ASSERT_EQ(ReadFile(hints[0]), good);
  }
}

TEST_F(HintTest, AHintOfAnotherStoreIsPassedOver) {
  const StoreId store{1};
  const StoreId other{2};
  const RecordNote note{.hash = 5, .sequence = 1, .offset = 8, .size = 4, .type = 1};
  const std::string data = EncodeHint(store, 3, 96, {&note, 1});
  EXPECT_EQ(DecodeHint(data, store, 3, 96).size(), 1u);
  EXPECT_TRUE(DecodeHint(data, other, 3, 96).empty());
  EXPECT_TRUE(DecodeHint(data, store, 4, 96).empty());
  EXPECT_TRUE(DecodeHint(data, store, 3, 104).empty());
  // Checked, and yet not of a log.
  for (const RecordNote wrong :
       {RecordNote{5, 1, 7, 5, 1}, RecordNote{5, 1, 8, 0, 1}, RecordNote{5, 1, 8, 4, 3}}) {
    EXPECT_TRUE(DecodeHint(EncodeHint(store, 3, 96, {&wrong, 1}), store, 3, 96).empty());
  }
  const RecordNote no_header{.hash = 5, .sequence = 1, .offset = 8, .size = 2, .type = 1};
  EXPECT_TRUE(DecodeHint(EncodeHint(store, 3, 80, {&no_header, 1}), store, 3, 80).empty());
}

TEST_F(HintTest, AHintGoesWithItsSegmentAndAStrayOneIsRemoved) {
  LogStoreOptions options = Options();
  {
    LogStore store(options);
    Work(store, 1500, 40);
    EXPECT_GT(store.Statistics().compacted_segments, 5u);
  }
  EXPECT_EQ(Files(".hint").size(), Files(".log").size());
  WriteFile(path() / HintFileName(999'999), "left by a process that died");
  const LogStore store(options);
  EXPECT_FALSE(fs::exists(path() / HintFileName(999'999)));
}

TEST_F(HintTest, WithoutRoomForAHintNothingIsLost) {
  LogStoreOptions options = Options();
  {
    LogStore store(options);
    Work(store, 100, 150);
    store.WaitForBackground();
    static_cast<UnsyncedFileSystem&>(*options.files).recorder().fail_hints = true;
    Work(store, 200, 150);
  }
  EXPECT_LT(Files(".hint").size(), Files(".log").size());
  LogStore store(Options());
  ExpectContent(store, 150);
}

// Opened from hints, the log has not been looked at: who reads a damaged record says so.
TEST_F(HintTest, DamageBehindAHintIsFoundByVerifiedReadsByCompactionAndByAnOpenWithoutHints) {
  {
    LogStore store(Options());
    for (int i = 0; i < 40; ++i) {
      store.Write(RecordType::kValue, "key" + std::to_string(i), std::string(60, 'v'));
    }
  }
  const fs::path segment = Files(".log")[0];
  std::string data = ReadFile(segment);
  const size_t at = data.find("key3");
  data[at] = 'K';
  WriteFile(segment, data);
  const auto expect_damage = [&](auto call) {
    try {
      call();
      ADD_FAILURE() << "the damage was not found";
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
      EXPECT_THAT(error.what(), ::testing::HasSubstr(segment.string() + ": offset "));
    }
  };
  expect_damage([&] { LogStore(Options(4096, /*hints=*/false)); });
  LogStore store(Options());
  expect_damage([&] {
    for (int i = 0; i < 2000; ++i) {
      store.Write(RecordType::kValue, "key" + std::to_string(i % 40), "new");
      if (!store.CompactionDue()) continue;
      store.PrepareCompaction(4096);
      store.CompactStep();
    }
  });
  EXPECT_THROW(store.Write(RecordType::kValue, "key", "refused"), EngineError);
}

}  // namespace
}  // namespace kvs
