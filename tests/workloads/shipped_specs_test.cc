#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "workloads/spec.h"

namespace kvs {
namespace {

TEST(ShippedSpecsTest, AreTheFamiliarOnes) {
  std::vector<std::string> names;
  for (const ShippedSpec& shipped : ShippedSpecs()) names.emplace_back(shipped.name);
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_THAT(names, testing::IsSupersetOf({"ycsb-a",
                                            "ycsb-b",
                                            "ycsb-c",
                                            "ycsb-d",
                                            "ycsb-e",
                                            "ycsb-f",
                                            "fillseq",
                                            "fillrandom",
                                            "overwrite",
                                            "readrandom",
                                            "readmissing",
                                            "readseq",
                                            "readwhilewriting",
                                            "readrandomwriterandom",
                                            "deleterandom",
                                            "seekrandom",
                                            "updaterandom",
                                            "multireadrandom",
                                            "smoke",
                                            "custom"}));
}

TEST(ShippedSpecsTest, EachIsValidAndDescribed) {
  for (const ShippedSpec& shipped : ShippedSpecs()) {
    const Spec spec = LoadSpec(shipped.name, {});
    EXPECT_EQ(spec.name, shipped.name);
    EXPECT_GT(spec.description.size(), 10u) << shipped.name;
    // Any of them can be made small.
    EXPECT_EQ(LoadSpec(shipped.name, {{"recordcount", "100"}}).record_count, 100u);
  }
}

TEST(ShippedSpecsTest, YcsbMixesAreYcsbs) {
  struct Mix {
    const char* name;
    double read, update, insert, scan, rmw;
    KeyChoice key_choice;
  };
  for (const Mix& mix : {Mix{"ycsb-a", 0.5, 0.5, 0, 0, 0, KeyChoice::kYcsbZipfian},
                         Mix{"ycsb-b", 0.95, 0.05, 0, 0, 0, KeyChoice::kYcsbZipfian},
                         Mix{"ycsb-c", 1, 0, 0, 0, 0, KeyChoice::kYcsbZipfian},
                         Mix{"ycsb-d", 0.95, 0, 0.05, 0, 0, KeyChoice::kLatest},
                         Mix{"ycsb-e", 0, 0, 0.05, 0.95, 0, KeyChoice::kYcsbZipfian},
                         Mix{"ycsb-f", 0.5, 0, 0, 0, 0.5, KeyChoice::kYcsbZipfian}}) {
    const Spec spec = LoadSpec(mix.name, {});
    EXPECT_EQ(spec.Proportion(OperationKind::kRead), mix.read) << mix.name;
    EXPECT_EQ(spec.Proportion(OperationKind::kUpdate), mix.update) << mix.name;
    EXPECT_EQ(spec.Proportion(OperationKind::kInsert), mix.insert) << mix.name;
    EXPECT_EQ(spec.Proportion(OperationKind::kScan), mix.scan) << mix.name;
    EXPECT_EQ(spec.Proportion(OperationKind::kReadModifyWrite), mix.rmw) << mix.name;
    EXPECT_EQ(spec.key_choice, mix.key_choice) << mix.name;
    EXPECT_EQ(spec.value_size.max_bytes, 1000u) << mix.name;
    EXPECT_EQ(spec.scan_length.max_bytes, spec.name == "ycsb-e" ? 100u : 1000u);
  }
}

TEST(ShippedSpecsTest, DbBenchKeysAndValuesAreDbBenchs) {
  for (const char* const name : {"fillseq", "readrandom", "overwrite", "multireadrandom"}) {
    const Spec spec = LoadSpec(name, {});
    EXPECT_EQ(spec.keys.format, KeyFormat::kBinary);
    EXPECT_EQ(spec.keys.size, (SizeSpec{SizeSpec::Kind::kConstant, 16, 16, 1}));
    EXPECT_FALSE(spec.keys.hashed_order);
    EXPECT_EQ(spec.value_size, (SizeSpec{SizeSpec::Kind::kConstant, 100, 100, 1}));
  }
}

// Every engine can run it: it needs neither order nor batches.
TEST(ShippedSpecsTest, SmokeIsForEveryEngine) {
  const Spec spec = LoadSpec("smoke", {});
  for (const OperationKind kind :
       {OperationKind::kRead, OperationKind::kUpdate, OperationKind::kInsert,
        OperationKind::kRemove, OperationKind::kReadModifyWrite}) {
    EXPECT_GT(spec.Proportion(kind), 0) << ToString(kind);
  }
  EXPECT_EQ(spec.Proportion(OperationKind::kScan), 0);
  EXPECT_EQ(spec.Proportion(OperationKind::kMultiGet), 0);
}

}  // namespace
}  // namespace kvs
