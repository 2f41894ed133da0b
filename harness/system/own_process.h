// This program started once more, as the process of a trial or of a verification, or another build
// of it.
//
// Thread safety: safe from any thread.
#ifndef KVS_HARNESS_SYSTEM_OWN_PROCESS_H_
#define KVS_HARNESS_SYSTEM_OWN_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

namespace kvs {

// A descriptor of ours and the one that it becomes in the process.
struct PassedDescriptor {
  int ours;
  int theirs;
};

// Starts `program` with `arguments`, leader of its own group, so that neither Ctrl-C of the
// terminal nor a kill meant for it reaches anybody else; no signal is blocked in it. `words`
// becomes its standard output and error; its standard input is empty. Each of `descriptors` is put
// in place in turn, so none of ours may lie where an earlier one goes. Throws std::system_error.
pid_t SpawnProgram(const std::string& program, std::vector<std::string> arguments, int words,
                   std::initializer_list<PassedDescriptor> descriptors);
// The same with this executable.
pid_t SpawnOwnProgram(std::vector<std::string> arguments, int words,
                      std::initializer_list<PassedDescriptor> descriptors);

// "killed by SIGSEGV (Segmentation fault)", "exited with code 66", or "" after a good end.
// `status`: as waitpid gives it.
std::string DescribeEnd(int status);

// How many processes the kernel has killed for lack of memory since the system started; nothing
// where it does not tell.
std::optional<uint64_t> OutOfMemoryKills();

// Whether a process that was killed by SIGKILL, and not by us, was most likely killed for lack of
// memory, as a clause of a sentence. `kills`: by which OutOfMemoryKills() grew while it ran.
std::string WhyKilled(std::optional<uint64_t> kills, uint64_t peak_rss_bytes);

[[noreturn]] void ThrowSystemError(int error, const char* what);

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_OWN_PROCESS_H_
