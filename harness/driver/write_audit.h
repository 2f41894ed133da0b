// Whether writes that were acknowledged had a flush of their time: counted.
#ifndef KVS_HARNESS_DRIVER_WRITE_AUDIT_H_
#define KVS_HARNESS_DRIVER_WRITE_AUDIT_H_

#include <cstdint>

#include "harness/driver/flush_audit.h"

namespace kvs {

// What tier `sync` needs of every write: a flush that began after the data was handed over and
// ended before the reply. Necessary, not sufficient: HasFlushBegunSince says what it does not show.
//
// Thread safety: one thread at a time. Each worker has its own; Merge after the join.
struct WriteAudit {
  uint64_t audited = 0;
  uint64_t unflushed = 0;  // of these, without such a flush

  // A write whose data was handed over after `handed_over_ns` (by NowNs()) has just been
  // acknowledged.
  void Judge(uint64_t handed_over_ns) {
    ++audited;
    if (!HasFlushBegunSince(handed_over_ns)) ++unflushed;
  }

  void Merge(const WriteAudit& other) {
    audited += other.audited;
    unflushed += other.unflushed;
  }
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_WRITE_AUDIT_H_
