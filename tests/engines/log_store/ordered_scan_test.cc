// Scans of the four engines opened with `ordered`, beyond what the contract suite asks of them.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "engines/log_store/log_store.h"
#include "engines/registry.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/sanitizer.h"

namespace kvs::ordered_scan {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

constexpr const char* kEngines[] = {"single", "mutex", "rwlock", "lockfree"};

EngineOptions Options(const std::filesystem::path& directory, const char* ordered = "true") {
  EngineOptions options;
  options.directory = directory;
  options.settings = {{"segment_size", "16KiB"}, {"garbage_percent", "30"}, {"ordered", ordered}};
  return options;
}

std::unique_ptr<KvsEngine> Open(std::string_view engine, const EngineOptions& options) {
  return FindEngine(engine)->open(options);
}

Entries Scan(KvsEngine& handle, std::string_view start = "", size_t limit = 1'000'000) {
  Entries entries;
  const size_t count = handle.Scan(start, limit, [&](std::string_view key, std::string_view v) {
    entries.emplace_back(key, v);
  });
  EXPECT_EQ(count, entries.size());
  return entries;
}

std::string KeyOf(int i) {
  std::string digits = std::to_string(i);
  return "key" + std::string(6 - digits.size(), '0') + digits;
}

TEST(OrderedScanTest, IsDeclaredOnlyWithTheSetting) {
  for (const char* engine : kEngines) {
    EXPECT_TRUE(FindEngine(engine)->capabilities(Options("")).ordered_scan) << engine;
    EXPECT_FALSE(FindEngine(engine)->capabilities(Options("", "false")).ordered_scan) << engine;
  }
}

// The order is no part of the files: a store that was written without it has it when it is opened
// with it, and the other way round.
TEST(OrderedScanTest, AStoreWrittenWithoutTheSettingIsScannedWithIt) {
  for (const char* engine : kEngines) {
    const TestDirectory directory;
    std::map<std::string, std::string> model;
    for (const char* ordered : {"false", "true", "false", "true"}) {
      const auto store = Open(engine, Options(directory.path() / "s", ordered));
      const bool scans = std::string_view(ordered) == "true";
      if (scans) {
        EXPECT_EQ(Scan(*store), Entries(model.begin(), model.end())) << engine;
      }
      for (int i = 0; i < 700; ++i) {
        const std::string key = KeyOf((i * 7919 + (scans ? 1 : 0)) % 1000);
        if (i % 3 == 2) {
          EXPECT_EQ(store->Remove(key) == RemoveResult::kRemoved, model.erase(key) == 1);
        } else {
          store->Set(key, model[key] = std::to_string(i));
        }
      }
      if (scans) {
        EXPECT_EQ(Scan(*store), Entries(model.begin(), model.end())) << engine;
      }
    }
  }
}

// More keys than a scan reaches in one part, and limits around the sizes of parts and batches.
TEST(OrderedScanTest, EveryLimitAndStartGivesTheSameEntries) {
  for (const char* engine : kEngines) {
    const TestDirectory directory;
    const auto store = Open(engine, Options(directory.path() / "s"));
    Entries all;
    for (int i = 0; i < 600; ++i) {
      all.emplace_back(KeyOf(i), std::to_string(i));
      store->Set(all.back().first, all.back().second);
    }
    for (const size_t limit : {0u, 1u, 15u, 16u, 17u, 127u, 128u, 129u, 143u, 144u, 145u, 256u,
                               257u, 599u, 600u, 601u}) {
      for (const size_t first : {0u, 1u, 63u, 64u, 65u, 450u, 599u}) {
        const auto begin = all.begin() + static_cast<std::ptrdiff_t>(first);
        const auto count = std::min(limit, all.size() - first);
        EXPECT_EQ(Scan(*store, all[first].first, limit),
                  Entries(begin, begin + static_cast<std::ptrdiff_t>(count)))
            << engine << " from " << first << " limit " << limit;
      }
    }
  }
}

// What costs nothing must not even look: overwrites, lookups, failed removals, compaction.
TEST(OrderedScanTest, OnlyNewAndRemovedKeysChangeTheOrder) {
  const TestDirectory directory;
  uint64_t changes = 0;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  options.segment_size = 4096;
  options.garbage_percent = 30;
  options.ordered = true;
  options.hooks.order_changes = [&] { ++changes; };
  LogStore store(options);
  for (int i = 0; i < 50; ++i) store.Write(RecordType::kValue, KeyOf(i), "first");
  EXPECT_EQ(changes, 100u);  // before and after each
  std::string value;
  for (int i = 0; i < 2000; ++i) {
    store.Write(RecordType::kValue, KeyOf(i % 50), std::string(100, 'v'));
    EXPECT_TRUE(store.Get(KeyOf(i % 50), value));
    EXPECT_FALSE(store.Write(RecordType::kTombstone, "absent", ""));
    while (store.CompactionDue()) {
      store.PrepareCompaction(4096);
      store.CompactStep();
    }
  }
  EXPECT_GT(store.Statistics().compacted_segments, 5u);
  EXPECT_EQ(changes, 100u);
  store.Write(RecordType::kTombstone, KeyOf(7), "");
  EXPECT_EQ(changes, 102u);
}

TEST(OrderedScanTest, ItsMemoryIsCountedApart) {
  const TestDirectory directory;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  for (const bool ordered : {false, true}) {
    options.ordered = ordered;
    LogStore store(options);
    for (int i = 0; i < 5000; ++i) store.Write(RecordType::kValue, KeyOf(i), "");
    const LogStoreStatistics statistics = store.Statistics();
    EXPECT_EQ(statistics.keys, 5000u);
    if (ordered) {
      EXPECT_GT(statistics.ordered_index_bytes, 5000u * 9);
      EXPECT_LT(statistics.ordered_index_bytes, 5000u * 30);
    } else {
      EXPECT_EQ(statistics.ordered_index_bytes, 0u);
    }
  }
}

// A scan goes part by part, so what was retired beside it is given back before it ends.
TEST(OrderedScanTest, ALongScanDoesNotKeepWhatIsRetiredMeanwhile) {
  const TestDirectory directory;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  options.segment_size = 4096;
  options.garbage_percent = 30;
  options.unlocked_readers = true;
  options.ordered = true;
  LogStore store(options);
  constexpr int kKeys = 500;
  for (int i = 0; i < kKeys; ++i) store.Write(RecordType::kValue, KeyOf(i), "value");
  Epochs::Slot* const slot = store.epochs().AcquireSlot();
  size_t visited = 0;
  std::string next;
  int parts = 0;
  bool is_finished = false;
  while (!is_finished) {
    const size_t visited_before = visited;
    const Epochs::Guard guard(store.epochs(), slot);
    is_finished = store.ScanPart(
        next, 1'000'000,
        [&](std::string_view key, std::string_view) {
          EXPECT_EQ(key, KeyOf(static_cast<int>(visited) - 1));
          // Enough to fill and retire a segment every other time.
          for (int i = 0; visited % 8 == 1 && i < 10; ++i) {
            store.Write(RecordType::kValue, KeyOf(i), std::string(200, 'w'));
            while (store.CompactionDue()) {
              store.PrepareCompaction(4096);
              store.CompactStep();
            }
          }
          // Nothing that was retired before this part began is still there.
          if (visited == visited_before + 1 && parts > 0) {
            EXPECT_LT(store.epochs().Reclaim(), 6u);
          }
        },
        visited, next);
    EXPECT_LE(visited - visited_before, 160u) << "a part is bounded";
    ++parts;
  }
  store.epochs().ReleaseSlot(slot);
  EXPECT_EQ(visited, static_cast<size_t>(kKeys));
  EXPECT_GE(parts, 4);
  EXPECT_GT(store.Statistics().compacted_segments, 20u);
  EXPECT_EQ(store.epochs().Reclaim(), 0u);
}

// --- Beside writers that insert, remove and overwrite, over compaction. ---

// A value that says whose it is, which version, and whether it is whole.
std::string MakeValue(std::string_view key, uint64_t version) {
  const std::string unit = std::string(key) + ":" + std::to_string(version) + ";";
  std::string value;
  for (uint64_t i = 0; i < 3 + version % 20; ++i) value += unit;
  return value;
}

std::optional<uint64_t> ParseValue(std::string_view key, std::string_view value) {
  const size_t colon = value.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const uint64_t version = std::strtoull(std::string(value.substr(colon + 1)).c_str(), nullptr, 10);
  if (value != MakeValue(key, version)) return std::nullopt;
  return version;
}

class ConcurrentScanTest : public ::testing::TestWithParam<std::tuple<const char*, Durability>> {};

TEST_P(ConcurrentScanTest, ScansKeepTheirPromises) {
  const auto [engine, durability] = GetParam();
  constexpr int kKeys = 400;  // every fourth lasts and is overwritten; the others come and go
  // A lock goes to whoever asks first, which is hardly ever a writer when scans overlap or follow
  // one another at once.
  const bool scans_lock = std::string_view(engine) != "lockfree";
  const size_t readers = scans_lock ? 1 : 2;
  const int writes = durability == Durability::kSync ? 400 : kHasSanitizer ? 2500 : 6000;
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s");
  options.durability = Durability::kProcess;
  {
    const auto store = Open(engine, options);
    for (int i = 0; i < kKeys; i += 4) store->Set(KeyOf(i), MakeValue(KeyOf(i), 0));
  }
  options.durability = durability;
  const auto store = Open(engine, options);
  std::atomic<bool> stop{false};
  std::atomic<int> scans{0};
  std::atomic<uint64_t> written_bytes{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < 2; ++w) {
    threads.emplace_back([&, w] {
      const auto handle = store->Clone();
      std::mt19937_64 random(static_cast<uint64_t>(w));
      // So many, and as many as it takes for the readers to have scanned.
      for (uint64_t i = 1; i < static_cast<uint64_t>(writes) || scans.load() < 20; ++i) {
        // Each writer has keys of its own, so that versions of a key are written in order.
        const int key = static_cast<int>(random() % (kKeys / 2)) * 2 + w;
        if (key % 4 != 0 && random() % 2 == 0) {
          handle->Remove(KeyOf(key));
        } else {
          const std::string value = MakeValue(KeyOf(key), i);
          handle->Set(KeyOf(key), value);
          written_bytes += value.size();
        }
      }
      stop = true;
    });
  }
  std::vector<std::string> failures(readers);
  for (size_t r = 0; r < failures.size(); ++r) {
    threads.emplace_back([&, r] {
      const auto handle = store->Clone();
      std::map<std::string, uint64_t, std::less<>> newest;
      std::string& failure = failures[r];
      while (!stop) {
        std::string last;
        size_t lasting = 0;
        const size_t count =
            handle->Scan("", 10 * kKeys, [&](std::string_view key, std::string_view value) {
              const std::optional<uint64_t> version = ParseValue(key, value);
              if (!version) {
                failure = "no whole value of its key " + std::string(key);
                return;
              }
              if (key <= last) failure = std::string(key) + " after " + last;
              last = key;
              if (std::stoi(last.substr(3)) % 4 == 0) ++lasting;
              uint64_t& seen = newest[last];
              if (*version < seen) failure = "an old value of " + last;
              seen = *version;
            });
        if (lasting != kKeys / 4) failure = "keys that were there throughout are missing";
        if (count > kKeys) failure = "more entries than keys";
        ++scans;
        if (scans_lock) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& failure : failures) EXPECT_EQ(failure, "");

  // At rest the scan is what lookups say.
  store->Settle();
  Entries expected;
  std::string value;
  for (int i = 0; i < kKeys; ++i) {
    if (store->Get(KeyOf(i), value)) expected.emplace_back(KeyOf(i), value);
  }
  EXPECT_EQ(Scan(*store), expected);
  if (durability == Durability::kSync) return;  // too few writes to compact
  uint64_t file_bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() / "s")) {
    file_bytes += entry.file_size();
  }
  EXPECT_LT(file_bytes, written_bytes / 2) << "compaction did not run beside the scans";
}

INSTANTIATE_TEST_SUITE_P(Engines, ConcurrentScanTest,
                         ::testing::Combine(::testing::Values("mutex", "rwlock", "lockfree"),
                                            ::testing::Values(Durability::kProcess)));
INSTANTIATE_TEST_SUITE_P(Sync, ConcurrentScanTest,
                         ::testing::Combine(::testing::Values("lockfree"),
                                            ::testing::Values(Durability::kSync)));

}  // namespace
}  // namespace kvs::ordered_scan
