#include "harness/system/own_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/system/system_file.h"
#include "results/human_units.h"

namespace kvs {

void ThrowSystemError(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

pid_t SpawnProgram(const std::string& program, std::vector<std::string> arguments, int words,
                   std::initializer_list<PassedDescriptor> descriptors) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, words, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
  for (const PassedDescriptor& passed : descriptors) {
    posix_spawn_file_actions_adddup2(&actions, passed.ours, passed.theirs);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t no_signals;
  sigemptyset(&no_signals);
  posix_spawnattr_setsigmask(&attributes, &no_signals);

  std::string name = "kvs-bench";
  std::vector<char*> words_of_command = {name.data()};
  for (std::string& argument : arguments) words_of_command.push_back(argument.data());
  words_of_command.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, words_of_command.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) ThrowSystemError(error, "starting kvs-bench as another process");
  return pid;
}

pid_t SpawnOwnProgram(std::vector<std::string> arguments, int words,
                      std::initializer_list<PassedDescriptor> descriptors) {
  return SpawnProgram("/proc/self/exe", std::move(arguments), words, descriptors);
}

std::string DescribeEnd(int status) {
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    return fmt::format("killed by SIG{} ({})", sigabbrev_np(signal), sigdescr_np(signal));
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
    return fmt::format("exited with code {}", WEXITSTATUS(status));
  }
  return "";
}

std::optional<uint64_t> OutOfMemoryKills() {
  return LeadingNumber(ValueIn("/proc/vmstat", "oom_kill", ' '));
}

std::string WhyKilled(std::optional<uint64_t> kills, uint64_t peak_rss_bytes) {
  const std::string peak = fmt::format("its peak was {}", HumanBytes(peak_rss_bytes));
  if (!kills) {
    return fmt::format("not by kvs-bench; perhaps by the kernel for lack of memory ({}): see dmesg",
                       peak);
  }
  if (*kills == 0) {
    return fmt::format("not by kvs-bench, nor by the kernel for lack of memory ({})", peak);
  }
  return fmt::format(
      "most likely by the kernel for lack of memory ({}): meanwhile it killed {} process{} for "
      "that",
      peak, *kills, *kills == 1 ? "" : "es");
}

}  // namespace kvs
