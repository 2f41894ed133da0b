// kvs-contract-faulty: the contract suite with faulty engines.
#include "tests/end_to_end/faulty_engines.h"
#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {

std::span<const EngineDefinition* const> SuiteEngines() { return AllAndFaultyEngines(); }

}  // namespace kvs::contract
