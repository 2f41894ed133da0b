// Against std::set, by rapidcheck and by long random histories; and what a cursor finds that stands
// anywhere in the index while it changes.
#include "engines/log_store/ordered_index.h"
#include "engines/log_store/epochs.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>
#include <set>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace kvs::ordered_index {
namespace {

using Keys = std::vector<std::string>;
using Model = std::set<std::string>;

Keys KeysFrom(const OrderedIndex& index, std::string_view start) {
  Keys keys;
  OrderedIndex::Cursor cursor(index, start);
  std::string_view key;
  while (cursor.Next(key)) keys.emplace_back(key);
  return keys;
}

Keys KeysFrom(const Model& model, const std::string& start) {
  return Keys(model.lower_bound(start), model.end());
}

// Keeps what is retired, so that cursors may stand anywhere.
class Fixture {
 public:
  explicit Fixture(std::function<void()> around_publication = {})
      : index_([this](std::shared_ptr<void> nodes) { retired_.push_back(std::move(nodes)); },
               std::move(around_publication)) {}

  OrderedIndex& operator*() { return index_; }
  OrderedIndex* operator->() { return &index_; }
  size_t retired() const { return retired_.size(); }

 private:
  std::vector<std::shared_ptr<void>> retired_;
  OrderedIndex index_;
};

// Keys that share beginnings, hold any bytes, and are sometimes long enough to fill a node alone.
std::string MakeKey(uint64_t number) {
  std::mt19937_64 random(number);
  std::string key(random() % 4, 'p');
  const size_t bytes = random() % 12;
  for (size_t i = 0; i < bytes; ++i) key.push_back("\0a\x7f\x80\xff"[random() % 5]);
  if (random() % 50 == 0) key.append(random() % 9000, 'x');
  return key + std::to_string(number);
}

struct Change {
  bool inserts;
  std::string key;
};

rc::Gen<std::vector<Change>> GenChanges(uint64_t keys) {
  return rc::gen::container<std::vector<Change>>(
      rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 100), rc::gen::inRange<uint64_t>(0, keys)),
                   [](const std::pair<int, uint64_t>& drawn) {
                     return Change{drawn.first < 65, MakeKey(drawn.second)};
                   }));
}

void Apply(OrderedIndex& index, Model& model, const Change& change) {
  if (change.inserts) {
    RC_ASSERT(index.Insert(change.key) == model.insert(change.key).second);
  } else {
    RC_ASSERT(index.Remove(change.key) == (model.erase(change.key) == 1));
  }
  RC_ASSERT(index.size() == model.size());
}

TEST(OrderedIndexTest, IsEmptyAtFirst) {
  Fixture index;
  EXPECT_EQ(KeysFrom(*index, ""), Keys());
  EXPECT_FALSE(index->Remove(""));
  index->Build({});
  EXPECT_EQ(KeysFrom(*index, ""), Keys());
}

TEST(OrderedIndexTest, BehavesLikeASet) {
  EXPECT_TRUE(rc::check([] {
    const std::vector<Change> changes = *rc::gen::scale(5.0, GenChanges(300));
    Fixture index;
    Model model;
    for (const Change& change : changes) Apply(*index, model, change);
    RC_ASSERT(KeysFrom(*index, "") == KeysFrom(model, ""));
    const std::string start = MakeKey(*rc::gen::inRange<uint64_t>(0, 300));
    RC_ASSERT(KeysFrom(*index, start) == KeysFrom(model, start));
  }));
}

TEST(OrderedIndexTest, BuildMakesWhatInsertionsMake) {
  EXPECT_TRUE(rc::check([] {
    const auto numbers = *rc::gen::scale(
        20.0, rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange<uint64_t>(0, 1'000'000)));
    Model model;
    for (const uint64_t number : numbers) model.insert(MakeKey(number));
    std::vector<std::string_view> views(model.begin(), model.end());
    std::shuffle(views.begin(), views.end(), std::mt19937_64(numbers.size()));
    Fixture index;
    index->Build(views);
    RC_ASSERT(index->size() == model.size());
    RC_ASSERT(KeysFrom(*index, "") == KeysFrom(model, ""));
    const std::vector<Change> changes = *GenChanges(100);
    for (const Change& change : changes) Apply(*index, model, change);
    RC_ASSERT(KeysFrom(*index, "") == KeysFrom(model, ""));
  }));
}

// Long enough for three levels, in every direction of growth, and back to nothing.
class HistoryTest : public ::testing::TestWithParam<int> {};

