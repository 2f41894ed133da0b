// What threads did to one key and what they were told: a history of a register with removes.
#ifndef KVS_HARNESS_VERIFY_REGISTER_HISTORY_H_
#define KVS_HARNESS_VERIFY_REGISTER_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "engines/engine.h"

namespace kvs::verify {

// What a register holds: a value that one Set of the whole history wrote, or nothing.
using RegisterValue = uint64_t;
inline constexpr RegisterValue kAbsent = 0;
// What a Get returned is no value that anybody could have written under this key.
inline constexpr RegisterValue kForeign = UINT64_MAX;

// The value of operation `number` of `thread`: unique in a history.
constexpr RegisterValue ValueOf(uint32_t thread, uint64_t number) {
  return (static_cast<uint64_t>(thread) + 1) << 40 | number;
}
constexpr uint32_t WriterOf(RegisterValue value) { return static_cast<uint32_t>(value >> 40) - 1; }
constexpr uint64_t NumberOf(RegisterValue value) { return value & ((uint64_t{1} << 40) - 1); }

struct RegisterOperation {
  enum class Kind : uint8_t { kSet, kGet, kRemove };

  Kind kind = Kind::kSet;
  RemoveResult removed = RemoveResult::kUnknown;  // kRemove: the answer
  uint32_t thread = 0;
  RegisterValue value = kAbsent;  // kSet: what was written; kGet: the answer
  // Operation a came before b when a.responded_ns < b.invoked_ns; with equal times they overlap.
  uint64_t invoked_ns = 0;
  uint64_t responded_ns = 0;  // >= invoked_ns

  // Takes no effect on the register, whatever it holds: it only tells what it saw.
  bool OnlyObserves() const {
    return kind == Kind::kGet || (kind == Kind::kRemove && removed == RemoveResult::kAbsent);
  }
  bool ObservesAbsence() const {
    return OnlyObserves() && (kind == Kind::kRemove || value == kAbsent);
  }
  bool operator==(const RegisterOperation&) const = default;
};

using RegisterHistory = std::vector<RegisterOperation>;

// "2:17": operation 17 of thread 2; "absent"; "a value that nobody wrote".
std::string DescribeValue(RegisterValue value);
// "set 2:17", "get -> absent", "remove -> removed".
std::string DescribeOperation(const RegisterOperation& operation);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_REGISTER_HISTORY_H_
