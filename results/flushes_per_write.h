// How many flushes a write cost. Pure.
#ifndef KVS_RESULTS_FLUSHES_PER_WRITE_H_
#define KVS_RESULTS_FLUSHES_PER_WRITE_H_

#include <cstdint>
#include <optional>

#include "results/model.h"

namespace kvs {

// Operations completed in the window that had something to make durable: updates, inserts,
// read-modify-writes, removes but those that found nothing, and what background writers did.
uint64_t CompletedWrites(const Trial& trial);

// Flushes of the whole process in the window over CompletedWrites; nothing without figures or
// writes. 1: each write waited for a flush of its own; below 1: writes shared flushes; above: a
// write takes several steps, or the engine flushed on its own account, too.
std::optional<double> FlushesPerWrite(const Trial& trial);

}  // namespace kvs

#endif  // KVS_RESULTS_FLUSHES_PER_WRITE_H_
