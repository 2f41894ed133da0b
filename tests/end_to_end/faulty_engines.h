// Engines that do what no engine should: what tests of the whole program are run with.
#ifndef KVS_TESTS_END_TO_END_FAULTY_ENGINES_H_
#define KVS_TESTS_END_TO_END_FAULTY_ENGINES_H_

#include <span>

#include "engines/registry.h"

namespace kvs {

// The engines of this build, and after them the faulty ones, those of broken_engines.h,
// boasting_engine.h and delaying_engine.h included.
std::span<const EngineDefinition* const> AllAndFaultyEngines();

}  // namespace kvs

#endif  // KVS_TESTS_END_TO_END_FAULTY_ENGINES_H_
