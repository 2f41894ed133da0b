// A history as text: one line per operation, a bar from its invocation to its response.
#ifndef KVS_HARNESS_VERIFY_INTERVAL_DRAWING_H_
#define KVS_HARNESS_VERIFY_INTERVAL_DRAWING_H_

#include <string>

#include "harness/verify/shrink.h"

namespace kvs::verify {

// Draws `violation`. Time runs to the right in the order of events and not to scale; the times at
// the end of a line are, in ns since the first invocation. The line of the operation that nothing
// explains is marked.
std::string DrawIntervals(const Violation& violation);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_INTERVAL_DRAWING_H_
