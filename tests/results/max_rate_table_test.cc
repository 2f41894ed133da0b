#include "results/max_rate_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs {
namespace max_rate_table {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Trial Confirmation(double rate_per_s, uint64_t p99_ns) {
  Trial trial;
  trial.window_s = 1;
  trial.operations = 1000;
  trial.throughput_per_s = rate_per_s;
  trial.rate_per_s = rate_per_s;
  trial.response_times = {{.what = "all",
                           .samples = 1000,
                           .percentiles = {{50, 1'000, 500}, {99, p99_ns, 10}, {99.9, 5'000, 1}}}};
  return trial;
}

MaxRates Example() {
  MaxRate found;
  found.cell = {"ycsb-a", "mutex", 1, "dedicated", "process"};
  found.outcome = SearchOutcome::kFound;
  found.closed_loop_per_s = 200'000;
  found.lowest_per_s = 250;
  found.max_rate_per_s = 100'000;
  found.fails_at_per_s = 103'000;
  found.probes = {{"bracket", true, "", Confirmation(100'000, 9'000)},
                  {"confirm", true, "", Confirmation(100'000, 2'000)},
                  {"confirm", false, "p99 1s", Confirmation(100'000, 900'000'000)},
                  {"confirm", true, "", Confirmation(100'000, 4'000)}};
  MaxRate faster = found;
  faster.cell.engine = "lockfree";
  faster.max_rate_per_s = 195'000;
  faster.fails_at_per_s.reset();
  MaxRate never = found;
  never.cell.engine = "sqlite";
  never.outcome = SearchOutcome::kNotReached;
  never.reason = "p99 2.00ms";
  never.max_rate_per_s.reset();
  never.fails_at_per_s = never.lowest_per_s;
  MaxRate stopped = never;
  stopped.cell.threads = 2;
  stopped.outcome = SearchOutcome::kSearching;
  return {"p99<1ms", "poisson", 0.03, 3, {never, found, stopped, faster}};
}

TEST(MaxRateTableTest, HighestRateFirstAndWhatFoundNoneLast) {
  const std::string text = RenderMaxRateTables(Example());
  const size_t lockfree = text.find("  lockfree");
  const size_t mutex = text.find("  mutex");
  const size_t sqlite = text.find("  sqlite");
  EXPECT_LT(text.find("1 thread\n"), lockfree);
  EXPECT_LT(lockfree, mutex);
  EXPECT_LT(mutex, sqlite);
  EXPECT_LT(sqlite, text.find("2 threads\n"));
  EXPECT_THAT(text, HasSubstr("highest rate that holds p99<1ms: ycsb-a; pool dedicated"));
  EXPECT_THAT(text, HasSubstr("Poisson arrivals"));
}

TEST(MaxRateTableTest, ResponseTimesAreOfTheConfirmationsThatHeld) {
  const std::string text = RenderMaxRateTables(Example());
  EXPECT_THAT(text, HasSubstr("mutex       100k/s    103k/s       200k/s     50%   1.00us   3.00us"
                              "  ~5.00us       4\n"));
}

TEST(MaxRateTableTest, WhatWasNotFoundIsSaidAndIsNoNumber) {
  const std::string text = RenderMaxRateTables(Example());
  EXPECT_THAT(text,
              HasSubstr("  sqlite    not reached even at the lowest rate, 250/s: p99 2.00ms\n"));
  EXPECT_THAT(text, HasSubstr("  sqlite    interrupted after 4 probes\n"));
  EXPECT_THAT(text, Not(HasSubstr(" 0/s")));
  // A rate that never failed.
  EXPECT_THAT(text, HasSubstr("lockfree    195k/s      none"));
}

TEST(MaxRateTableTest, WhereNoRateCanHoldTheLowestWasNotTried) {
  MaxRate search;
  search.outcome = SearchOutcome::kNotReached;
  search.reason = "too slow";
  search.lowest_per_s = search.fails_at_per_s.emplace(250);
  EXPECT_EQ(DescribeMaxRate(search), "not reached even at the lowest rate, 250/s: too slow");
  search.fails_at_per_s = 1e6;
  EXPECT_EQ(DescribeMaxRate(search), "not reached at any rate: too slow");
}

TEST(MaxRateTableTest, LinesFitTheTerminal) {
  const std::string text = RenderMaxRateTables(Example());
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 120u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(MaxRateTableTest, NoSearchesGiveNoTable) {
  EXPECT_EQ(RenderMaxRateTables({"p99<1ms", "poisson", 0.03, 3, {}}), "");
}

}  // namespace
}  // namespace max_rate_table
}  // namespace kvs
