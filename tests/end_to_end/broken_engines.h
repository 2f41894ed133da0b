// Stores that keep what they are told in a file and the whole contract, but for one promise that
// each breaks on purpose: what `kvs-bench verify` must catch.
#ifndef KVS_TESTS_END_TO_END_BROKEN_ENGINES_H_
#define KVS_TESTS_END_TO_END_BROKEN_ENGINES_H_

#include <span>

#include "engines/registry.h"

namespace kvs {

std::span<const EngineDefinition> BrokenEngines();

}  // namespace kvs

#endif  // KVS_TESTS_END_TO_END_BROKEN_ENGINES_H_
