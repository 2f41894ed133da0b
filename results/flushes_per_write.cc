#include "results/flushes_per_write.h"

namespace kvs {

uint64_t CompletedWrites(const Trial& trial) {
  uint64_t writes = trial.background_operations;
  for (const OperationCounts& counts : trial.counts) {
    if (counts.operation == "remove") {
      writes += counts.hits + counts.unknown;
    } else if (counts.operation == "update" || counts.operation == "insert" ||
               counts.operation == "read-modify-write") {
      writes += counts.completed;
    }
  }
  return writes;
}

std::optional<double> FlushesPerWrite(const Trial& trial) {
  const uint64_t writes = CompletedWrites(trial);
  if (!trial.Measured() || writes == 0) return std::nullopt;
  return static_cast<double>(trial.flushes) / static_cast<double>(writes);
}

}  // namespace kvs
