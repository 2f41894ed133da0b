// The size that belongs to a key's number.
#ifndef KVS_WORKLOADS_SIZE_CHOOSER_H_
#define KVS_WORKLOADS_SIZE_CHOOSER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "workloads/random.h"
#include "workloads/spec.h"
#include "workloads/ycsb_formulae.h"

namespace kvs {

// Sizes are a function of the number, not of a stream: whoever writes or checks a key agrees on
// them.
//
// Thread safety: immutable after construction.
class SizeChooser {
 public:
  // `salt` keeps the sizes of keys and of values independent of each other.
  SizeChooser(const SizeSpec& spec, uint64_t salt);

  // In [min_bytes, max_bytes].
  uint32_t SizeOf(uint64_t number) const {
    return spec_.kind == SizeSpec::Kind::kConstant ? spec_.max_bytes : Draw(number);
  }

 private:
  uint32_t Draw(uint64_t number) const;
  // What one part has above its least size, `range` at most.
  uint64_t DrawExtra(Random& random, uint32_t range) const;

  SizeSpec spec_;
  uint64_t salt_;
  std::optional<YcsbZipfian> zipfian_;
  std::vector<uint64_t> cumulated_weights_;  // of the histogram
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_SIZE_CHOOSER_H_
