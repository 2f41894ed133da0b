#include "workloads/suggestion.h"

#include <gtest/gtest.h>

namespace kvs {
namespace {

TEST(EditDistanceTest, CountsChangesOfLettersButNotOfCase) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", "ABC"), 0u);
  EXPECT_EQ(EditDistance("abc", "acb"), 1u);
  EXPECT_EQ(EditDistance("Abc", "bac"), 1u);
  EXPECT_EQ(EditDistance("abc", "axcd"), 2u);
}

TEST(NearestNameTest, FindsTypos) {
  const std::vector<std::string> names = {"null", "mutex", "rwlock", "lockfree", "rocksdb", "lmdb"};
  EXPECT_EQ(NearestName("rockdb", names), "rocksdb");
  EXPECT_EQ(NearestName("lokcfree", names), "lockfree");
  EXPECT_EQ(NearestName("imdb", names), "lmdb");
  EXPECT_EQ(NearestName("RocksDB", names), "rocksdb");
  EXPECT_EQ(NearestName("LMDB", names), "lmdb");
}

TEST(NearestNameTest, SaysNothingWhenNothingIsNear) {
  EXPECT_EQ(NearestName("cassandra", {"null", "mutex"}), "");
  EXPECT_EQ(NearestName("x", {}), "");
}

TEST(DidYouMeanTest, ListsWhatIsKnown) {
  EXPECT_EQ(DidYouMean("nul", {"null", "mutex"}), ": did you mean 'null'? (known: null, mutex)");
  EXPECT_EQ(DidYouMean("cassandra", {"null", "mutex"}), " (known: null, mutex)");
  EXPECT_EQ(DidYouMean("cassandra", {}), "");
}

}  // namespace
}  // namespace kvs
