// This test program started once more, as another process that uses a store: to be killed in the
// middle of its work, or to hold or try what only another process or another user can.
//
// A new program, not a fork(): a forked child of a program with threads (a library's, a
// sanitizer's) may use nothing that those threads could have locked.
#ifndef KVS_TESTS_ENGINES_CONTRACT_CHILD_PROCESS_H_
#define KVS_TESTS_ENGINES_CONTRACT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {

// The first argument that makes this program a child. See ChildMain().
inline constexpr std::string_view kChildFlag = "--kvs-contract-child";

// What a child does with its store; it says each line to its parent.
inline constexpr std::string_view kOpenOnce = "open";        // "opened" or "error <kind> <what>"
inline constexpr std::string_view kOpenAsNobody = "nobody";  // likewise, without root's rights
inline constexpr std::string_view kHoldOpen = "hold";        // "opened", then waits to be killed
inline constexpr std::string_view kWrite = "write";  // "<n>" after operation n, until killed

// The endless sequence of writes of kWrite: operation `number` sets or removes one key.
struct NumberedWrite {
  std::string key;
  std::optional<std::string> value;  // nullopt: remove
};
NumberedWrite WriteNumber(uint64_t number, const EngineCapabilities& capabilities);

// A running child. Killed and waited for on destruction.
class ChildProcess {
 public:
  // Starts `role` on the store of `c` in `directory`; kWrite begins with operation `first`.
  ChildProcess(std::string_view role, const Case& c, const std::filesystem::path& directory,
               uint64_t first = 0);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line, without its end; nullopt when the child has ended and said all.
  std::optional<std::string> ReadLine();
  // kill -9, and waits until the process is gone. What it said before can still be read.
  void Kill();

 private:
  pid_t pid_ = -1;
  int from_child_ = -1;
  std::string buffered_;
};

// The child's side: `arguments` as ChildProcess passes them. Returns the exit code.
int ChildMain(int argc, char** argv);

}  // namespace kvs::contract

#endif  // KVS_TESTS_ENGINES_CONTRACT_CHILD_PROCESS_H_
