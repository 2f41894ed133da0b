#include "harness/run/tier_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kvs {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;

TrialPlan PlanOf(const std::string& engine, Durability tier) {
  TrialPlan plan;
  plan.cell.engine = engine;
  plan.durability = tier;
  return plan;
}

TEST(TierNotesTest, EachTierThatNoFlushShowsHasOneWithAllItsEngines) {
  const std::vector<TrialPlan> trials = {PlanOf("rocksdb", Durability::kProcess),
                                         PlanOf("lockfree:segment_size=8MiB", Durability::kProcess),
                                         PlanOf("rocksdb", Durability::kProcess),
                                         PlanOf("lmdb", Durability::kNone),
                                         PlanOf("null", Durability::kProcess),
                                         PlanOf("sqlite", Durability::kSync)};
  EXPECT_THAT(
      NotesOnTiers(trials),
      ElementsAre(
          EndsWith("kvs-bench verify crash --engine lmdb --durability none"),
          "tier 'process' promises that acknowledged writes survive kill -9, which no flush "
          "shows; to test it: kvs-bench verify crash --engine "
          "lockfree:segment_size=8MiB,rocksdb --durability process"));
}

TEST(TierNotesTest, WhatIsAuditedOrStoresNothingHasNone) {
  TrialPlan floor = PlanOf("null", Durability::kProcess);
  floor.is_floor = true;
  EXPECT_THAT(NotesOnTiers(std::vector<TrialPlan>{PlanOf("sqlite", Durability::kSync),
                                                  PlanOf("null", Durability::kNone), floor}),
              IsEmpty());
}

}  // namespace
}  // namespace kvs
