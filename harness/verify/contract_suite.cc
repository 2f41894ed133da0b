#include "harness/verify/contract_suite.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/engine_choice.h"
#include "harness/system/own_process.h"

namespace kvs::verify {
namespace {

constexpr std::string_view kOurName = "kvs-bench";
constexpr std::string_view kItsName = "kvs-contract";

void SetVariable(const char* name, const std::string& value) {
  if (setenv(name, value.c_str(), 1) != 0) ThrowSystemError(errno, "setenv");
}

// What a user has set for GoogleTest (a filter, shards) would silently leave tests out.
void UnsetVariablesOfGoogleTest() {
  std::vector<std::string> names;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text = *variable;
    if (text.starts_with("GTEST_")) names.emplace_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

}  // namespace

std::filesystem::path ContractSuite() {
  const std::filesystem::path ours = std::filesystem::read_symlink("/proc/self/exe");
  std::string name = ours.filename().string();
  if (name.starts_with(kOurName)) name.erase(0, kOurName.size());
  return ours.parent_path() / fmt::format("{}{}", kItsName, name);
}

void CheckContractSuiteIsThere() {
  const std::filesystem::path suite = ContractSuite();
  if (std::filesystem::exists(suite)) return;
  throw EnvironmentError(fmt::format(
      "verify contract: {} is not there; it is a program of its own, built with: cmake --build {} "
      "--target {}",
      suite.string(), suite.parent_path().string(), suite.filename().string()));
}

void BecomeContractSuite(const VerifyPlan& plan, const EngineDefinition& engine, int report_fd) {
  const std::string suite = ContractSuite().string();
  UnsetVariablesOfGoogleTest();
  // Read by tests/engines/contract/contract_case.h, the other one by GoogleTest.
  SetVariable("KVS_CONTRACT_CASE",
              fmt::format("{}, {}", EngineChoice{&engine, plan.settings}.Label(),
                          ToString(plan.durability)));
  SetVariable("TEST_TMPDIR", plan.directory.string());
  const std::string output = fmt::format("--gtest_output=json:/proc/self/fd/{}", report_fd);
  execl(suite.c_str(), suite.c_str(), output.c_str(), nullptr);
  ThrowSystemError(errno, "starting the contract suite");
}

}  // namespace kvs::verify
