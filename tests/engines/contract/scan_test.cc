// Ordered scans, or the refusal of them.
#include <atomic>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

using Keys = std::vector<std::string>;

Keys ScannedKeys(KvsEngine& handle, std::string_view start, size_t limit) {
  Keys keys;
  const size_t count = handle.Scan(start, limit, [&](std::string_view key, std::string_view value) {
    keys.emplace_back(key);
    EXPECT_EQ(value, "value of " + keys.back());
  });
  EXPECT_EQ(count, keys.size());
  return keys;
}

void SetKeys(KvsEngine& handle, const Keys& keys) {
  for (const std::string& key : keys) handle.Set(key, "value of " + key);
}

TEST_P(OrderedEngineTest, VisitsKeysInUnsignedByteOrder) {
  const auto handle = Open();
  const Keys sorted = {std::string("\0\0", 2),
                       "A",
                       "a",
                       std::string("a\0", 2),
                       "a\x01",
                       "aa",
                       "b",
                       "\x7f",
                       "\x80",
                       "\xff",
                       "\xff\xff"};
  SetKeys(*handle, Keys(sorted.rbegin(), sorted.rend()));
  EXPECT_EQ(ScannedKeys(*handle, "", 100), sorted);
  handle->Settle();
  EXPECT_EQ(ScannedKeys(*handle, "", 100), sorted);
}

TEST_P(OrderedEngineTest, StartIsInclusiveAndNeedNotBeAKey) {
  const auto handle = Open();
  SetKeys(*handle, {"b", "d", "f"});
  EXPECT_EQ(ScannedKeys(*handle, "", 10), Keys({"b", "d", "f"}));
  EXPECT_EQ(ScannedKeys(*handle, "b", 10), Keys({"b", "d", "f"}));
  EXPECT_EQ(ScannedKeys(*handle, std::string("b\0", 2), 10), Keys({"d", "f"}));
  EXPECT_EQ(ScannedKeys(*handle, "e", 10), Keys({"f"}));
  EXPECT_EQ(ScannedKeys(*handle, "f", 10), Keys({"f"}));
  EXPECT_EQ(ScannedKeys(*handle, "g", 10), Keys());
}

TEST_P(OrderedEngineTest, LimitBoundsTheVisit) {
  const auto handle = Open();
  SetKeys(*handle, {"a", "b", "c"});
  EXPECT_EQ(ScannedKeys(*handle, "", 0), Keys());
  EXPECT_EQ(ScannedKeys(*handle, "", 1), Keys({"a"}));
  EXPECT_EQ(ScannedKeys(*handle, "b", 2), Keys({"b", "c"}));
  EXPECT_EQ(ScannedKeys(*handle, "", std::numeric_limits<size_t>::max()), Keys({"a", "b", "c"}));
}

TEST_P(OrderedEngineTest, AStartBeyondTheKeyLimitIsStillABound) {
  if (capabilities().max_key_bytes > kLargestKeyTried) return;  // no limit that can be tried
  const auto handle = Open();
  SetKeys(*handle, {"a", "m", "z"});
  const std::string start(capabilities().max_key_bytes + 1, 'm');
  EXPECT_EQ(ScannedKeys(*handle, start, 10), Keys({"z"}));
}

TEST_P(OrderedEngineTest, AnEmptyStoreHasNothingToVisit) {
  EXPECT_EQ(ScannedKeys(*Open(), "", 10), Keys());
}

TEST_P(OrderedEngineTest, SeesEveryWriteThatWasAcknowledgedBefore) {
  const auto writer = Open();
  const auto reader = writer->Clone();
  EXPECT_EQ(ScannedKeys(*reader, "", 10), Keys());
  SetKeys(*writer, {"a", "b", "c"});
  EXPECT_EQ(ScannedKeys(*reader, "", 10), Keys({"a", "b", "c"}));
  writer->Remove("b");
  EXPECT_EQ(ScannedKeys(*reader, "", 10), Keys({"a", "c"}));
  EXPECT_EQ(ScannedKeys(*writer, "", 10), Keys({"a", "c"}));
}

TEST_P(OrderedEngineTest, AVisitorThatThrowsEndsTheScanAndHarmsNothing) {
  const auto handle = Open();
  SetKeys(*handle, {"a", "b"});
  size_t visited = 0;
  EXPECT_THROW(handle->Scan("", 10,
                            [&](std::string_view, std::string_view) {
                              ++visited;
                              throw std::runtime_error("enough");
                            }),
               std::runtime_error);
  EXPECT_EQ(visited, 1U);
  handle->Set("c", "value of c");
  EXPECT_EQ(ScannedKeys(*handle, "", 10), Keys({"a", "b", "c"}));
}

// Keys that are there throughout are visited once each and in order, whatever is written between.
TEST_P(OrderedEngineTest, ScansBesideAWriterKeepTheirPromises) {
  if (capabilities().max_threads < 2) return;  // one thread cannot write beside its scan
  const auto handle = Open();
  Keys lasting;
  for (int i = 100; i < 200; ++i) lasting.push_back(fmt::format("key-{}-lasting", i));
  SetKeys(*handle, lasting);
  std::atomic<bool> stop = false;
  std::thread writer([&, clone = handle->Clone()] {
    for (uint64_t i = 0; !stop.load(); ++i) {
      const std::string passing = fmt::format("key-{}-passing", 100 + i * 37 % 100);
      clone->Set(passing, "value of " + passing);
      clone->Remove(fmt::format("key-{}-passing", 100 + i * 61 % 100));
    }
  });
  for (int round = 0; round < 30; ++round) {
    const Keys visited = ScannedKeys(*handle, "key-", 1000);
    EXPECT_TRUE(std::is_sorted(visited.begin(), visited.end()));
    EXPECT_EQ(std::adjacent_find(visited.begin(), visited.end()), visited.end());
    EXPECT_TRUE(std::includes(visited.begin(), visited.end(), lasting.begin(), lasting.end()));
  }
  stop.store(true);
  writer.join();
}

TEST_P(UnorderedEngineTest, AScanIsRefusedNotEmulated) {
  const auto handle = Open();
  handle->Set(Key("k"), "v");
  const auto visit = [](std::string_view, std::string_view) { FAIL() << "visited an entry"; };
  EXPECT_ENGINE_ERROR(handle->Scan("", 10, visit), ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace kvs::contract
