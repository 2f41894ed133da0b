#include "harness/trial/kept_store.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/command_line.h"
#include "harness/exit_code.h"
#include "harness/run/plan.h"
#include "tests/harness/scratch_directory.h"
#include "tests/harness/test_engines.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TrialPlan PlanFor(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--engine", "plain", "--threads", "1"});
  const RunOptions options = ParseCommandLine(arguments, test::kTestEngines).run;
  return MakePlan(options, test::kTestEngines).trials.front();
}

// Why a store that ycsb-c loaded with 1000 records does not fit a run with `arguments`.
std::string Misfit(const std::vector<std::string>& loaded, const std::vector<std::string>& asked) {
  const test::ScratchDirectory scratch;
  TrialPlan plan = PlanFor(loaded);
  plan.directory = scratch.path() / "store";
  std::filesystem::create_directory(plan.directory);
  DescribeKeptStore(plan);
  return WhyStoreDoesNotFit(ReadKeptStore(plan.directory / ""), PlanFor(asked));
}

TEST(KeptStoreTest, FitsWorkloadsWithTheSameRecords) {
  EXPECT_EQ(Misfit({"--workload", "ycsb-c"}, {"--workload", "ycsb-c"}), "");
  EXPECT_EQ(Misfit({"--workload", "ycsb-c"}, {"--workload", "ycsb-b"}), "");
}

TEST(KeptStoreTest, RefusesOtherRecords) {
  const std::vector<std::string> loaded = {"--workload", "ycsb-c", "--records", "1k"};
  EXPECT_THAT(Misfit(loaded, {"--workload", "ycsb-c", "--records", "2k"}),
              HasSubstr("holds 1000 records, not 2000"));
  EXPECT_THAT(Misfit(loaded, {"--workload", "ycsb-c", "--records", "1k", "--value-size", "10"}),
              HasSubstr("values of 1000"));
  EXPECT_THAT(Misfit(loaded, {"--workload", "ycsb-c", "--records", "1k", "-p", "keysize=40"}),
              HasSubstr("keys"));
  EXPECT_THAT(Misfit({"--workload", "deleterandom"}, {"--workload", "ycsb-c"}),
              HasSubstr("has removed records"));
}

TEST(KeptStoreTest, RefusesDirectoriesOfOthers) {
  const test::ScratchDirectory scratch;
  EXPECT_THAT([&] { ReadKeptStore(scratch.path()); },
              ThrowsMessage<EnvironmentError>(HasSubstr("not a store that kvs-bench kept")));
  EXPECT_THAT([&] { ReadKeptStore(scratch.path() / "missing"); },
              ThrowsMessage<EnvironmentError>(HasSubstr("not a directory")));
  const std::filesystem::path store = scratch.path() / "store";
  std::filesystem::create_directory(store);
  std::ofstream(scratch.path() / "store.kvs-bench.json") << "{";
  EXPECT_THAT([&] { ReadKeptStore(store); },
              ThrowsMessage<EnvironmentError>(HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace kvs
