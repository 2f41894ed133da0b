// A process under test: an engine that dies or hangs takes nobody along.
#ifndef KVS_HARNESS_VERIFY_VERIFY_PROCESS_H_
#define KVS_HARNESS_VERIFY_VERIFY_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/options/engine_choice.h"
#include "harness/verify/verify_plan.h"
#include "harness/verify/verify_progress.h"

namespace kvs::verify {

// The first argument that makes kvs-bench a process under test; the second is the plan.
inline constexpr std::string_view kVerifyArgument = "verify-process";

// A SharedProgress in memory that child processes map as well.
class ProgressMemory {
 public:
  ProgressMemory();  // throws std::system_error
  ~ProgressMemory();
  ProgressMemory(const ProgressMemory&) = delete;
  ProgressMemory& operator=(const ProgressMemory&) = delete;

  SharedProgress& operator*() const { return *progress_; }
  SharedProgress* operator->() const { return progress_; }
  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  SharedProgress* progress_ = nullptr;
};

// A running process under test, leader of its own group. Killed and waited for on destruction.
//
// Thread safety: one thread at a time, always the same, as the process dies with it.
class VerifyProcess {
 public:
  // Starts this executable with `plan` (its member `parent` is filled in here) and the memory that
  // it shares. Throws std::system_error.
  VerifyProcess(VerifyPlan plan, const ProgressMemory& progress);
  ~VerifyProcess();
  VerifyProcess(const VerifyProcess&) = delete;
  VerifyProcess& operator=(const VerifyProcess&) = delete;

  // Waits up to `wait_us` for its end, or for `other_fd` to become readable. Returns whether it has
  // ended.
  bool WaitForEnd(uint64_t wait_us, int other_fd);
  // kill -9 to the whole group, and waits until the process is gone.
  void Kill();

  // After the end. "" after exit code 0; "killed by SIGSEGV", "exited with code 3".
  const std::string& ending() const { return ending_; }
  // What it has written to standard output and error until now.
  std::string Words() const;
  // The end of that.
  std::string LastWords() const;
  // What it reported.
  std::string Report() const;

 private:
  void Reap(int options);

  int words_fd_ = -1;
  int report_fd_ = -1;
  pid_t pid_ = -1;
  int pid_fd_ = -1;
  bool ended_ = false;
  std::string ending_;
};

// What the process under test does instead of reading a command line. Returns the exit code.
int VerifyProcessMain(const std::string& plan, EngineTable engines);

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_VERIFY_PROCESS_H_
