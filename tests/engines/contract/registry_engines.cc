// The suite over the engines of this build.
#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {

std::span<const EngineDefinition* const> SuiteEngines() { return AllEngines(); }

}  // namespace kvs::contract
