// What is RocksDB's own; the contract suite covers the rest.
#include <gmock/gmock.h>

#include "tests/engines/adapter_fixture.h"
#include "tests/engines/contract/contract_case.h"
#include "tests/engines/effective_option.h"
#if __has_include(<rocksdb/listener.h>)  // else the engine is left out
#include <rocksdb/listener.h>
#include <rocksdb/perf_level.h>

#include "engines/rocksdb_options.h"
#endif

namespace kvs {
namespace {

using ::testing::HasSubstr;

class RocksdbEngineTest : public AdapterTest {};

TEST_P(RocksdbEngineTest, SettingsReachTheLibrarysThreeGroupsOfOptions) {
  const EngineInfo info = Open(Options({{"block_size", "16KiB"},
                                        {"compression", "lz4"},
                                        {"max_background_jobs", "4"},
                                        {"block_cache", "3MiB"},
                                        {"max_bytes_for_level_multiplier", "8.5"},
                                        {"compression_opts.level", "3"},
                                        {"write_buffer_size", "1MB"}}))
                              ->Info();
  EXPECT_EQ(EffectiveOption(info, "block_size"), "16384");
  EXPECT_EQ(EffectiveOption(info, "compression"), "kLZ4Compression");
  EXPECT_EQ(EffectiveOption(info, "max_background_jobs"), "4");
  EXPECT_EQ(EffectiveOption(info, "block_cache"), "3145728");
  EXPECT_EQ(EffectiveOption(info, "max_bytes_for_level_multiplier"), "8.500000");
  EXPECT_EQ(EffectiveOption(info, "write_buffer_size"), "1000000");
  EXPECT_THAT(EffectiveOption(info, "compression_opts"), HasSubstr("level=3;"));
}

TEST_P(RocksdbEngineTest, DefaultsAreTheLibrarysExceptForCompressionAndFilter) {
  const EngineInfo info = Open(Options())->Info();
  EXPECT_EQ(EffectiveOption(info, "block_cache"), "8388608");
  EXPECT_EQ(EffectiveOption(info, "write_buffer_size"), "67108864");
  EXPECT_EQ(EffectiveOption(info, "compression"), "kNoCompression");
  EXPECT_THAT(EffectiveOption(info, "filter_policy"), HasSubstr("bloomfilter:10"));
}

#if __has_include(<rocksdb/listener.h>)
TEST_P(RocksdbEngineTest, AFailureInTheBackgroundIsNotTriedAgain) {
  const rocksdb::Options options = MakeRocksdbOptions(Options());
  ASSERT_EQ(options.listeners.size(), 1u);
  bool auto_recovery = true;
  options.listeners[0]->OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason::kFlush,
                                             rocksdb::Status::NoSpace(), &auto_recovery);
  EXPECT_FALSE(auto_recovery);
}

TEST_P(RocksdbEngineTest, TheLibraryCountsNothingOfAThreadThatAsks) {
  const std::unique_ptr<KvsEngine> handle = Open(Options());
  handle->Set("key", "value");
  const std::string_view keys[] = {"key"};
  const std::string_view new_values[] = {"new"};
  std::string values[1];
  bool found[1];
  const auto level_after = [](const auto& operation) {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    operation();
    return rocksdb::GetPerfLevel();
  };
  constexpr rocksdb::PerfLevel kNothing = rocksdb::PerfLevel::kDisable;
  EXPECT_EQ(level_after([&] { handle->Get("key", values[0]); }), kNothing);
  EXPECT_EQ(level_after([&] { handle->MultiGet(keys, values, found); }), kNothing);
  EXPECT_EQ(level_after([&] { handle->Scan("", 1, [](auto, auto) {}); }), kNothing);
  EXPECT_EQ(level_after([&] { handle->Set("key", "other"); }), kNothing);
  EXPECT_EQ(level_after([&] { handle->SetMany(keys, new_values); }), kNothing);
  EXPECT_EQ(level_after([&] { handle->Remove("key"); }), kNothing);
}
#endif

TEST_P(RocksdbEngineTest, TheBudgetIsSplitBetweenCacheAndWriteBuffers) {
  EngineOptions options = Options();
  options.memory_budget_bytes = uint64_t{128} << 20;
  const EngineInfo info = Open(options)->Info();
  EXPECT_EQ(EffectiveOption(info, "write_buffer_size"), std::to_string(16 << 20));
  EXPECT_EQ(EffectiveOption(info, "block_cache"), std::to_string(96 << 20));
  options.memory_budget_bytes = uint64_t{8} << 30;
  const EngineInfo large = Open(options)->Info();
  EXPECT_EQ(EffectiveOption(large, "write_buffer_size"), std::to_string(64 << 20));
  EXPECT_EQ(EffectiveOption(large, "block_cache"),
            std::to_string((uint64_t{8} << 30) - (uint64_t{128} << 20)));
  options.settings = {{"block_cache", "1MiB"}};  // said outright, it wins over the budget
  EXPECT_EQ(EffectiveOption(Open(options)->Info(), "block_cache"), "1048576");
}

TEST_P(RocksdbEngineTest, TiersDecideHowTheLogIsWritten) {
  for (const auto& [tier, manual, sync] : {std::tuple(Durability::kNone, "true", "false"),
                                           {Durability::kProcess, "false", "false"},
                                           {Durability::kSync, "false", "true"}}) {
    EngineOptions options = Options();
    options.durability = tier;
    const EngineInfo info = Open(options)->Info();
    EXPECT_EQ(EffectiveOption(info, "manual_wal_flush"), manual);
    EXPECT_EQ(EffectiveOption(info, "WriteOptions.sync"), sync);
  }
}

TEST_P(RocksdbEngineTest, RefusesWhatTheLibraryWouldMisreadOrTheContractForbids) {
  for (const auto& setting : {std::pair("write_buffer_size", "12zz"),
                              {"write_buffer_size", "-5"},
                              {"max_bytes_for_level_multiplier", "10x"},
                              {"compression", "lz5"},
                              {"filter_policy", "nonsense"},
                              {"use_direct_reads", "maybe"},
                              {"memtable_factory", "nonsense"},
                              {"block_sise", "4096"},
                              {"comparator", "rocksdb.ReverseBytewiseComparator"},
                              {"manual_wal_flush", "true"},
                              {"wal_dir", "/tmp"},
                              {"compaction_filter", "RemoveEmptyValueCompactionFilter"},
                              {"compaction_style", "kCompactionStyleFIFO"}}) {
    SCOPED_TRACE(setting.first);
    const auto error = contract::ErrorOf([&] { Open(Options({{setting.first, setting.second}})); });
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->kind(), ErrorKind::kInvalidOption);
    EXPECT_THAT(error->what(), HasSubstr(setting.first));
  }
}

