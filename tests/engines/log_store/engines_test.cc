// The four engines around the store: what one promises beyond the contract that all engines share.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/registry.h"
#include "tests/engines/log_store/test_directory.h"

namespace kvs {
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

TEST(LogEnginesTest, SaysWhatItCannotHonour) {
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s");
  EXPECT_TRUE(Open("mutex", options)->Info().notes.empty());
  options.memory_budget_bytes = 1 << 20;
  options.durability = Durability::kNone;
  const EngineInfo info = Open("mutex", options)->Info();
  ASSERT_EQ(info.notes.size(), 2u);
  EXPECT_THAT(info.notes[0], ::testing::HasSubstr("memory budget is not honoured"));
  EXPECT_THAT(info.notes[1], ::testing::HasSubstr("as 'process'"));
}

TEST(LogEnginesTest, RefusesBadSettings) {
  const TestDirectory directory;
  for (const auto& [name, value] : std::map<std::string, std::string>{{"segment_size", "1KiB"},
                                                                      {"segment_size ", "1MiB"},
                                                                      {"garbage_percent", "100"},
                                                                      {"verify_reads", "maybe"},
                                                                      {"ordered", "true"}}) {
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

struct Operation {
  std::string key;
  bool is_removal;
  std::string value;
};

constexpr int kCrashKeys = 50;

// The n-th operation of one child.
Operation OperationOf(uint64_t seed, uint64_t n) {
  std::mt19937_64 random(seed * 1000003 + n);
  const auto key = static_cast<int>(random() % kCrashKeys);
  return {"key" + std::to_string(key), random() % 5 == 0,
          MakeValue(key, seed << 32 | n) + std::string(random() % 800, 'x')};
}

using Model = std::map<std::string, std::string>;

void Apply(Model& model, const Operation& operation) {
  if (operation.is_removal) {
    model.erase(operation.key);
  } else {
    model[operation.key] = operation.value;
  }
}

Model Contents(KvsEngine& store) {
  Model contents;
  std::string value;
  for (int i = 0; i < kCrashKeys; ++i) {
    const std::string key = "key" + std::to_string(i);
    if (store.Get(key, value)) contents[key] = value;
  }
  return contents;
}

[[noreturn]] void WorkUntilKilled(std::string_view engine, const EngineOptions& options,
                                  uint64_t seed, int report_fd) {
  const auto store = Open(engine, options);
  for (uint64_t n = 0;; ++n) {
    const Operation operation = OperationOf(seed, n);
    if (operation.is_removal) {
      store->Remove(operation.key);
    } else {
      store->Set(operation.key, operation.value);
    }
    if (::write(report_fd, "x", 1) != 1) ::_exit(1);
  }
}

class CrashTest : public ::testing::TestWithParam<std::tuple<const char*, Durability>> {};

// Each acknowledged write is there; the one in flight may be; nothing else is.
TEST_P(CrashTest, KillNineLosesNoAcknowledgedWrite) {
  const auto [engine, durability] = GetParam();
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s");
  options.durability = durability;
  std::mt19937_64 random(20);
  Model before;
  uint64_t total = 0;
  for (uint64_t cycle = 0; cycle < 8; ++cycle) {
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(report[0]);
      WorkUntilKilled(engine, options, cycle, report[1]);
    }
    ::close(report[1]);
    uint64_t acknowledged = 0;
    const uint64_t enough = 1 + random() % (durability == Durability::kSync ? 150 : 1500);
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::read(report[0], buffer, sizeof buffer)) > 0) {
      acknowledged += static_cast<uint64_t>(n);
      if (acknowledged >= enough) ::kill(child, SIGKILL);  // goes on to read what is in the pipe
    }
    ::close(report[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

    Model expected = before;
    for (uint64_t i = 0; i < acknowledged; ++i) Apply(expected, OperationOf(cycle, i));
    Model with_one_more = expected;
    Apply(with_one_more, OperationOf(cycle, acknowledged));
    before = Contents(*Open(engine, options));
    EXPECT_TRUE(before == expected || before == with_one_more)
        << "cycle " << cycle << " after " << acknowledged << " writes";
    total += acknowledged;
  }
  EXPECT_GT(total, 8u);
}

INSTANTIATE_TEST_SUITE_P(Engines, CrashTest,
                         ::testing::Combine(::testing::ValuesIn(kEngines),
                                            ::testing::Values(Durability::kProcess)));
INSTANTIATE_TEST_SUITE_P(Sync, CrashTest,
                         ::testing::Combine(::testing::Values("lockfree"),
                                            ::testing::Values(Durability::kSync)));

}  // namespace
}  // namespace kvs
