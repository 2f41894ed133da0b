#include "workloads/operation.h"

namespace kvs {

std::string_view ToString(OperationKind kind) {
  switch (kind) {
    case OperationKind::kRead:
      return "read";
    case OperationKind::kUpdate:
      return "update";
    case OperationKind::kInsert:
      return "insert";
    case OperationKind::kRemove:
      return "remove";
    case OperationKind::kScan:
      return "scan";
    case OperationKind::kReadModifyWrite:
      return "read-modify-write";
    case OperationKind::kMultiGet:
      return "multi-get";
  }
  return "?";
}

}  // namespace kvs
