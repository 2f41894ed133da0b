// What the checks of `verify` rest on: values that cannot be mistaken, and writes that both sides
// of a kill know.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "harness/verify/crash_child.h"
#include "harness/verify/unique_value.h"
#include "harness/verify/verify_plan.h"

namespace kvs::verify {
namespace {

TEST(UniqueValueTest, NamesItsOrigin) {
  std::string value;
  std::set<size_t> sizes;
  for (uint64_t number = 0; number < 1000; ++number) {
    const ValueOrigin origin{static_cast<uint32_t>(number % 7), static_cast<uint32_t>(number % 3),
                             number << (number % 40)};
    MakeValue(origin, value);
    EXPECT_EQ(ReadValue(value), origin);
    sizes.insert(value.size());
  }
  EXPECT_GE(*sizes.begin(), kSmallestValueBytes);
  EXPECT_LE(*sizes.rbegin(), kLargestValueBytes);
  EXPECT_GT(sizes.size(), 100u);
}

TEST(UniqueValueTest, EveryChangedByteAndEveryCutIsSeen) {
  std::string value;
  MakeValue({1, 2, 3}, value);
  for (size_t i = 0; i < value.size(); ++i) {
    std::string changed = value;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(ReadValue(changed), std::nullopt) << i;
    EXPECT_EQ(ReadValue(value.substr(0, i)), std::nullopt) << i;
  }
  EXPECT_EQ(ReadValue(value + 'x'), std::nullopt);
}

TEST(UniqueValueTest, MixturesOfTwoValuesAreNone) {
  std::string a, b;
  for (uint64_t number = 0; number < 100; ++number) {
    MakeValue({1, 2, number}, a);
    MakeValue({1, 2, number + 1}, b);
    // Less than a word of filling may be all that differs, and is then the same by chance.
    for (size_t cut = 9; cut + 8 < std::min(a.size(), b.size()); ++cut) {
      EXPECT_EQ(ReadValue(a.substr(0, cut) + b.substr(cut)), std::nullopt) << number << ' ' << cut;
    }
  }
}

TEST(CrashWriteTest, EachWorkerWritesItsOwnKeysAllOfThemAndRemovesSome) {
  constexpr unsigned kWorkers = 3;
  constexpr uint32_t kKeys = 10;
  std::set<uint32_t> all;
  unsigned removes = 0;
  for (unsigned worker = 0; worker < kWorkers; ++worker) {
    for (uint64_t number = 0; number < 1000; ++number) {
      const CrashWrite write = CrashWriteOf(7, worker, number, kWorkers, kKeys);
      EXPECT_EQ(write.key % kWorkers, worker);
      EXPECT_LT(write.key, kKeys);
      all.insert(write.key);
      removes += write.is_remove ? 1 : 0;
    }
  }
  EXPECT_EQ(all.size(), kKeys);
  EXPECT_GT(removes, 300u);
  EXPECT_LT(removes, 700u);
}

TEST(VerifyPlanTest, SurvivesJson) {
  const VerifyPlan plan{.role = VerifyPlan::Role::kInspect,
                        .engine = "lmdb",
                        .settings = {{"map_size", "1GiB"}},
                        .durability = Durability::kSync,
                        .directory = "/a b/\"c\"",
                        .threads = 3,
                        .keys = 5,
                        .seed = UINT64_MAX,
                        .operations = 6,
                        .rounds = 7,
                        .first = {8, 9, 10},
                        .settle_every = 11,
                        .closes = false,
                        .parent = 12};
  const VerifyPlan copy = VerifyPlanFromJson(VerifyPlanToJson(plan));
  EXPECT_EQ(VerifyPlanToJson(copy), VerifyPlanToJson(plan));
  EXPECT_EQ(copy.directory, plan.directory);
  EXPECT_EQ(copy.seed, plan.seed);
  EXPECT_EQ(copy.role, plan.role);
  EXPECT_THAT(copy.first, ::testing::ElementsAre(8u, 9u, 10u));
}

}  // namespace
}  // namespace kvs::verify
