// Instantiates the contract suite over its cases, and shows what it leaves out and why.
#include <cstdio>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

std::string NameOf(const ::testing::TestParamInfo<Case>& info) { return CaseName(info.param); }

#define KVS_INSTANTIATE(family)                                                                   \
  GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(family);                                          \
  INSTANTIATE_TEST_SUITE_P(Contract, family, ::testing::ValuesIn(CasesOf(FamilyCalled(#family))), \
                           NameOf)

KVS_INSTANTIATE(EveryEngineTest);
KVS_INSTANTIATE(KeyLimitTest);
KVS_INSTANTIATE(ValueLimitTest);
KVS_INSTANTIATE(StoringEngineTest);
KVS_INSTANTIATE(MapModelTest);
KVS_INSTANTIATE(ThreadedEngineTest);
KVS_INSTANTIATE(OrderedEngineTest);
KVS_INSTANTIATE(UnorderedEngineTest);
KVS_INSTANTIATE(BatchedEngineTest);
KVS_INSTANTIATE(UnbatchedEngineTest);
KVS_INSTANTIATE(KilledProcessTest);

// The names of the cases that the tests of a family were really registered for, and of the tests.
struct Registered {
  std::set<std::string> cases;
  std::set<std::string> tests;
};

Registered RegisteredTests(std::string_view family) {
  Registered registered;
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(i);
    if (suite.name() != fmt::format("Contract/{}", family)) continue;
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const std::string name = suite.GetTestInfo(j)->name();
      const size_t slash = name.find('/');
      registered.tests.insert(name.substr(0, slash));
      registered.cases.insert(name.substr(slash + 1));
    }
  }
  return registered;
}

// A family that no engine is admitted to is not registered at all, so its tests are not known here.
void PrintExcluded(const EngineDefinition& engine, const Family& family,
                   const std::set<std::string>& tests) {
  fmt::print(
      "{}: not {}, which is only for an engine that {}: {}\n", engine.name, family.name,
      family.needs,
      tests.empty() ? "(no engine of this build)" : fmt::format("{}", fmt::join(tests, " ")));
}

TEST(ContractFamiliesTest, EveryEngineRunsEveryTestThatItsDeclarationAdmits) {
  ASSERT_FALSE(EnginesUnderTest().empty());
  fmt::print("Contract tests that an engine's declaration excludes:\n");
  for (const EngineDefinition* engine : EnginesUnderTest()) {
    std::vector<std::string_view> excluded;
    for (const Family& family : kFamilies) {
      const Registered registered = RegisteredTests(family.name);
      bool runs = false;
      for (const Case& c : Variants(*engine, family.span)) {
        const bool runs_case = registered.cases.contains(CaseName(c));
        EXPECT_EQ(runs_case, family.admits(c.Capabilities())) << CaseName(c) << family.name;
        runs = runs || runs_case;
      }
      if (runs) continue;
      PrintExcluded(*engine, family, registered.tests);
      excluded.push_back(family.name);
    }
    // For `kvs-bench verify contract`, which reads it in GoogleTest's report.
    RecordProperty(fmt::format("excluded_for_{}", engine->name),
                   fmt::format("{}", fmt::join(excluded, ", ")));
  }
  std::fflush(stdout);
}

TEST(ContractFamiliesTest, EveryFamilyHasTests) {
  for (const Family& family : kFamilies) {
    if (CasesOf(family).empty()) continue;
    EXPECT_FALSE(RegisteredTests(family.name).tests.empty()) << family.name;
  }
}

TEST(ContractFamiliesTest, OnlyAnEngineWithoutDataMayStoreNone) {
  size_t without_data = 0;
  for (const EngineDefinition* engine : SuiteEngines()) {
    if (!DefaultCase(*engine).Capabilities().stores_data) ++without_data;
  }
  EXPECT_LE(without_data, 1U) << "engine.h: only one engine may store no data";
}

}  // namespace
}  // namespace kvs::contract
