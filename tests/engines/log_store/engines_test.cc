// The four engines around the store: what one promises beyond the contract that all engines share.
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/registry.h"
#include "tests/engines/contract/child_process.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/sanitizer.h"

namespace kvs::log_engines {
namespace {

EngineOptions Options(const std::filesystem::path& directory, const char* segment_size = "16KiB") {
  EngineOptions options;
  options.directory = directory;
  options.settings = {{"segment_size", segment_size}, {"garbage_percent", "30"}};
  return options;
}

std::unique_ptr<KvsEngine> Open(std::string_view engine, const EngineOptions& options) {
  return FindEngine(engine)->open(options);
}

constexpr const char* kEngines[] = {"single", "mutex", "rwlock", "lockfree"};

TEST(LogEnginesTest, EachOpensWhatAnotherWrote) {
  const TestDirectory directory;
  int round = 0;
  for (const char* writer : kEngines) {
    for (const char* reader : kEngines) {
      const std::string name = std::to_string(round++);
      {
        const auto store = Open(writer, Options(directory.path() / "s"));
        store->Set(name, writer);
        if (round > 1) {
          EXPECT_EQ(store->Remove(std::to_string(round - 2)), RemoveResult::kRemoved);
        }
      }
      const auto store = Open(reader, Options(directory.path() / "s"));
      std::string value;
      EXPECT_TRUE(store->Get(name, value));
      EXPECT_EQ(value, writer);
      if (round > 1) {
        EXPECT_FALSE(store->Get(std::to_string(round - 2), value));
      }
    }
  }
}

TEST(LogEnginesTest, SaysWhatItCannotHonourOrDoesNotPromise) {
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s");
  options.durability = Durability::kSync;
  EXPECT_TRUE(Open("mutex", options)->Info().notes.empty());
  options.memory_budget_bytes = 1 << 20;
  options.durability = Durability::kNone;
  const EngineInfo info = Open("mutex", options)->Info();
  ASSERT_EQ(info.notes.size(), 3u);
  EXPECT_THAT(info.notes[0], ::testing::HasSubstr("memory budget is not honoured"));
  EXPECT_THAT(info.notes[1], ::testing::HasSubstr("as 'process'"));
  EXPECT_THAT(info.notes[2], ::testing::HasSubstr("after power loss: a suffix"));
}

TEST(LogEnginesTest, RefusesBadSettings) {
  const TestDirectory directory;
  for (const auto& [name, value] : std::map<std::string, std::string>{{"segment_size", "1KiB"},
                                                                      {"segment_size ", "1MiB"},
                                                                      {"garbage_percent", "100"},
                                                                      {"verify_reads", "maybe"},
                                                                      {"ordered", "maybe"},
                                                                      {"sorted", "true"}}) {
    for (const char* engine : kEngines) {
      EngineOptions options;
      options.directory = directory.path() / "s";
      options.settings = {{name, value}};
      try {
        Open(engine, options);
        ADD_FAILURE() << engine << " accepted " << name << "=" << value;
      } catch (const EngineError& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kInvalidOption) << error.what();
      }
    }
  }
  EXPECT_FALSE(std::filesystem::exists(directory.path() / "s"));
}

// --- Concurrent readers and writers over compaction. ---

// A value that says whose it is, which version, and whether it is whole.
std::string MakeValue(int key, uint64_t version) {
  const std::string unit = std::to_string(key) + ":" + std::to_string(version) + ";";
  std::string value;
  for (uint64_t i = 0; i < 3 + version % 20; ++i) value += unit;
  return value;
}

// The version, or nullopt when it is no value of this key.
std::optional<uint64_t> ParseValue(int key, const std::string& value) {
  const size_t colon = value.find(':');
  if (colon == std::string::npos) return std::nullopt;
  const uint64_t version = std::strtoull(value.c_str() + colon + 1, nullptr, 10);
  if (value != MakeValue(key, version)) return std::nullopt;
  return version;
}

class ConcurrentTest
    : public ::testing::TestWithParam<std::tuple<const char*, Durability, const char*>> {};

TEST_P(ConcurrentTest, ReadersSeeWholeValuesThatOnlyGrowNewer) {
  const auto [engine, durability, segment_size] = GetParam();
  constexpr int kKeys = 64;
  constexpr int kWriters = 2;
  constexpr int kReaders = 2;
  const int writes = durability == Durability::kSync ? 150 : 5000;
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s", segment_size);
  options.durability = durability;
  const auto store = Open(engine, options);
  std::atomic<int> running{kWriters};
  std::atomic<int> wrong{0};
  std::atomic<int> stale{0};
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] {
      const auto handle = store->Clone();
      for (int i = 0; i < writes; ++i) {
        // Keys of one writer each, so that versions of a key are written in order.
        const int key = (i % (kKeys / kWriters)) * kWriters + w;
        handle->Set(std::to_string(key), MakeValue(key, static_cast<uint64_t>(i)));
      }
      --running;
    });
  }
  for (int r = 0; r < kReaders; ++r) {
    threads.emplace_back([&, r] {
      const auto handle = store->Clone();
      std::mt19937_64 random(static_cast<uint64_t>(r));
      std::vector<uint64_t> newest(kKeys, 0);
      std::string value;
      while (running > 0) {
        const int key = static_cast<int>(random() % kKeys);
        if (!handle->Get(std::to_string(key), value)) {
          if (newest[static_cast<size_t>(key)] > 0) ++stale;
          continue;
        }
        const std::optional<uint64_t> version = ParseValue(key, value);
        if (!version) {
          ++wrong;
        } else if (*version < newest[static_cast<size_t>(key)]) {
          ++stale;
        } else {
          newest[static_cast<size_t>(key)] = *version;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(stale, 0);
  store->Settle();
  std::string value;
  for (int key = 0; key < kKeys; ++key) {
    const int last = writes - 1 - (writes - 1 - key / kWriters) % (kKeys / kWriters);
    EXPECT_TRUE(store->Get(std::to_string(key), value));
    EXPECT_EQ(value, MakeValue(key, static_cast<uint64_t>(last)));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, ConcurrentTest,
                         ::testing::Combine(::testing::Values("mutex", "rwlock", "lockfree"),
                                            ::testing::Values(Durability::kProcess,
                                                              Durability::kSync),
                                            ::testing::Values("64KiB")));

// Two removals of one key cannot both have removed it, nor can two insertions be counted once, even
// when they share a flush.
TEST(LogEnginesTest, GroupedRemovalsAnswerInTheirOrder) {
  for (const Durability durability : {Durability::kProcess, Durability::kSync}) {
    const TestDirectory directory;
    EngineOptions options = Options(directory.path() / "s");
    options.durability = durability;
    const auto store = Open("lockfree", options);
    for (int round = 0; round < 20; ++round) {
      store->Set("key", "value");
      std::atomic<int> removed{0};
      std::vector<std::thread> threads;
      for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
          if (store->Clone()->Remove("key") == RemoveResult::kRemoved) ++removed;
        });
      }
      for (std::thread& thread : threads) thread.join();
      ASSERT_EQ(removed, 1);
    }
  }
}

// --- kill -9. ---

using contract::NumberedWrite;
using contract::WriteNumber;
using Model = std::map<std::string, std::string>;

void Apply(Model& model, const NumberedWrite& write) {
  if (write.value) {
    model[write.key] = *write.value;
  } else {
    model.erase(write.key);
  }
}

// Lets a child write from operation `first` on, kills it once it has acknowledged `enough`, and
// returns how many were acknowledged in all.
uint64_t WriteAndKill(const contract::Case& c, const std::filesystem::path& store, uint64_t first,
                      uint64_t enough) {
  contract::ChildProcess child(contract::kWrite, c, store, first);
  uint64_t acknowledged = first;
  while (const auto line = child.ReadLine()) {  // goes on to read what is in the pipe
    acknowledged = std::stoull(*line) + 1;
    if (acknowledged >= first + enough) child.Kill();
  }
  return acknowledged;
}

class CrashTest : public ::testing::TestWithParam<std::tuple<const char*, Durability>> {};

// Each acknowledged write is there; the one in flight may be; nothing else is. Segments are small,
// so many a kill comes while one begins or a compaction runs.
TEST_P(CrashTest, KillNineLosesNoAcknowledgedWrite) {
  const auto [engine, durability] = GetParam();
  const TestDirectory directory;
  const std::filesystem::path store = directory.path() / "s";
  const contract::Case c{
      .engine = FindEngine(engine), .durability = durability, .settings = Options(store).settings};
  std::mt19937_64 random(20);
  Model expected;
  uint64_t acknowledged = 0;
  for (int cycle = 0; cycle < (kHasSanitizer ? 2 : 8); ++cycle) {
    const uint64_t first = acknowledged;
    const uint64_t enough = 1 + random() % (durability == Durability::kSync ? 150 : 1500);
    acknowledged = WriteAndKill(c, store, first, enough);
    ASSERT_GE(acknowledged, first + enough) << "the child ended by itself";
    for (uint64_t i = first; i < acknowledged; ++i)
      Apply(expected, WriteNumber(i, c.Capabilities()));
    Model with_one_more = expected;
    const NumberedWrite in_flight = WriteNumber(acknowledged, c.Capabilities());
    Apply(with_one_more, in_flight);

    Model contents;
    const auto handle = c.Open(store);
    std::string value;
    for (uint64_t i = 0; i <= acknowledged; ++i) {
      const std::string key = WriteNumber(i, c.Capabilities()).key;
      if (handle->Get(key, value)) contents[key] = value;
    }
    EXPECT_TRUE(contents == expected || contents == with_one_more)
        << "cycle " << cycle << " after " << acknowledged << " writes";
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, CrashTest,
                         ::testing::Combine(::testing::ValuesIn(kEngines),
                                            ::testing::Values(Durability::kProcess)));
INSTANTIATE_TEST_SUITE_P(Sync, CrashTest,
                         ::testing::Combine(::testing::Values("lockfree"),
                                            ::testing::Values(Durability::kSync)));

}  // namespace
}  // namespace kvs::log_engines
