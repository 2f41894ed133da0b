#include "results/model.h"

#include <fmt/format.h>

namespace kvs {

std::string CellName::ToString() const {
  return fmt::format("{}/engine:{}/threads:{}/pool:{}/durability:{}", workload, engine, threads,
                     pool, durability);
}

std::string_view ToString(TrialStatus status) {
  switch (status) {
    case TrialStatus::kOk:
      return "ok";
    case TrialStatus::kUnsupported:
      return "unsupported";
    case TrialStatus::kFailed:
      return "failed";
    case TrialStatus::kWrongAnswer:
      return "wrong-answer";
    case TrialStatus::kInterrupted:
      return "interrupted";
  }
  return "?";
}

}  // namespace kvs
