#include "engines/log_store/index.h"

#include <array>
#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/sanitizer.h"

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
  Position Put(uint64_t key, Position p) {
    PutPending();
    return index_.Put(hash_(key), p, Matches(key));
  }
  Position Remove(uint64_t key) {
    PutPending();
    return index_.Remove(hash_(key), Matches(key));
  }
  bool TakesLater(uint64_t key) const { return index_.TakesLater(hash_(key)); }
  void PutLater(uint64_t key, Position p) {
    if (!TakesLater(key)) PutPending();
    index_.PutLater(hash_(key), p);
  }
  void PutPending() {
    index_.FetchPending();
    while (!index_.pending().empty()) {
      const auto [hash, position] = index_.pending().front();
      index_.Put(hash, position, Matches(KeyOf(position)));
      index_.DropFirstPending();
    }
  }
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
    RC_ASSERT(fixture.Find(key) == old);
    if (kind < 40) {
      const Position position = PositionOf(key, version++ % kStride / 2);
      fixture.PutLater(key, position);
      model[key] = position;
    } else if (kind < 65) {
      const Position position = PositionOf(key, version++ % kStride / 2);
      RC_ASSERT(fixture.Put(key, position) == old);
      model[key] = position;
    } else {
      RC_ASSERT(fixture.Remove(key) == old);
      model.erase(key);
    }
    RC_ASSERT(fixture.Find(key) == (model.count(key) > 0 ? model[key] : kNoPosition));
  }
  fixture.PutPending();
  RC_ASSERT(fixture.index().size() == model.size());
  for (uint64_t key = 0; key < static_cast<uint64_t>(keys); ++key) {
    RC_ASSERT(fixture.Find(key) == (model.count(key) > 0 ? model[key] : kNoPosition));
  }
}

// 30 bytes are what the store promises, 13 to 20 what a table needs between two doublings.
TEST(IndexTest, AKeyTakesFewBytes) {
  constexpr uint64_t kKeys = kHasSanitizer ? 50'000 : 500'000;
  constexpr unsigned kShardBits = 4;
  Fixture fixture(kShardBits, GoodHash);
  for (uint64_t key = 0; key < kKeys; ++key) {
    fixture.Put(key, PositionOf(key, 0));
    if (key >= 10'000 && key % 1000 == 0) {
      ASSERT_LE(fixture.index().memory_bytes(), 30 * key) << key << " keys";
    }
  }
}

TEST(IndexTest, BehavesLikeAMap) {
  EXPECT_TRUE(rc::check([] { CheckAgainstAMap(3, GoodHash, 200); }));
}

TEST(IndexTest, BehavesLikeAMapWhenHashesCollide) {
  EXPECT_TRUE(rc::check([] { CheckAgainstAMap(1, BadHash, 40); }));
}

TEST(IndexTest, APendingEntryIsFoundBeforeTheTableHasIt) {
  Fixture fixture(0, GoodHash);
  fixture.Put(1, PositionOf(1, 0));
  fixture.PutLater(1, PositionOf(1, 1));
  fixture.PutLater(2, PositionOf(2, 0));
  EXPECT_EQ(fixture.index().pending().size(), 2u);
  EXPECT_EQ(fixture.index().size(), 1u);
  EXPECT_EQ(fixture.Find(1), PositionOf(1, 1));
  EXPECT_EQ(fixture.Find(2), PositionOf(2, 0));
  EXPECT_EQ(fixture.Find(3), kNoPosition);
  fixture.PutPending();
  EXPECT_EQ(fixture.index().size(), 2u);
  EXPECT_EQ(fixture.Find(1), PositionOf(1, 1));
  EXPECT_EQ(fixture.Find(2), PositionOf(2, 0));
}

TEST(IndexTest, AKeyIsPendingOnce) {
  Fixture fixture(0, GoodHash);
  fixture.PutLater(1, PositionOf(1, 0));
  EXPECT_FALSE(fixture.TakesLater(1));
  EXPECT_TRUE(fixture.TakesLater(2));
  fixture.PutPending();
  EXPECT_TRUE(fixture.TakesLater(1));
}

TEST(IndexTest, AFullLineOfPendingEntriesTakesNoMore) {
  Fixture fixture(0, GoodHash);
  for (uint64_t key = 0; key < Index::kMostPending; ++key) {
    EXPECT_TRUE(fixture.TakesLater(key));
    fixture.PutLater(key, PositionOf(key, 0));
  }
  EXPECT_FALSE(fixture.TakesLater(Index::kMostPending));
  fixture.PutPending();
  EXPECT_TRUE(fixture.TakesLater(Index::kMostPending));
}

// Beside a writer whose puts are pending for a while, a reader gets of each key what was there when
// it began to look, or something newer.
TEST(IndexTest, ReadersBesidePendingPutsNeverGoBack) {
  constexpr uint64_t kKeys = 40;  // several times the pending entries, often one of them
  constexpr uint64_t kWrites = kHasSanitizer ? 100'000 : 1'000'000;
  const auto position = [](uint64_t key, uint64_t version) {
    return (key + 1) << 32 | (version + 1);
  };
  const auto key_of = [](Position p) { return (p >> 32) - 1; };
  std::vector<std::shared_ptr<void>> retired;
  Index index(
      1, [&](Position p) { return GoodHash(key_of(p)); }, [](Position) {},
      [&](std::shared_ptr<void> table) { retired.push_back(std::move(table)); });
  const auto matches = [&](uint64_t key) {
    return [&, key](Position p) { return key_of(p) == key; };
  };
  std::array<std::atomic<uint64_t>, kKeys> written{};  // the newest version whose put has returned
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> wrong{0};
  const auto read = [&](uint64_t seed) {
    for (uint64_t i = seed; !stop.load(); ++i) {
      const uint64_t key = (GoodHash(i) >> 32) % kKeys;
      const uint64_t least = written[key].load();
      if (least == 0) continue;
      if (index.Find(GoodHash(key), matches(key)) < position(key, least)) wrong.fetch_add(1);
    }
  };
  std::thread first(read, 1);
  std::thread second(read, 1'000'000);
  for (uint64_t version = 1; version <= kWrites; ++version) {
    const uint64_t key = (GoodHash(version * 7) >> 20) % kKeys;
    const uint64_t hash = GoodHash(key);
    if (!index.TakesLater(hash) || version % 64 == 0) {
      index.FetchPending();
      while (!index.pending().empty()) {
        const auto [old_hash, old] = index.pending().front();
        index.Put(old_hash, old, matches(key_of(old)));
        index.DropFirstPending();
      }
    }
    index.PutLater(hash, position(key, version));
    written[key].store(version);
  }
  stop.store(true);
  first.join();
  second.join();
  EXPECT_EQ(wrong.load(), 0u);
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
