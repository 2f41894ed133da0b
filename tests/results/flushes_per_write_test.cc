#include "results/flushes_per_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <vector>

#include "results/summary.h"
#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"

namespace kvs::flushes_per_write {
namespace {

using ::testing::DoubleEq;
using ::testing::Optional;

Trial TrialWith(std::vector<OperationCounts> counts, uint64_t flushes) {
  Trial trial = SyntheticTrial(SyntheticCell("lmdb"), 0, 1000);
  trial.counts = std::move(counts);
  trial.flushes = flushes;
  return trial;
}

TEST(FlushesPerWriteTest, WritesAreWhatHadSomethingToMakeDurable) {
  Trial trial =
      TrialWith({{.operation = "read", .completed = 1000, .hits = 1000},
                 {.operation = "scan", .completed = 100, .entries = 5000},
                 {.operation = "multi-get", .completed = 10, .hits = 90},
                 {.operation = "update", .completed = 1},
                 {.operation = "insert", .completed = 20},
                 {.operation = "read-modify-write", .completed = 300, .misses = 300},
                 {.operation = "remove", .completed = 9000, .hits = 4000, .misses = 5000}},
                8642);
  EXPECT_EQ(CompletedWrites(trial), 4321u);
  EXPECT_THAT(FlushesPerWrite(trial), Optional(DoubleEq(2)));
  trial.background_operations = 10000;
  EXPECT_EQ(CompletedWrites(trial), 14321u);
}

TEST(FlushesPerWriteTest, RemovesThatDoNotTellAreWrites) {
  EXPECT_EQ(
      CompletedWrites(TrialWith({{.operation = "remove", .completed = 70, .unknown = 70}}, 1)),
      70u);
}

TEST(FlushesPerWriteTest, NothingWithoutWritesOrFigures) {
  EXPECT_EQ(FlushesPerWrite(TrialWith({{.operation = "read", .completed = 5}}, 3)), std::nullopt);
  Trial failed = TrialWith({{.operation = "update", .completed = 5}}, 3);
  failed.status = TrialStatus::kFailed;
  EXPECT_EQ(FlushesPerWrite(failed), std::nullopt);
}

TEST(FlushesPerWriteTest, OfACellItIsTheMedianOfItsAuditedTrials) {
  std::vector<Trial> trials;
  for (const uint64_t flushes : {30, 10, 20, 1000}) {
    trials.push_back(TrialWith({{.operation = "update", .completed = 10}}, flushes));
    if (flushes < 1000) trials.back().audited_writes = 0;
  }
  EXPECT_THAT(Summarise(trials).at(0).flushes_per_write, Optional(DoubleEq(2)));
  for (Trial& trial : trials) trial.audited_writes.reset();
  EXPECT_EQ(Summarise(trials).at(0).flushes_per_write, std::nullopt);
}

RC_GTEST_PROP(FlushesPerWriteTest, IsTheQuotientWhereverThereIsOne, ()) {
  const Trial trial = *AnyTrial();
  const std::optional<double> figure = FlushesPerWrite(trial);
  RC_ASSERT(figure.has_value() == (trial.Measured() && CompletedWrites(trial) > 0));
  if (figure) {
    RC_ASSERT(*figure ==
              static_cast<double>(trial.flushes) / static_cast<double>(CompletedWrites(trial)));
  }
}

}  // namespace
}  // namespace kvs::flushes_per_write
