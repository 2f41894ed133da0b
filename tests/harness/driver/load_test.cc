#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "harness/driver/driver.h"
#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRecords = "recordcount=1000\nvaluesize=64\n";

TEST(LoadTest, StoresEveryRecordOnce) {
  for (const unsigned threads : {1u, 3u}) {
    DriverFixture run(kRecords);
    run.options.threads = threads;
    const LoadResult result = run.LoadAll();
    EXPECT_EQ(result.records, 1000u);
    EXPECT_FALSE(result.interrupted);
    EXPECT_GT(result.elapsed_s, 0);
    EXPECT_EQ(run.store->sets, 1000u);
    EXPECT_EQ(run.store->handles, 1);
    ASSERT_EQ(run.store->entries.size(), 1000u);
    uint64_t bytes = 0;
    for (uint64_t number = 0; number < 1000; ++number) {
      const auto entry = run.store->entries.find(run.KeyOf(number));
      ASSERT_NE(entry, run.store->entries.end());
      EXPECT_EQ(run.values.Check(number, entry->second, true), ValueVerdict::kGood);
      bytes += entry->first.size() + entry->second.size();
    }
    EXPECT_EQ(result.bytes, bytes);
  }
}

TEST(LoadTest, OneThreadStoresInNumberOrder) {
  DriverFixture run(kRecords);
  run.options.threads = 1;
  run.store->record_calls = true;
  run.LoadAll();
  for (uint64_t number = 0; number < 1000; ++number) {
    ASSERT_EQ(run.store->calls[number], "set " + run.KeyOf(number));
  }
}

TEST(LoadTest, StoresTheNumbersThatTheSpecLoads) {
  DriverFixture run("recordcount=1000\ninsertstart=100\ninsertcount=50\nvaluesize=64\n");
  EXPECT_EQ(run.LoadAll().records, 50u);
  EXPECT_TRUE(run.store->entries.contains(run.KeyOf(100)));
  EXPECT_TRUE(run.store->entries.contains(run.KeyOf(149)));
  EXPECT_EQ(run.store->entries.size(), 50u);
}

TEST(LoadTest, StoresNothingWithoutPreload) {
  DriverFixture run(
      "recordcount=1000\npreload=false\ninsertproportion=1\nreadproportion=0\n"
      "updateproportion=0\n");
  const LoadResult result = run.LoadAll();
  EXPECT_EQ(result.records, 0u);
  EXPECT_FALSE(result.interrupted);
  EXPECT_EQ(run.store->sets, 0u);
}

TEST(LoadTest, BatchesGrowUntilOneTakesLong) {
  DriverFixture run("recordcount=400\nvaluesize=64\n");
  run.options.threads = 1;
  run.store->before = [](std::string_view, std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  };
  EXPECT_EQ(run.LoadAll().records, 400u);
  EXPECT_GT(run.store->largest_batch, 1u);
  EXPECT_LE(run.store->largest_batch, 64u);  // takes 128 ms
}

TEST(LoadTest, AFailedSetEndsItWithItsError) {
  DriverFixture run(kRecords);
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 10) {
      throw EngineError(ErrorKind::kFull, "model", "set", "/somewhere", "on purpose");
    }
  };
  EXPECT_THROW(run.LoadAll(), EngineError);
  EXPECT_EQ(run.store->handles, 1);
}

TEST(LoadTest, AnInterruptEndsItEarly) {
  DriverFixture run("recordcount=1000000\nvaluesize=64\n");
  std::atomic<bool> interrupted{false};
  run.options.interrupted = &interrupted;
  std::atomic<int> calls{0};
  run.store->before = [&](std::string_view, std::string_view) {
    if (calls.fetch_add(1) == 10) interrupted.store(true);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  };
  const LoadResult result = run.LoadAll();
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.records, run.store->sets);
  EXPECT_LT(result.records, 1000000u);
}

TEST(ReadBackTest, ChecksASampleOverTheWholeKeySpace) {
  DriverFixture run(kRecords);
  run.LoadAll();
  run.store->record_calls = true;
  uint64_t checked = 0;
  const WrongAnswers wrong = ReadBack(run.engine, run.spec, run.keys, run.values, 10, checked);
  EXPECT_EQ(wrong.count, 0u);
  EXPECT_EQ(checked, 10u);
  ASSERT_EQ(run.store->calls.size(), 10u);
  for (uint64_t i = 0; i < 10; ++i) EXPECT_EQ(run.store->calls[i], "get " + run.KeyOf(i * 100));
}

TEST(ReadBackTest, ChecksEveryRecordOfASmallSet) {
  DriverFixture run("recordcount=7\nvaluesize=64\n");
  run.LoadAll();
  uint64_t checked = 0;
  EXPECT_EQ(ReadBack(run.engine, run.spec, run.keys, run.values, 1000, checked).count, 0u);
  EXPECT_EQ(checked, 7u);
}

TEST(ReadBackTest, FindsLostDamagedAndForeignRecords) {
  DriverFixture run("recordcount=10\nvaluesize=64\n");
  run.LoadAll();
  run.store->entries.erase(run.KeyOf(2));
  run.store->entries[run.KeyOf(3)].back() ^= 1;
  run.store->entries[run.KeyOf(4)] = run.ValueOf(5);
  uint64_t checked = 0;
  const WrongAnswers wrong = ReadBack(run.engine, run.spec, run.keys, run.values, 10, checked);
  EXPECT_EQ(checked, 10u);
  ASSERT_EQ(wrong.count, 3u);
  EXPECT_THAT(wrong.examples[0], HasSubstr("(number 2): expected a value"));
  EXPECT_THAT(wrong.examples[1],
              HasSubstr("(number 3): expected a value of this key, saw a damaged"));
  EXPECT_THAT(wrong.examples[2], HasSubstr("(number 4)"));
  EXPECT_THAT(wrong.examples[2], HasSubstr("a value of another key"));
}

TEST(ReadBackWritesTest, FindsLostAndOlderValues) {
  DriverFixture run("recordcount=10\nvaluesize=64\n");
  run.LoadAll();
  const auto store = [&run](uint64_t number, uint32_t version) {
    run.store->entries[run.KeyOf(number)] = run.ValueOf(number, version);  // by writer 0
  };
  store(1, 5);
  store(2, 6);
  store(3, 7);
  const std::vector<AcknowledgedWrite> writes = {
      {.key_number = 1, .writer = 0, .version = 5},   // there
      {.key_number = 2, .writer = 1, .version = 99},  // writer 0 may have been later
      {.key_number = 3, .writer = 0, .version = 8},   // version 7 is older
      {.key_number = 4, .writer = 1, .version = 1},   // never came
      {.key_number = 11, .writer = 0, .version = 2},  // nor did the key
  };
  const WrongAnswers wrong = ReadBackWrites(run.engine, run.keys, run.values, writes);
  ASSERT_EQ(wrong.count, 3u);
  EXPECT_THAT(wrong.examples[0],
              HasSubstr("(number 3): expected version 8 of writer 0, which was acknowledged, or a "
                        "later one of another, saw an older value, version 7 of writer 0"));
  EXPECT_THAT(wrong.examples[1], HasSubstr("(number 4)"));
  EXPECT_THAT(wrong.examples[1], HasSubstr("saw the older value that was loaded"));
  EXPECT_THAT(wrong.examples[2], HasSubstr("(number 11): expected a value, as the key was written "
                                           "and nothing removes it, saw no such key"));
}

}  // namespace
}  // namespace kvs
