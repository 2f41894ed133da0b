#include "harness/selftest/detector_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"
#include "tests/harness/scratch_directory.h"

namespace kvs::detector {
namespace {

using ::testing::HasSubstr;

Pool ExamplePool() {
  Pool pool;
  pool.origin = {{"cpu", "a processor: fast"}, {"kernel", "Linux"}};
  pool.trials = {
      {.cell = "reads",
       .block = 0,
       .position = 0,
       .arm = "baseline",
       .throughput_per_s = 1234560,
       .read = PoolLatency{.samples = 1000, .p50_ns = 90, .p99_ns = 200, .p999_ns = 4000},
       .elapsed_s = 0.312},
      {.cell = "writes",
       .block = 0,
       .position = 0,
       .arm = "by5",
       .throughput_per_s = 99.5,
       .update = PoolLatency{.samples = 7, .p50_ns = 1, .p99_ns = 2, .p999_ns = 3},
       .elapsed_s = 1.5},
      {.cell = "reads",
       .block = 1,
       .position = 0,
       .arm = "copy",
       .throughput_per_s = 2e6,
       .elapsed_s = 0.3}};
  return pool;
}

std::string Refusal(const std::string& text) {
  try {
    PoolFromText(text, "pool.csv");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(DetectorPoolTest, ComesBackAsItWasWritten) {
  const Pool pool = ExamplePool();
  EXPECT_EQ(PoolFromText(PoolToText(pool), "pool.csv"), pool);
  EXPECT_THAT(pool.Cells(), ::testing::ElementsAre("reads", "writes"));
  EXPECT_EQ(pool.Blocks(), 2u);
  EXPECT_EQ(Pool().Blocks(), 0u);
  EXPECT_EQ(PoolFromText(PoolToText(Pool()), "pool.csv"), Pool());
}

TEST(DetectorPoolTest, RefusesWhatIsNoPoolAndSaysWhere) {
  const std::string good = PoolToText(ExamplePool());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return Refusal(text);
  };
  EXPECT_EQ(Refusal(good), "");
  EXPECT_THAT(Refusal(""), HasSubstr("pool.csv: has no columns"));
  EXPECT_THAT(with("format 1", "format 2"), HasSubstr("line 1: expected"));
  EXPECT_THAT(with("# kernel: ", "# kernel "), HasSubstr("line 3"));
  EXPECT_THAT(with("cell,block", "cell,blocks"), HasSubstr("line 4: expected"));
  EXPECT_THAT(with("1.23456e+06", "fast"), HasSubstr("line 5: 'fast'"));
  EXPECT_THAT(with("1.23456e+06", "-1"), HasSubstr("must be above 0"));
  EXPECT_THAT(with("1.23456e+06", "nan"), HasSubstr("'nan'"));
  EXPECT_THAT(with("1000,90,", "1000,,"), HasSubstr("field 7 is empty"));
  EXPECT_THAT(with("1000,90,", "1000,90,7,"), HasSubstr("15 fields"));
  EXPECT_THAT(with(",by5,", ",by6,"), HasSubstr("line 6: unknown arm 'by6'"));
  EXPECT_THAT(with("reads,1,", "reads,2,"), HasSubstr("block 2 follows block 0"));
  EXPECT_THAT(Refusal(good.substr(0, good.size() - 3)), HasSubstr("line 7: the file ends"));
}

TEST(DetectorPoolTest, AMissingFileIsNoPool) {
  EXPECT_EQ(ReadPool("no/such/directory/pool.csv"), std::nullopt);
  EXPECT_THROW(ReadPool("/dev/null/pool.csv"), UsageError);
}

}  // namespace
}  // namespace kvs::detector
