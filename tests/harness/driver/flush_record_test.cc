#include "harness/driver/flush_record.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace kvs {
namespace {

TEST(FlushRecordTest, NothingHasBegunAtFirst) { EXPECT_FALSE(FlushRecord().HasBegunSince(1)); }

TEST(FlushRecordTest, AFlushThatBeganBeforeTheHandOverDoesNotCount) {
  FlushRecord record;
  record.Add(99);
  EXPECT_FALSE(record.HasBegunSince(100));
  record.Add(100);
  EXPECT_TRUE(record.HasBegunSince(100));
}

TEST(FlushRecordTest, AnEarlierFlushThatEndsLaterTakesNothingAway) {
  FlushRecord record;
  record.Add(200);
  record.Add(50);
  EXPECT_TRUE(record.HasBegunSince(200));
  EXPECT_FALSE(record.HasBegunSince(201));
}

TEST(FlushRecordTest, TheLatestOfManyThreadsCounts) {
  FlushRecord record;
  std::vector<std::thread> threads;
  constexpr uint64_t kEach = 20000;
  for (uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&record, t] {
      for (uint64_t i = 1; i <= kEach; ++i) {
        record.Add(4 * i + t);
        // Its own is never lost to a smaller one of another thread.
        ASSERT_TRUE(record.HasBegunSince(4 * i + t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(record.HasBegunSince(4 * kEach + 3));
  EXPECT_FALSE(record.HasBegunSince(4 * kEach + 4));
}

}  // namespace
}  // namespace kvs
