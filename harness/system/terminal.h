// What a terminal is given.
#ifndef KVS_HARNESS_SYSTEM_TERMINAL_H_
#define KVS_HARNESS_SYSTEM_TERMINAL_H_

namespace kvs {

// True when `fd` is a terminal, the user did not refuse colours (`is_wanted`), and NO_COLOR
// (no-color.org) is unset or empty.
bool UsesColor(int fd, bool is_wanted);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_TERMINAL_H_
