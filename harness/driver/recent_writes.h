// What a worker wrote last: enough to know an older value of those keys when it comes back.
#ifndef KVS_HARNESS_DRIVER_RECENT_WRITES_H_
#define KVS_HARNESS_DRIVER_RECENT_WRITES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "workloads/value_codec.h"

namespace kvs {

// A write that was acknowledged.
struct AcknowledgedWrite {
  uint64_t key_number = 0;
  uint32_t writer = 0;
  uint32_t version = 0;  // of the writer, ascending

  // True if a value of the key that comes back after this write, its writer's last one to the key,
  // cannot be right: it is another one of the writer, or what the load stored. A value of another
  // writer may be newer, and is not judged.
  bool IsNewerThan(const ValueOrigin& found) const {
    return found.writer == writer ? found.version != version : found.version == kLoadVersion;
  }
};

// The last kMost writes of one writer.
//
// Thread safety: one thread at a time.
class RecentWrites {
 public:
  static constexpr size_t kMost = 64;  // 1 KiB, which stays in the cache

  explicit RecentWrites(uint32_t writer) : writer_(writer) {}

  void Add(uint64_t key_number, uint32_t version) {
    writes_[count_++ % kMost] = {key_number, writer_, version};
  }

  // How many writes have been added.
  uint64_t count() const { return count_; }

  // The last write to `key_number`, if it is kept; of the first `count` writes.
  std::optional<AcknowledgedWrite> LastTo(uint64_t key_number) const {
    return LastTo(key_number, count_);
  }
  std::optional<AcknowledgedWrite> LastTo(uint64_t key_number, uint64_t count) const {
    for (uint64_t age = count_ - count + 1; age <= size(); ++age) {
      const AcknowledgedWrite& write = writes_[(count_ - age) % kMost];
      if (write.key_number == key_number) return write;
    }
    return std::nullopt;
  }

  // The last write to each of their keys.
  std::vector<AcknowledgedWrite> LastToEach() const {
    std::vector<AcknowledgedWrite> last;
    for (size_t age = 1; age <= size(); ++age) {
      const AcknowledgedWrite& write = writes_[(count_ - age) % kMost];
      if (LastTo(write.key_number)->version == write.version) last.push_back(write);
    }
    return last;
  }

 private:
  size_t size() const { return count_ < kMost ? static_cast<size_t>(count_) : kMost; }

  const uint32_t writer_;
  uint64_t count_ = 0;
  std::array<AcknowledgedWrite, kMost> writes_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_RECENT_WRITES_H_
