// An engine that is slow in a known way, and keeps account of it: the truth that figures are
// compared with.
#ifndef KVS_TESTS_END_TO_END_DELAYING_ENGINE_H_
#define KVS_TESTS_END_TO_END_DELAYING_ENGINE_H_

#include "engines/registry.h"

namespace kvs {

// "delays:of=<engine>" is that engine of this build with delays before its operations, as its
// settings say. Delayed are the operations of measured threads: not the load, nor what the harness
// reads back through the handle that it opened.
//
// The account is a file with a line for each of these operations, made when the store is closed:
//   <begin> <end> <delay>
// in ns of the steady clock. A delay is what the sleep really took, which a busy machine makes
// longer than was asked for and never shorter.
extern const EngineDefinition kDelayingEngine;

}  // namespace kvs

#endif  // KVS_TESTS_END_TO_END_DELAYING_ENGINE_H_
