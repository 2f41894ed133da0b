#include "engines/log_store/index.h"

#include <map>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace kvs {
namespace {

// A key k lives at the positions k * 1000 + 2 + version, so that its key can be told from a
// position.
constexpr Position kStride = 1000;
Position PositionOf(uint64_t key, uint64_t version) { return key * kStride + 2 + version; }
uint64_t KeyOf(Position position) { return (position - 2) / kStride; }

// Hashes with few distinct tags and start buckets, so that entries collide in both.
uint64_t BadHash(uint64_t key) { return (key % 3) << 40 | (key % 5) | (key % 2) << 63; }
uint64_t GoodHash(uint64_t key) { return (key + 1) * 0x9e3779b97f4a7c15; }

auto Matches(uint64_t key) {
  return [key](Position p) { return KeyOf(p) == key; };
}

class Fixture {
 public:
  Fixture(unsigned shard_bits, uint64_t (*hash)(uint64_t))
      : hash_(hash),
        index_(
            shard_bits, [this](Position p) { return hash_(KeyOf(p)); }, [](Position) {},
            [this](std::shared_ptr<void> table) { retired_.push_back(std::move(table)); }) {}

  Position Find(uint64_t key) const { return index_.Find(hash_(key), Matches(key)); }
  Position Put(uint64_t key, Position p) { return index_.Put(hash_(key), p, Matches(key)); }
  Position Remove(uint64_t key) { return index_.Remove(hash_(key), Matches(key)); }
  const Index& index() const { return index_; }
  size_t retired() const { return retired_.size(); }

 private:
  uint64_t (*const hash_)(uint64_t);
  std::vector<std::shared_ptr<void>> retired_;
  Index index_;
};

void CheckAgainstAMap(unsigned shard_bits, uint64_t (*hash)(uint64_t), int keys) {
  const auto steps = *rc::gen::container<std::vector<std::pair<int, int>>>(
      rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange(0, keys)));
  Fixture fixture(shard_bits, hash);
  std::map<uint64_t, Position> model;
  uint64_t version = 0;
  for (const auto& [kind, number] : steps) {
    const auto key = static_cast<uint64_t>(number);
    const Position old = model.count(key) > 0 ? model[key] : kNoPosition;
    if (kind < 60) {
      const Position position = PositionOf(key, version++ % kStride / 2);
      RC_ASSERT(fixture.Put(key, position) == old);
      model[key] = position;
    } else {
      RC_ASSERT(fixture.Remove(key) == old);
      model.erase(key);
    }
    RC_ASSERT(fixture.index().size() == model.size());
  }
  for (uint64_t key = 0; key < static_cast<uint64_t>(keys); ++key) {
    RC_ASSERT(fixture.Find(key) == (model.count(key) > 0 ? model[key] : kNoPosition));
  }
}

TEST(IndexTest, BehavesLikeAMap) {
  EXPECT_TRUE(rc::check([] { CheckAgainstAMap(3, GoodHash, 200); }));
}

TEST(IndexTest, BehavesLikeAMapWhenHashesCollide) {
  EXPECT_TRUE(rc::check([] { CheckAgainstAMap(1, BadHash, 40); }));
}

TEST(IndexTest, GrowsAndKeepsEverything) {
  Fixture fixture(2, GoodHash);
  for (uint64_t key = 0; key < 100000; ++key) fixture.Put(key, PositionOf(key, 0));
  EXPECT_EQ(fixture.index().size(), 100000u);
  EXPECT_GT(fixture.retired(), 40u);
  for (uint64_t key = 0; key < 100000; ++key) ASSERT_EQ(fixture.Find(key), PositionOf(key, 0));
  EXPECT_EQ(fixture.Find(100000), kNoPosition);
  EXPECT_LE(fixture.index().memory_bytes(), 100000u * 21);
}

// Slots of removed entries are used again or cleared: the table does not grow with its history.
TEST(IndexTest, DoesNotGrowWhenKeysComeAndGo) {
  Fixture fixture(0, GoodHash);
  for (uint64_t key = 0; key < 100000; ++key) {
    fixture.Put(key, PositionOf(key, 0));
    if (key >= 100) {
      ASSERT_EQ(fixture.Remove(key - 100), PositionOf(key - 100, 0));
    }
  }
  EXPECT_EQ(fixture.index().size(), 100u);
  EXPECT_LE(fixture.index().memory_bytes(), 4096u);
}

}  // namespace
}  // namespace kvs
