// What is SQLite's own; the contract suite covers the rest.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "tests/engines/adapter_fixture.h"
#include "tests/engines/contract/contract_case.h"
#include "tests/engines/effective_option.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

class SqliteEngineTest : public AdapterTest {};

// Emptying the log waits for every reader; a scan that is going on is one.
TEST_P(SqliteEngineTest, AWaitForAnotherConnectionIsCountedAndTimed) {
  const auto scanner = Open(Options());
  const auto settler = scanner->Clone();
  const auto observer = scanner->Clone();
  scanner->Set("a", "1");
  std::thread settling;
  scanner->Scan("", 1, [&](std::string_view, std::string_view) {
    settler->Set("b", "2");
    settling = std::thread([&] { settler->Settle(); });
    while (observer->Counters().busy_wait_ns == 0) std::this_thread::yield();
  });
  settling.join();
  EXPECT_GE(observer->Counters().busy_waits, 1U);
  EXPECT_GT(observer->Counters().busy_wait_ns, 0U);
  EXPECT_EQ(contract::Lookup(*scanner, "b"), "2");
}

// The one waits for the scan, holding the lock of checkpoints; the other one for that lock.
TEST_P(SqliteEngineTest, SettlesBesideAnotherHandlesSettle) {
  const auto scanner = Open(Options());
  const auto observer = scanner->Clone();
  scanner->Set("a", "1");
  std::vector<std::thread> settling;
  std::atomic<unsigned> settled = 0;
  scanner->Scan("", 1, [&](std::string_view, std::string_view) {
    observer->Set("b", "2");
    for (const uint64_t waits : {1, 2}) {
      settling.emplace_back([&settled, handle = scanner->Clone()] {
        const auto error = contract::ErrorOf([&] { handle->Settle(); });
        EXPECT_FALSE(error.has_value()) << error->what();
        ++settled;
      });
      while (observer->Counters().busy_waits < waits && settled == 0) std::this_thread::yield();
    }
    EXPECT_EQ(settled, 0U);
  });
  for (std::thread& thread : settling) thread.join();
  EXPECT_EQ(settled, 2U);
}

TEST_P(SqliteEngineTest, AWaitThatTakesTooLongIsAnError) {
  const auto scanner = Open(Options({{"busy_timeout", "0"}}));
  const auto settler = scanner->Clone();
  scanner->Set("a", "1");
  scanner->Scan("", 1, [&](std::string_view, std::string_view) {
    settler->Set("b", "2");
    const auto error = contract::ErrorOf([&] { settler->Settle(); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::kLocked);
    EXPECT_THAT(error->what(), HasSubstr("waited 0 s"));
  });
  settler->Settle();
}

TEST_P(SqliteEngineTest, SettingsAndTiersReachTheLibrary) {
  EngineOptions options =
      Options({{"page_size", "8KiB"}, {"mmap_size", "1MiB"}, {"wal_autocheckpoint", "500"}});
  options.memory_budget_bytes = uint64_t{32} << 20;
  const auto handle = Open(options);
  for (const auto& info : {handle->Info(), handle->Clone()->Info()}) {
    EXPECT_EQ(EffectiveOption(info, "page_size"), "8192");
    EXPECT_EQ(EffectiveOption(info, "mmap_size"), "1048576");
    EXPECT_EQ(EffectiveOption(info, "wal_autocheckpoint"), "500");
    EXPECT_EQ(EffectiveOption(info, "cache_size"), "-8192");  // KiB, a quarter for each handle
    EXPECT_EQ(EffectiveOption(info, "journal_mode"), "wal");
    EXPECT_EQ(EffectiveOption(info, "synchronous"), "0");
  }
}

TEST_P(SqliteEngineTest, TierSyncIsSynchronousFull) {
  EngineOptions options = Options();
  options.durability = Durability::kSync;
  const auto handle = Open(options);
  EXPECT_EQ(EffectiveOption(handle->Info(), "synchronous"), "2");
  EXPECT_EQ(EffectiveOption(handle->Clone()->Info(), "synchronous"), "2");
}

TEST_P(SqliteEngineTest, APageSizeThatTheStoreDoesNotHaveIsRefused) {
  Open(Options({{"page_size", "8192"}}))->Set("k", "v");
  const auto error = contract::ErrorOf([&] { Open(Options({{"page_size", "4096"}})); });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::kInvalidOption);
  EXPECT_THAT(error->what(), HasSubstr("created with 8192"));
}

TEST_P(SqliteEngineTest, APageSizeIsAPowerOfTwo) {
  for (const std::string size : {"5000", "256", "131072"}) {
    const auto error = contract::ErrorOf([&] { Open(Options({{"page_size", size}})); });
    ASSERT_TRUE(error.has_value()) << size;
    EXPECT_EQ(error->kind(), ErrorKind::kInvalidOption);
  }
}

TEST_P(SqliteEngineTest, SettleEmptiesTheLog) {
  const EngineOptions options = Options();
  const auto handle = Open(options);
  for (int i = 0; i < 100; ++i) handle->Set(std::to_string(i), std::string(1000, 'v'));
  EXPECT_GT(std::filesystem::file_size(options.directory / "store.sqlite-wal"), 0U);
  handle->Settle();
  EXPECT_EQ(std::filesystem::file_size(options.directory / "store.sqlite-wal"), 0U);
  EXPECT_EQ(contract::Lookup(*handle, "99"), std::string(1000, 'v'));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SqliteEngineTest);
INSTANTIATE_TEST_SUITE_P(Adapter, SqliteEngineTest, ::testing::ValuesIn(IfBuilt("sqlite")));

}  // namespace
}  // namespace kvs
