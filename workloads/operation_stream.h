// The deterministic stream of operations of one thread.
#ifndef KVS_WORKLOADS_OPERATION_STREAM_H_
#define KVS_WORKLOADS_OPERATION_STREAM_H_

#include <cstdint>
#include <memory>

#include "workloads/operation.h"
#include "workloads/spec.h"

namespace kvs {

// Which part of a workload a thread plays.
enum class StreamRole : uint8_t {
  kForeground,        // the mix of the spec
  kBackgroundWriter,  // updates only, of keys drawn as the spec draws them
};

// Draws the operations of thread `thread` of `thread_count`.
//
// The same spec, seed, role, thread and thread count give the same operations on any machine: the
// generator and its mathematics are ours, and nothing depends on timing except the point from which
// finished inserts may be read (see Fill).
//
// Thread safety: one thread at a time. Streams share nothing.
class OperationStream {
 public:
  // `spec` must outlive the stream. thread < thread_count.
  OperationStream(const Spec& spec, uint64_t seed, unsigned thread, unsigned thread_count,
                  StreamRole role = StreamRole::kForeground);
  ~OperationStream();
  OperationStream(OperationStream&&) noexcept;
  OperationStream& operator=(OperationStream&&) noexcept;

  // Replaces `batch` by the next `count` operations; by fewer, and finally none, when the spec
  // makes a single pass and its end is near. `finished_inserts` is how many of this stream's own
  // inserts, in the order drawn, are known to be in the store: reads of this batch may ask for
  // those and for loaded keys, never for others. Thread t of N inserts the numbers that are t
  // modulo N, from record_count (or 0 without preload) upwards.
  void Fill(OperationBatch& batch, size_t count, uint64_t finished_inserts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_OPERATION_STREAM_H_
