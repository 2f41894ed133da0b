// One operation of a workload, before its key and value are rendered.
#ifndef KVS_WORKLOADS_OPERATION_H_
#define KVS_WORKLOADS_OPERATION_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kvs {

enum class OperationKind : uint8_t {
  kRead,
  kUpdate,
  kInsert,
  kRemove,
  kScan,
  kReadModifyWrite,
  kMultiGet,
};
inline constexpr size_t kOperationKinds = 7;

// "read", "update", "insert", "remove", "scan", "read-modify-write", "multi-get".
std::string_view ToString(OperationKind kind);

// What a correct store answers when the operation looks its key up: for a scan, the key that it
// starts at; for an update, with update=rmw.
enum class Expectation : uint8_t {
  kPresent,  // the key was loaded or inserted before and nothing removes it: a miss is wrong
  kAbsent,   // the key was never stored: a hit is wrong
  kEither,   // the workload removes keys, or stores them in an order it does not know
};

// Set in the number of a key that no workload ever stores. KeyRenderer renders it as the key of the
// number without this bit and one byte more, so that such keys lie among the stored ones.
inline constexpr uint64_t kMissingKeyBit = uint64_t{1} << 63;

struct Operation {
  // The key's number; for kMultiGet an index into OperationBatch::multi_get_keys.
  uint64_t key_number;
  // Entries to scan, or keys of the multi-get; 1 otherwise.
  uint32_t count;
  OperationKind kind;
  Expectation expectation;
};

// Operations drawn ahead of their execution, so that drawing is cheap and the loop that executes
// them is short. Reused from batch to batch; allocates only while it grows.
struct OperationBatch {
  std::vector<Operation> operations;
  std::vector<uint64_t> multi_get_keys;  // key numbers, `count` consecutive ones per kMultiGet

  std::span<const uint64_t> MultiGetKeys(const Operation& operation) const {
    return std::span(multi_get_keys).subspan(operation.key_number, operation.count);
  }
};

}  // namespace kvs

#endif  // KVS_WORKLOADS_OPERATION_H_