TEST_P(HistoryTest, GrowsAndShrinksLikeASet) {
  constexpr uint64_t kKeys = 12000;
  std::mt19937_64 random(7);
  std::vector<std::string> keys;
  for (uint64_t i = 0; i < kKeys; ++i) keys.push_back(MakeKey(i));
  std::sort(keys.begin(), keys.end());
  if (GetParam() == 1) std::reverse(keys.begin(), keys.end());
  if (GetParam() == 2) std::shuffle(keys.begin(), keys.end(), random);
  Fixture index;
  const size_t bytes_empty = index->memory_bytes();
  Model model;
  for (size_t i = 0; i < keys.size(); ++i) {
    ASSERT_TRUE(index->Insert(keys[i]));
    ASSERT_FALSE(index->Insert(keys[i / 2]));
    model.insert(keys[i]);
    if (i % 3000 == 2999) {
      ASSERT_EQ(KeysFrom(*index, ""), KeysFrom(model, ""));
    }
  }
  for (int i = 0; i < 200; ++i) {
    const std::string start = MakeKey(random() % (2 * kKeys));
    OrderedIndex::Cursor cursor(*index, start);
    std::string_view key;
    const auto expected = model.lower_bound(start);
    ASSERT_EQ(cursor.Next(key), expected != model.end());
    if (expected != model.end()) {
      ASSERT_EQ(key, *expected);
    }
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    // Every other one, then the rest.
    const std::string& key = keys[i < kKeys / 2 ? 2 * i : 2 * (i - kKeys / 2) + 1];
    ASSERT_TRUE(index->Remove(key));
    ASSERT_FALSE(index->Remove(key));
    model.erase(key);
    if (i % 3000 == 1499) {
      ASSERT_EQ(KeysFrom(*index, ""), KeysFrom(model, ""));
    }
  }
  EXPECT_EQ(index->size(), 0u);
  EXPECT_EQ(KeysFrom(*index, ""), Keys());
  EXPECT_LT(index->memory_bytes(), bytes_empty + 20000);
}

INSTANTIATE_TEST_SUITE_P(Ascending, HistoryTest, ::testing::Values(0));
INSTANTIATE_TEST_SUITE_P(Descending, HistoryTest, ::testing::Values(1));
INSTANTIATE_TEST_SUITE_P(Shuffled, HistoryTest, ::testing::Values(2));

std::string UserKey(uint64_t number) {
  char key[24];
  std::snprintf(key, sizeof key, "user%016llu", static_cast<unsigned long long>(number));
  return key;
}

