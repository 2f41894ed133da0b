#include "harness/verify/register_history.h"

#include <fmt/format.h>

namespace kvs::verify {

std::string DescribeValue(RegisterValue value) {
  if (value == kAbsent) return "absent";
  if (value == kForeign) return "a value that nobody wrote";
  return fmt::format("{}:{}", WriterOf(value), NumberOf(value));
}

std::string DescribeOperation(const RegisterOperation& operation) {
  switch (operation.kind) {
    case RegisterOperation::Kind::kSet:
      return fmt::format("set {}", DescribeValue(operation.value));
    case RegisterOperation::Kind::kGet:
      return fmt::format("get -> {}", DescribeValue(operation.value));
    case RegisterOperation::Kind::kRemove:
      break;
  }
  switch (operation.removed) {
    case RemoveResult::kRemoved:
      return "remove -> removed";
    case RemoveResult::kAbsent:
      return "remove -> absent";
    case RemoveResult::kUnknown:
      break;
  }
  return "remove";
}

}  // namespace kvs::verify
