// Keys and values that say who wrote them, so that what a store answers can be told apart to the
// byte: a value names its key, its writer and the writer's operation, and all else in it follows
// from these.
#ifndef KVS_HARNESS_VERIFY_UNIQUE_VALUE_H_
#define KVS_HARNESS_VERIFY_UNIQUE_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvs::verify {

struct ValueOrigin {
  uint32_t key = 0;
  uint32_t writer = 0;
  uint64_t number = 0;  // of the writer's operation

  bool operator==(const ValueOrigin&) const = default;
};

// Replaces `value` by the value of `origin`. Sizes differ from one number to the next, from
// kSmallestValueBytes to kLargestValueBytes, so that a mixture of two values is none.
void MakeValue(const ValueOrigin& origin, std::string& value);

inline constexpr size_t kSmallestValueBytes = 24;
inline constexpr size_t kLargestValueBytes = 4096;

// Whose value `value` is; nothing when a single byte differs from what MakeValue() makes.
std::optional<ValueOrigin> ReadValue(std::string_view value);

// The name of key `index`, at least `min_bytes` long.
std::string KeyName(uint32_t index, size_t min_bytes);

// A well mixed function of its arguments: the operations of a run follow from its seed alone.
uint64_t Mix(uint64_t a, uint64_t b, uint64_t c = 0);

// The first bytes of `value` for people: printable ones as they are, others as \xNN.
std::string Printable(std::string_view value);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_UNIQUE_VALUE_H_
