#include "harness/find_max/slo.h"

#include <cmath>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/exit_code.h"

namespace kvs::find_max {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Complaint(const std::string& text) {
  try {
    ParseSlo(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "(accepted)";
}

TEST(SloTest, IsReadAsWritten) {
  const Slo slo = ParseSlo("p99<1ms, read:p99.9 < 250us,read-modify-write:p50<2s");
  EXPECT_THAT(slo.clauses,
              ElementsAre(SloClause{"all", 99, 1'000'000}, SloClause{"read", 99.9, 250'000},
                          SloClause{"read-modify-write", 50, 2'000'000'000}));
  EXPECT_EQ(slo.text, "p99<1ms,read:p99.9<250us,read-modify-write:p50<2s");
  EXPECT_EQ(ParseSlo(slo.text), slo);
}

TEST(SloTest, WrongOnesAreAnsweredWithWhatWouldBeRight) {
  EXPECT_THAT(Complaint("p99"), HasSubstr("write p99<1ms"));
  EXPECT_THAT(Complaint("p98<1ms"), HasSubstr("p50, p90, p95, p99, p99.9, p99.99, p99.999"));
  EXPECT_THAT(Complaint("99<1ms"), HasSubstr("no percentile"));
  EXPECT_THAT(Complaint("p100<1ms"), HasSubstr("no percentile"));
  EXPECT_THAT(Complaint("raed:p99<1ms"), HasSubstr("'read'"));
  EXPECT_THAT(Complaint("p99<1"), HasSubstr("p99<1ms"));
  EXPECT_THAT(Complaint("p99<0ms"), HasSubstr("below 0"));
  EXPECT_THAT(Complaint("p99<1parsec"), HasSubstr("parsec"));
  EXPECT_THAT(Complaint("p99<1ms,p99<2ms"), HasSubstr("two limits"));
  EXPECT_THAT(Complaint("p99<1ms,"), HasSubstr("''"));
}

// A trial at 10,000/s for 2 s whose reads and all operations have these percentiles.
Trial TrialWith(uint64_t p99_ns, uint64_t read_p999_ns) {
  Trial trial;
  trial.window_s = 2;
  trial.operations = 20'000;
  trial.throughput_per_s = 10'000;
  trial.rate_per_s = 10'000;
  trial.backlog_operations = 1;
  trial.response_times = {
      {.what = "read",
       .samples = 100'000,
       .percentiles = {{.percent = 99.9, .value_ns = read_p999_ns}}},
      {.what = "all", .samples = 20'000, .percentiles = {{.percent = 99, .value_ns = p99_ns}}}};
  return trial;
}

TEST(SloTest, EveryClauseHasToHold) {
  const Slo slo = ParseSlo("p99<1ms,read:p99.9<2ms");
  EXPECT_TRUE(Judge(slo, TrialWith(999'999, 1'999'999)).held);
  EXPECT_EQ(Judge(slo, TrialWith(999'999, 1'999'999)).why, "");
  EXPECT_EQ(Judge(slo, TrialWith(1'000'000, 1)).why, "p99 1.00ms");
  EXPECT_EQ(Judge(slo, TrialWith(1, 3'000'000)).why, "read p99.9 3.00ms");
  const Verdict both = Judge(slo, TrialWith(4'000'000, 3'000'000));
  EXPECT_FALSE(both.held);
  EXPECT_EQ(both.why, "p99 4.00ms, read p99.9 3.00ms");
}

TEST(SloTest, ABacklogFailsWhateverThePercentiles) {
  Trial trial = TrialWith(1, 1);
  trial.backlog_operations = 2'000;
  const Verdict verdict = Judge(ParseSlo("p99<1ms"), trial);
  EXPECT_FALSE(verdict.held);
  EXPECT_EQ(verdict.why, "fell behind by 200ms");
}

TEST(SloTest, FewSamplesHoldNothing) {
  Trial trial = TrialWith(1, 1);
  trial.response_times->back().samples = 9'900;
  const Verdict verdict = Judge(ParseSlo("p99<1ms"), trial);
  EXPECT_FALSE(verdict.held);
  EXPECT_THAT(verdict.why, AllOf(HasSubstr("only 99 samples beyond p99"), HasSubstr("100")));
  trial.response_times->back().samples = 10'000;
  EXPECT_TRUE(Judge(ParseSlo("p99<1ms"), trial).held);
  EXPECT_FALSE(Judge(ParseSlo("update:p99<1ms"), trial).held);
}

TEST(SloTest, ATrialWithoutFiguresHoldsNothing) {
  Trial trial = TrialWith(1, 1);
  trial.status = TrialStatus::kFailed;
  trial.reason = "the disk is on fire";
  EXPECT_FALSE(Judge(ParseSlo("p99<1ms"), trial).held);
  EXPECT_EQ(Judge(ParseSlo("p99<1ms"), trial).why, "the disk is on fire");
}

TEST(SloTest, TheWindowIsLongEnoughForTheSamples) {
  const Spec half_reads = LoadSpec("ycsb-a", {});
  const double window_s = NeededWindowS(ParseSlo("p99<1ms"), half_reads, 1000);
  EXPECT_NEAR(window_s, 15, 1e-9);  // 150 beyond of 15,000
  EXPECT_NEAR(NeededWindowS(ParseSlo("p99<1ms,p99.9<1s"), half_reads, 1000), 150, 1e-9);
  EXPECT_NEAR(NeededWindowS(ParseSlo("read:p99<1ms"), half_reads, 1000), 30, 1e-9);
  EXPECT_NEAR(NeededWindowS(ParseSlo("p99<1ms"), half_reads, 1e6), 0.015, 1e-9);
  EXPECT_TRUE(std::isinf(NeededWindowS(ParseSlo("scan:p99<1ms"), half_reads, 1000)));
}

}  // namespace
}  // namespace kvs::find_max
