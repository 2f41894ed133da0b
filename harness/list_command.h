// `kvs-bench list`: what can be named on the command line.
#ifndef KVS_HARNESS_LIST_COMMAND_H_
#define KVS_HARNESS_LIST_COMMAND_H_

#include <string>

#include "harness/options/engine_choice.h"

namespace kvs {

// Engines with what they can do and their settings, engines that this build lacks with the package
// that brings them, workloads, distributions of keys, pools and durability tiers.
std::string ListAsText(EngineTable engines);
std::string ListAsJson(EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_LIST_COMMAND_H_
