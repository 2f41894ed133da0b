// From a key's number to its bytes.
#ifndef KVS_WORKLOADS_KEY_RENDERER_H_
#define KVS_WORKLOADS_KEY_RENDERER_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "workloads/spec.h"

namespace kvs {

// Thread safety: immutable after construction; share it freely.
class KeyRenderer {
 public:
  explicit KeyRenderer(const KeySpec& spec);

  // Most bytes that Render writes.
  size_t max_size() const { return max_size_; }

  // Writes the key of `number` to `buffer`, which has room for max_size() bytes, and returns it.
  // Different numbers give different keys. The same number always gives the same key.
  std::string_view Render(uint64_t number, char* buffer) const;

 private:
  KeySpec spec_;
  size_t max_size_ = 0;
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_KEY_RENDERER_H_
