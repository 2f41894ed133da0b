// The contract suite of tests/engines/contract as a program of its own, so that kvs-bench needs no
// GoogleTest.
#ifndef KVS_HARNESS_VERIFY_CONTRACT_SUITE_H_
#define KVS_HARNESS_VERIFY_CONTRACT_SUITE_H_

#include <filesystem>

#include "harness/verify/verify_plan.h"

namespace kvs::verify {

// Where it has to be: beside this executable and with the same engines, `kvs-contract` for
// `kvs-bench`, `kvs-contract-x` for `kvs-bench-x`.
std::filesystem::path ContractSuite();

// Throws EnvironmentError, saying what to build, when it is not there.
void CheckContractSuiteIsThere();

// Replaces this process by the suite for the plan's engine, settings and durability; its stores lie
// in the plan's directory. It writes GoogleTest's report (JSON) to `report_fd`. Throws
// std::system_error.
[[noreturn]] void BecomeContractSuite(const VerifyPlan& plan, const EngineDefinition& engine,
                                      int report_fd);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_CONTRACT_SUITE_H_
