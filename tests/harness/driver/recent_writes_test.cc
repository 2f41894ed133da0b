#include "harness/driver/recent_writes.h"

#include <gtest/gtest.h>

#include <set>

namespace kvs::recent_writes {
namespace {

TEST(RecentWritesTest, KnowsTheLastWriteToEachKey) {
  RecentWrites writes(/*writer=*/3);
  EXPECT_EQ(writes.LastTo(7), std::nullopt);
  EXPECT_TRUE(writes.LastToEach().empty());
  writes.Add(7, 1);
  writes.Add(8, 2);
  writes.Add(7, 3);
  EXPECT_EQ(writes.LastTo(7)->version, 3u);
  EXPECT_EQ(writes.LastTo(8)->version, 2u);
  EXPECT_EQ(writes.LastTo(8)->writer, 3u);
  EXPECT_EQ(writes.LastTo(0), std::nullopt);
  EXPECT_EQ(writes.LastToEach().size(), 2u);
}

TEST(RecentWritesTest, ForgetsTheOldestFirst) {
  RecentWrites writes(0);
  constexpr uint32_t kWrites = 10 * RecentWrites::kMost + 5;
  for (uint32_t version = 1; version <= kWrites; ++version) writes.Add(version % 200, version);
  std::set<uint64_t> keys;
  for (const AcknowledgedWrite& write : writes.LastToEach()) {
    EXPECT_GT(write.version, kWrites - RecentWrites::kMost);
    EXPECT_EQ(write.version % 200, write.key_number);
    keys.insert(write.key_number);
  }
  EXPECT_EQ(keys.size(), RecentWrites::kMost);
  EXPECT_EQ(writes.LastTo((kWrites - RecentWrites::kMost) % 200), std::nullopt);
  EXPECT_TRUE(writes.LastTo((kWrites - RecentWrites::kMost + 1) % 200));
}

TEST(AcknowledgedWriteTest, KnowsWhatCannotComeBackAfterIt) {
  const AcknowledgedWrite write{.key_number = 5, .writer = 1, .version = 17};
  const auto found = [](uint32_t writer, uint32_t version) {
    return ValueOrigin{.key_number = 5, .writer = writer, .version = version};
  };
  EXPECT_FALSE(write.IsNewerThan(found(1, 17)));
  EXPECT_TRUE(write.IsNewerThan(found(1, 16)));
  EXPECT_TRUE(write.IsNewerThan(found(1, kLoadVersion)));
  EXPECT_TRUE(write.IsNewerThan(found(0, kLoadVersion))) << "the load was before all writes";
  EXPECT_FALSE(write.IsNewerThan(found(0, 1))) << "another writer's may be newer";
}

}  // namespace
}  // namespace kvs::recent_writes
