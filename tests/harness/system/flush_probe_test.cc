#include "harness/system/flush_probe.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/driver/flush_audit.h"
#include "tests/harness/scratch_directory.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

TEST(FlushProbeTest, MeasuresWhatItFlushesAndLeavesNothing) {
  const test::ScratchDirectory scratch;
  const uint64_t before = CountFlushes().fdatasync;
  const FlushProbe probe = MeasureFlush(scratch.path());
  ASSERT_TRUE(probe.median_ns) << probe.problem;
  EXPECT_EQ(probe.problem, "");
  EXPECT_GE(probe.flushes, 1u);
  EXPECT_LE(probe.flushes, 32u);
  // One more makes the blocks durable that are then overwritten.
  EXPECT_EQ(CountFlushes().fdatasync - before, probe.flushes + 1);
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(FlushProbeTest, AFailureIsAProblem) {
  const test::ScratchDirectory scratch;
  const FlushProbe probe = MeasureFlush(scratch.path() / "missing");
  EXPECT_EQ(probe.median_ns, std::nullopt);
  EXPECT_EQ(probe.flushes, 0u);
  EXPECT_THAT(probe.problem, HasSubstr("missing"));
  EXPECT_THAT(probe.problem, HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace kvs
