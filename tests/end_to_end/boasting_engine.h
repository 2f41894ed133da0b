// An engine that claims a tier which it does not keep.
#ifndef KVS_TESTS_END_TO_END_BOASTING_ENGINE_H_
#define KVS_TESTS_END_TO_END_BOASTING_ENGINE_H_

#include "engines/registry.h"

namespace kvs {

// "boasts:of=<engine>" is that engine of this build in every respect, but that it is opened in tier
// `process` where it is asked for `sync`.
extern const EngineDefinition kBoastingEngine;

}  // namespace kvs

#endif  // KVS_TESTS_END_TO_END_BOASTING_ENGINE_H_
