// From a history that is not linearizable to few operations that already show it.
//
// Only what keeps the proof valid is dropped or weakened: every step turns a linearizable history
// into a linearizable one, so a result that is not linearizable proves that the original is not.
// 1. What lies before a quiescent moment is replaced by all that the register may have held then.
// 2. An operation that only observes may be dropped: it constrains others and changes nothing.
// 3. "Removed" may be weakened to "do not know".
// 4. A Remove may be dropped when no operation is left that observed absence: until the next Set
//    the register then holds a value instead of nothing, which nobody contradicts.
// 5. A Set may be dropped together with all Gets of its value when no Remove is left that answered
//    "removed": until the next change the register then holds what it held before, which nobody
//    looks at.
#ifndef KVS_HARNESS_VERIFY_SHRINK_H_
#define KVS_HARNESS_VERIFY_SHRINK_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "harness/verify/register_history.h"

namespace kvs::verify {

struct Violation {
  std::vector<RegisterValue> possible;  // what the register may hold when `operations` begin
  RegisterHistory operations;           // in the order of their invocations; not linearizable
  size_t unexplained = 0;               // of them, the one whose answer nothing explains
};

// Shrinks `history`, which begins with an absent value and is not linearizable. Where a value read
// or held at the start has a Set in `history`, that Set is among the result, if need be from long
// before. No single further step of the kinds above leaves a violation, unless it drops such a Set.
Violation Shrink(std::span<const RegisterOperation> history);

// Rules 2, 4 and 5 on operation `index` of `operations`: what is left, or nothing where they do not
// allow to drop it.
std::optional<RegisterHistory> Without(std::span<const RegisterOperation> operations, size_t index);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_SHRINK_H_
