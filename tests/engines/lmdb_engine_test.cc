// What is LMDB's own; the contract suite covers the rest.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/engines/adapter_fixture.h"
#include "tests/engines/contract/contract_case.h"
#include "tests/engines/effective_option.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

class LmdbEngineTest : public AdapterTest {};

TEST_P(LmdbEngineTest, AFullMapIsNamedAndCostsNothingThatWasStored) {
  const std::string value(10'000, 'v');
  uint64_t stored = 0;
  {
    const auto handle = Open(Options({{"map_size", "2MiB"}}));
    const auto error = contract::ErrorOf([&] {
      for (;; ++stored) handle->Set(std::to_string(stored), value);
    });
    EXPECT_EQ(error->kind(), ErrorKind::kFull);
    EXPECT_THAT(error->what(), HasSubstr("map_size"));
    EXPECT_THAT(error->what(), HasSubstr("2097152"));
    EXPECT_GT(stored, 50U);
    EXPECT_EQ(contract::Lookup(*handle, "0"), value);
    EXPECT_EQ(contract::Lookup(*handle, std::to_string(stored)), std::nullopt);
  }
  const auto handle = Open(Options({{"map_size", "8MiB"}}));
  handle->Set(std::to_string(stored), value);
  for (uint64_t i = 0; i <= stored; ++i) {
    EXPECT_EQ(contract::Lookup(*handle, std::to_string(i)), value) << i;
  }
}

// A handle that has read and now rests must not keep old pages: overwriting reuses them.
TEST_P(LmdbEngineTest, AnIdleHandleKeepsNoOldVersion) {
  const EngineOptions options = Options();
  const auto writer = Open(options);
  const auto idle = writer->Clone();
  const std::string value(10'000, 'v');
  writer->Set("k", value);
  EXPECT_EQ(contract::Lookup(*idle, "k"), value);
  EXPECT_EQ(idle->Scan("", 10, [](std::string_view, std::string_view) {}), 1U);
  for (int i = 0; i < 500; ++i) writer->Set("k", value);
  // 500 versions of 10 kB would take 5 MB.
  EXPECT_LT(std::filesystem::file_size(options.directory / "data.mdb"), 300'000U);
}

TEST_P(LmdbEngineTest, MoreReadersThanPromisedAreRefusedByName) {
  std::vector<std::unique_ptr<KvsEngine>> handles;
  handles.push_back(Open(Options()));
  handles[0]->Set("k", "v");
  const auto error = contract::ErrorOf([&] {
    while (handles.size() < 100) {
      handles.push_back(handles[0]->Clone());
      EXPECT_EQ(contract::Lookup(*handles.back(), "k"), "v");
    }
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::kFull);
  EXPECT_THAT(error->what(), HasSubstr("max_handles promised 4"));
}

TEST_P(LmdbEngineTest, TiersDecideWhetherCommitsAreFlushed) {
  for (const auto& [tier, nosync] : {std::pair(Durability::kNone, "true"),
                                     {Durability::kProcess, "true"},
                                     {Durability::kSync, "false"}}) {
    EngineOptions options = Options();
    options.durability = tier;
    const EngineInfo info = Open(options)->Info();
    EXPECT_EQ(EffectiveOption(info, "MDB_NOSYNC"), nosync);
    EXPECT_EQ(testing::Value(info.notes, testing::Contains("durability as process")),
              tier == Durability::kNone);
  }
}

TEST_P(LmdbEngineTest, AMapThatTheDiskCannotHoldIsRefusedWhereItWouldEndInASignal) {
  const auto error = contract::ErrorOf([&] {
    Open(Options({{"writemap", "true"}, {"map_size", "60TiB"}}));
  });
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->kind(), ErrorKind::kFull);
  EXPECT_THAT(error->what(), HasSubstr("map_size"));
}

TEST_P(LmdbEngineTest, TheKeyLimitIsTheLibrarys) {
  EXPECT_EQ(GetParam()->capabilities(Options()).max_key_bytes, 511U);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LmdbEngineTest);
INSTANTIATE_TEST_SUITE_P(Adapter, LmdbEngineTest, ::testing::ValuesIn(IfBuilt("lmdb")));

}  // namespace
}  // namespace kvs
