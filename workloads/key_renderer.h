// From a key's number to its bytes.
#ifndef KVS_WORKLOADS_KEY_RENDERER_H_
#define KVS_WORKLOADS_KEY_RENDERER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "workloads/operation.h"
#include "workloads/size_chooser.h"
#include "workloads/spec.h"

namespace kvs {

// Where the keys of a batch are rendered. Reused from batch to batch; allocates only while it
// grows.
struct KeyBatch {
  std::vector<char> bytes;
  std::vector<std::string_view> keys;
};

// Thread safety: immutable after construction; share it freely.
class KeyRenderer {
 public:
  explicit KeyRenderer(const KeySpec& spec);

  // Most bytes that Render writes: those of the longest key, and one for a missing key.
  size_t max_size() const { return max_size_; }

  // Writes the key of `number` to `buffer`, which has room for max_size() bytes, and returns it.
  // The same number always gives the same key. Different numbers give different keys, except that
  // kYcsb in hashed order is as good as YCSB's 63-bit hash (no collision among the first 10^8
  // numbers). With kMissingKeyBit set: a key that no number without the bit gives.
  std::string_view Render(uint64_t number, char* buffer) const;

  // Renders the key of each operation, by its key_number, to the same place of `batch.keys`, which
  // may be longer. The same as Render one by one, and cheaper.
  void RenderAll(std::span<const Operation> operations, KeyBatch& batch) const;

 private:
  // Renders the first keys with AVX2 and returns how many, 0 if one of them does not fit or few are
  // left. Only called if lanes_fit_.
  size_t RenderInLanes(std::span<const Operation> operations, char* buffer,
                       std::string_view* keys) const;
  size_t RenderYcsb(uint64_t number, char* buffer) const;
  size_t RenderBinary(uint64_t number, char* buffer) const;

  KeyFormat format_;
  bool hashed_order_;
  size_t least_digits_;  // of a ycsb key
  bool sizes_vary_ = false;
  std::optional<SizeChooser> size_;
  size_t max_size_ = 0;
  bool lanes_fit_ = false;  // RenderInLanes knows this format, and the CPU can
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_KEY_RENDERER_H_
