// A command as it could be typed again.
#ifndef KVS_HARNESS_OPTIONS_SHELL_WORDS_H_
#define KVS_HARNESS_OPTIONS_SHELL_WORDS_H_

#include <string>
#include <vector>

namespace kvs {

// `words` separated by spaces, with quotes where a POSIX shell needs them. Thread safe.
std::string ShellCommand(const std::vector<std::string>& words);

}  // namespace kvs

#endif  // KVS_HARNESS_OPTIONS_SHELL_WORDS_H_
