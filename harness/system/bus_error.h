// What a process says that dies because a mapped file cannot be read.
//
// A load from a mapping has no result that could be an error. When the device does not give the
// page, or somebody has cut the file short, the kernel sends SIGBUS, and the process would die
// without a word of the file.
#ifndef KVS_HARNESS_SYSTEM_BUS_ERROR_H_
#define KVS_HARNESS_SYSTEM_BUS_ERROR_H_

namespace kvs {

// From now on SIGBUS is first reported on standard error, with the mapped file and the offset in
// it, as /proc/self/maps names them, and then does what it did before: as a rule, ends the process.
//
// Thread safety: to be called once, before there are other threads.
void ReportBusErrors();

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_BUS_ERROR_H_
