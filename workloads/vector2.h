#ifndef KVS_WORKLOADS_VECTOR2_H_
#define KVS_WORKLOADS_VECTOR2_H_

#include <cstdint>

namespace kvs {

// Two words in one register of 16 bytes.
using Vector2 = uint64_t __attribute__((vector_size(16)));

}  // namespace kvs

#endif  // KVS_WORKLOADS_VECTOR2_H_
