// What a window took: bytes asked for, and what process and processor were charged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "harness/driver/driver.h"
#include "harness/system/hardware_counters.h"
#include "tests/harness/driver/driver_fixture.h"
#include "tests/harness/system/scripted_counters.h"

namespace kvs::driver_costs {
namespace {

using ::testing::ElementsAre;

constexpr const char* kWholeMix =
    "recordcount=300\nreadproportion=0.2\nupdateproportion=0.2\ninsertproportion=0.2\n"
    "scanproportion=0.1\nreadmodifywriteproportion=0.1\nmultigetproportion=0.1\nmultigetsize=4\n"
    "deleteproportion=0.1\nmaxscanlength=10\nrequestdistribution=uniform\nkeyformat=binary\n"
    "keysize=16\nvaluesize=64\n";

TEST_P(DriverPoolTest, BytesAreThoseOfTheOperationsThatTheWindowCounts) {
  DriverFixture run(kWholeMix);
  run.options.pool = GetParam();
  run.options.threads = 1;  // so that the window holds all operations
  run.LoadAll();
  const Measurement result = run.Run();
  ASSERT_EQ(result.operations, kOperations);
  const auto completed = [&](OperationKind kind) { return Of(result, kind).completed; };
  const uint64_t stored = completed(OperationKind::kUpdate) + completed(OperationKind::kInsert) +
                          completed(OperationKind::kReadModifyWrite);
  EXPECT_GT(completed(OperationKind::kRemove), 0u);
  EXPECT_EQ(result.written_bytes, stored * (16 + 64) + completed(OperationKind::kRemove) * 16);
  EXPECT_EQ(result.inserted_bytes, completed(OperationKind::kInsert) * (16 + 64));
  const uint64_t found =
      Of(result, OperationKind::kRead).hits + Of(result, OperationKind::kReadModifyWrite).hits +
      Of(result, OperationKind::kMultiGet).hits + Of(result, OperationKind::kScan).entries;
  EXPECT_GT(Of(result, OperationKind::kScan).entries, 0u);
  EXPECT_EQ(result.found_bytes, found * 64);
}

TEST(DriverCostsTest, BytesFollowSizesThatVary) {
  DriverFixture run(
      "recordcount=50\nreadproportion=0\nupdateproportion=1\nvaluesize=30\n"
      "minvaluesize=1\nvaluesizedistribution=uniform\n");
  run.options.threads = 1;
  run.options.operations = 200;
  run.LoadAll();
  run.store->record_calls = true;
  const Measurement result = run.Run();
  uint64_t bytes = 0;
  for (const std::string& call : run.store->calls) {
    const std::string key = call.substr(std::string_view("set ").size());
    bytes += key.size() + run.store->entries.at(key).size();
  }
  ASSERT_EQ(run.store->calls.size(), 200u);
  EXPECT_EQ(result.written_bytes, bytes);
  EXPECT_EQ(result.found_bytes, 0u);
}

TEST(DriverCostsTest, AnUpdateThatReadsFirstCountsBoth) {
  DriverFixture run(
      "recordcount=50\nreadproportion=0\nupdateproportion=1\nupdate=rmw\nkeyformat=binary\n"
      "keysize=16\nvaluesize=40\n");
  run.options.threads = 1;
  run.options.operations = 100;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(result.written_bytes, 100u * (16 + 40));
  EXPECT_EQ(result.found_bytes, 100u * 40);
}

TEST(DriverCostsTest, WarmupWritesAreInsertedButNotOfTheWindow) {
  DriverFixture run(
      "recordcount=50\nreadproportion=0\nupdateproportion=0\ninsertproportion=1\n"
      "keyformat=binary\nkeysize=16\nvaluesize=40\n");
  run.options.threads = 1;
  run.options.warmup_s = 0.02;
  run.options.operations = 100;
  const Measurement result = run.LoadAndRun();
  EXPECT_EQ(result.inserted_bytes, (result.warmup_operations + result.executed_operations) * 56);
  // The window has the 100 that it was opened for, and what ran while it was being opened.
  EXPECT_GE(result.written_bytes, 100u * 56);
  EXPECT_LE(result.written_bytes, result.inserted_bytes);
}

TEST(DriverCostsTest, WhatBackgroundWritersHandOverIsInTheBytes) {
  DriverFixture run(std::string(kReads) +
                    "backgroundwriters=1\nkeyformat=binary\nkeysize=16\nvaluesize=40\n");
  run.options.threads = 1;
  run.LoadAll();
  const uint64_t loaded = run.store->sets;
  // When a writer begins its second write, its first is counted.
  run.store->before = [&](std::string_view operation, std::string_view) {
    if (operation == "get") {
      while (run.store->sets < loaded + 2) std::this_thread::yield();
    }
  };
  const Measurement result = run.Run();
  EXPECT_GT(result.written_bytes, 0u);
  EXPECT_EQ(result.written_bytes % 56, 0u);
  EXPECT_LE(result.written_bytes, (run.store->sets - loaded) * 56);
}

TEST(DriverCostsTest, AnEngineThatStoresNothingFindsNoBytes) {
  DriverFixture run(kReads);
  run.options.threads = 1;
  run.LoadAll();
  const Measurement result =
      Measure(run.engine, /*stores_data=*/false, run.spec, run.keys, run.values, run.options);
  EXPECT_EQ(result.found_bytes, 0u);
}

TEST(DriverCostsTest, CountersAreReadAtTheEdgesOfTheWindow) {
  auto source = std::make_unique<ScriptedCounters>();
  source->errors[HardwareEvent::kDtlbLoadMisses] = 2;
  source->readings = {{HardwareEvent::kInstructions, {{100, 10, 10}, {5100, 20, 20}}},
                      {HardwareEvent::kCycles, {{1, 10, 10}, {11, 20, 15}}},
                      {HardwareEvent::kCacheReferences, {{7, 10, 10}}}};
  const HardwareCounters counters(std::move(source));
  DriverFixture run(kReads);
  run.options.hardware = &counters;
  const Measurement result = run.LoadAndRun();
  EXPECT_THAT(result.hardware.counts,
              ElementsAre(5000u, 20u, std::nullopt, std::nullopt, std::nullopt));
  EXPECT_EQ(result.hardware.running_share, 0.5);
}

TEST(DriverCostsTest, WithoutCountersNothingIsCounted) {
  DriverFixture run(kReads);
  const Measurement result = run.LoadAndRun();
  EXPECT_THAT(result.hardware.counts, ::testing::Each(std::nullopt));
}

}  // namespace
}  // namespace kvs::driver_costs
