// Whether a flush lies between two moments, for any number of flushes and in one word.
#ifndef KVS_HARNESS_DRIVER_FLUSH_RECORD_H_
#define KVS_HARNESS_DRIVER_FLUSH_RECORD_H_

#include <atomic>
#include <cstdint>

namespace kvs {

// Keeps the latest begin of all flushes that have succeeded: that alone decides whether one of them
// began at some moment or later.
//
// Thread safety: every method from any thread; lock-free.
//
// Memory order: (1) relaxed, and its partner is (2), relaxed: both are of one word, which only
// grows. Whoever acknowledges a write after its flush has ordered the two, by a lock or by being
// one thread, so that a check after the reply sees that flush or a later one. A store that orders
// nothing has not waited.
class FlushRecord {
 public:
  // A flush that began at `begin_ns` has succeeded.
  void Add(uint64_t begin_ns) {
    uint64_t latest_ns = latest_begin_ns_.load(std::memory_order_relaxed);  // (1)
    while (latest_ns < begin_ns && !latest_begin_ns_.compare_exchange_weak(
                                       latest_ns, begin_ns, std::memory_order_relaxed)) {  // (1)
    }
  }

  // True if a flush that has been added began at `since_ns` > 0 or later.
  bool HasBegunSince(uint64_t since_ns) const {
    return latest_begin_ns_.load(std::memory_order_relaxed) >= since_ns;  // (2)
  }

 private:
  std::atomic<uint64_t> latest_begin_ns_{0};
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_FLUSH_RECORD_H_
