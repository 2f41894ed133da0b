// Judges the place of the data: what becomes durable there, how much fits, how many files.
//
// Each check is a pure function of the facts and thread safe; beside it stands the name of its
// finding. A fact that the system does not tell gives "unknown", never "ok".
#ifndef KVS_HARNESS_DOCTOR_STORAGE_CHECKS_H_
#define KVS_HARNESS_DOCTOR_STORAGE_CHECKS_H_

#include "harness/system/machine_facts.h"
#include "results/model.h"

namespace kvs::doctor {

Finding CheckFileSystem(const MachineFacts& facts);  // file_system; a RAM disk, too
Finding CheckFlush(const MachineFacts& facts);       // fdatasync
Finding CheckFreeSpace(const MachineFacts& facts);   // free_space
Finding CheckOpenFiles(const MachineFacts& facts);   // open_files

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_STORAGE_CHECKS_H_