TEST_P(RocksdbEngineTest, OptionsThatDoNotGoTogetherAreRefusedAtOpen) {
  const auto error = contract::ErrorOf([&] {
    Open(Options({{"memtable_factory", "vector"}, {"allow_concurrent_memtable_write", "true"}}));
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::kInvalidOption);
}

TEST_P(RocksdbEngineTest, ScansStayInOrderWithAPrefixExtractor) {
  const auto handle =
      Open(Options({{"prefix_extractor", "rocksdb.FixedPrefix.1"}, {"whole_key_filtering", "0"}}));
  for (const char* key : {"a1", "b1", "c1"}) handle->Set(key, "v");
  handle->Settle();
  EXPECT_EQ(handle->Scan("a0", 10, [](std::string_view, std::string_view) {}), 3U);
}

TEST_P(RocksdbEngineTest, RemoveDoesNotKnow) {
  const auto handle = Open(Options());
  handle->Set("k", "v");
  EXPECT_EQ(handle->Remove("k"), RemoveResult::kUnknown);
  EXPECT_EQ(handle->Remove("k"), RemoveResult::kUnknown);
}

TEST_P(RocksdbEngineTest, SettleWaitsForDueCompactions) {
  const auto handle = Open(Options({{"write_buffer_size", "64KiB"},
                                    {"level0_file_num_compaction_trigger", "2"},
                                    {"target_file_size_base", "64KiB"}}));
  for (uint64_t i = 0; i < 2000; ++i) handle->Set(std::to_string(i % 500), std::string(500, 'v'));
  handle->Settle();
  for (uint64_t i = 0; i < 500; ++i) {
    EXPECT_EQ(contract::Lookup(*handle, std::to_string(i)), std::string(500, 'v'));
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RocksdbEngineTest);
INSTANTIATE_TEST_SUITE_P(Adapter, RocksdbEngineTest, ::testing::ValuesIn(IfBuilt("rocksdb")));

}  // namespace
}  // namespace kvs