TEST(OrderedIndexTest, CostsLittleMoreThanItsKeys) {
  constexpr uint64_t kKeys = 50000;
  Fixture in_order;
  Fixture scattered;
  Fixture built;
  Keys keys;
  for (uint64_t i = 0; i < kKeys; ++i) {
    in_order->Insert(UserKey(i));
    keys.push_back(UserKey(i * 0x9e3779b97f4a7c15 % 10'000'000'000'000'000));
    scattered->Insert(keys.back());
  }
  built->Build(std::vector<std::string_view>(keys.begin(), keys.end()));
  EXPECT_LE(in_order->memory_bytes(), kKeys * (20 + 13));
  EXPECT_LE(scattered->memory_bytes(), kKeys * (20 + 20));
  EXPECT_LE(built->memory_bytes(), kKeys * (20 + 13));
  EXPECT_GE(built->memory_bytes(), kKeys * 20);
}

// Most leaves lose most of their keys; the rest must not stay spread over all of them.
TEST(OrderedIndexTest, GivesBackWhatRemovedKeysTook) {
  constexpr uint64_t kKeys = 20000;
  Fixture index;
  for (uint64_t i = 0; i < kKeys; ++i) index->Insert(UserKey(i));
  const size_t before = index->memory_bytes();
  for (uint64_t i = 0; i < kKeys; ++i) {
    if (i % 16 != 0) index->Remove(UserKey(i));
  }
  EXPECT_LT(index->memory_bytes(), before / 4);
  EXPECT_EQ(index->size(), kKeys / 16);
}

TEST(OrderedIndexTest, DoesNotGrowWhenKeysComeAndGo) {
  Fixture index;
  for (uint64_t i = 0; i < 50000; ++i) {
    index->Insert(UserKey(i));
    if (i >= 100) {
      ASSERT_TRUE(index->Remove(UserKey(i - 100)));
    }
  }
  EXPECT_EQ(KeysFrom(*index, "").size(), 100u);
  EXPECT_LE(index->memory_bytes(), 20000u);
}

// Invariant 3. Before and after each single store there is a whole index: the old keys, and from
// some store of the change on the new ones.
TEST(OrderedIndexTest, IsWholeBeforeAndAfterEachStore) {
  Model model;
  Model before;
  const OrderedIndex* looked_at = nullptr;
  bool is_changed = false;
  uint64_t looks = 0;
  uint64_t wrong = 0;
  Fixture index([&] {
    if (looked_at == nullptr) return;
    ++looks;
    const Keys keys = KeysFrom(*looked_at, "");
    is_changed = is_changed || keys != KeysFrom(before, "");
    if (is_changed && keys != KeysFrom(model, "")) ++wrong;
  });
  looked_at = &*index;
  std::mt19937_64 random(3);
  std::set<uint64_t> there;
  for (int i = 0; i < 4000; ++i) {
    // Up to some hundred keys, down to none, and up again.
    const bool inserts = random() % 100 < (i / 1000 % 2 == 0 ? 80u : 10u);
    const std::string key = MakeKey(random() % 400);
    before = model;
    is_changed = false;
    const uint64_t looks_before = looks;
    if (inserts) {
      const bool is_new = model.insert(key).second;
      ASSERT_EQ(index->Insert(key), is_new);
      ASSERT_EQ(looks - looks_before, is_new ? 2u : 0u) << "one store makes a key visible";
    } else {
      const bool was_there = model.erase(key) == 1;
      ASSERT_EQ(index->Remove(key), was_there);
      ASSERT_EQ(looks != looks_before, was_there);
    }
    ASSERT_EQ(wrong, 0u) << "change " << i;
    ASSERT_EQ(is_changed, model != before);
  }
  looked_at = nullptr;
}

// Any interleaving of a cursor's steps with changes.
TEST(OrderedIndexTest, ACursorKeepsItsPromisesWhateverChangesMeanwhile) {
  EXPECT_TRUE(rc::check([] {
    Fixture index;
    Model model;
    const auto keys = *rc::gen::inRange<uint64_t>(1, 400);
    for (uint64_t i = 0; i < keys; i += 2) Apply(*index, model, {true, MakeKey(i)});
    Model throughout = model;  // since the cursor began
    Model ever = model;
    OrderedIndex::Cursor cursor(*index, "");
    Keys visited;
    const std::vector<Change> changes = *rc::gen::scale(4.0, GenChanges(keys));
    std::string_view key;
    for (const Change& change : changes) {
      Apply(*index, model, change);
      change.inserts ? (void)ever.insert(change.key) : (void)throughout.erase(change.key);
      if (change.key.size() % 2 == 0 && cursor.Next(key)) visited.emplace_back(key);
    }
    while (cursor.Next(key)) visited.emplace_back(key);
    RC_ASSERT(std::is_sorted(visited.begin(), visited.end()));
    RC_ASSERT(std::adjacent_find(visited.begin(), visited.end()) == visited.end());
    RC_ASSERT(std::includes(visited.begin(), visited.end(), throughout.begin(), throughout.end()));
    RC_ASSERT(std::includes(ever.begin(), ever.end(), visited.begin(), visited.end()));
  }));
}

// The same on real threads, with nodes that are destroyed as soon as no cursor may hold them.
TEST(OrderedIndexTest, CursorsRunBesideTheWriter) {
  constexpr uint64_t kKeys = 3000;
  Epochs epochs;
  OrderedIndex index([&](std::shared_ptr<void> nodes) { epochs.Retire(std::move(nodes)); });
  Keys lasting;
  for (uint64_t i = 0; i < kKeys; i += 10) lasting.push_back(UserKey(i));
  for (const std::string& key : lasting) index.Insert(key);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> scans{0};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      Epochs::Slot* const slot = epochs.AcquireSlot();
      Keys visited;
      while (!stop.load()) {
        const Epochs::Guard guard(epochs, slot);
        visited = KeysFrom(index, "");
        const bool is_right =
            std::is_sorted(visited.begin(), visited.end()) &&
            std::adjacent_find(visited.begin(), visited.end()) == visited.end() &&
            std::includes(visited.begin(), visited.end(), lasting.begin(), lasting.end()) &&
            std::all_of(visited.begin(), visited.end(), [](const std::string& key) {
              return key.size() == 20 && key.starts_with("user0");
            });
        if (!is_right) ++wrong;
        ++scans;
      }
      epochs.ReleaseSlot(slot);
    });
  }
  std::mt19937_64 random(11);
  // At least so many changes, and as many as it takes for the readers to have looked.
  for (int i = 0; i < 30000 || scans.load() < 20; ++i) {
    const uint64_t number = random() % kKeys;
    if (number % 10 == 0) continue;
    // Swells and ebbs, so that leaves are split and merged.
    random() % 100 < (i / 5000 % 2 == 0 ? 80u : 20u) ? index.Insert(UserKey(number))
                                                     : index.Remove(UserKey(number));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(epochs.Reclaim(), 0u);
}

}  // namespace
}  // namespace kvs::ordered_index
