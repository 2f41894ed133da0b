#include "harness/compare/arm_process.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/system/own_process.h"
#include "results/result_file.h"

namespace kvs::compare {
namespace {

constexpr size_t kLastWordsBytes = 4096;

struct Finished {
  int status = 0;     // as waitpid gives it
  std::string words;  // the end of what it wrote to standard output and error
  bool was_stopped = false;

  bool EndedWith(ExitCode code) const {
    return WIFEXITED(status) && WEXITSTATUS(status) == static_cast<int>(code);
  }
  // How it ended and what it said, for a message.
  std::string Describe() const {
    const std::string end = DescribeEnd(status);
    if (words.empty()) return end;
    return end.empty() ? words : fmt::format("{}: {}", end, words);
  }
};

// What a process writes, without anybody who has to read it meanwhile.
class WordsFile {
 public:
  WordsFile() : fd_(memfd_create("words", MFD_CLOEXEC)) {
    if (fd_ < 0) ThrowSystemError(errno, "memfd_create");
  }
  ~WordsFile() { close(fd_); }
  WordsFile(const WordsFile&) = delete;
  WordsFile& operator=(const WordsFile&) = delete;
  int fd() const { return fd_; }

  std::string End() const {
    const off_t size = lseek(fd_, 0, SEEK_END);
    const auto kept = static_cast<off_t>(kLastWordsBytes);
    std::string text(static_cast<size_t>(std::clamp<off_t>(size, 0, kept)), '\0');
    const ssize_t n = pread(fd_, text.data(), text.size(), std::max<off_t>(size - kept, 0));
    text.resize(n < 0 ? 0 : static_cast<size_t>(n));
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

 private:
  const int fd_;
};

// Waits for the end of `pid`; whatever it left behind in its group goes with it. Stop requests
// beyond the first `requests_before` are passed on.
Finished WaitFor(pid_t pid, const WordsFile& words, unsigned requests_before, StopRequests& stop) {
  // Through syscall(2): glibc 2.36 declares pidfd_open without extern "C".
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) {
    const int error = errno;
    kill(-pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    ThrowSystemError(error, "pidfd_open");
  }
  Finished finished;
  unsigned passed_on = 0;
  while (waitpid(pid, &finished.status, WNOHANG) == 0) {
    std::array<pollfd, 2> sources = {pollfd{pid_fd, POLLIN, 0}, pollfd{stop.fd(), POLLIN, 0}};
    poll(sources.data(), sources.size(), -1);
    const unsigned requests = stop.Count() - requests_before;
    for (; passed_on < std::min(requests, 2U); ++passed_on) {
      if (passed_on == 0) {
        kill(pid, SIGINT);
      } else {
        kill(-pid, SIGKILL);
      }
    }
  }
  kill(-pid, SIGKILL);
  close(pid_fd);
  finished.was_stopped = passed_on > 0;
  finished.words = words.End();
  return finished;
}

Finished Invoke(const std::filesystem::path& program, std::vector<std::string> arguments,
                StopRequests& stop) {
  const WordsFile words;
  // Before the process is there: what comes while it starts is meant for it.
  const unsigned requests_before = stop.Count();
  const pid_t pid = SpawnProgram(program.string(), std::move(arguments), words.fd(), {});
  return WaitFor(pid, words, requests_before, stop);
}

// Why `program` does not say that it is kvs-bench; "" when it does.
std::string WhyNoVersion(const std::filesystem::path& program, StopRequests& stop) {
  try {
    const Finished finished = Invoke(program, {"--version"}, stop);
    if (finished.was_stopped) return "";  // nothing will be run with it
    if (finished.EndedWith(ExitCode::kOk) && finished.words.starts_with("kvs-bench ")) return "";
    const std::string end = finished.Describe();
    return end.empty() ? "it does not tell its version" : end;
  } catch (const std::system_error& error) {
    return error.code().message();
  }
}

Trial TrialWithStatus(const CellName& cell, uint64_t seed, TrialStatus status, std::string reason) {
  Trial trial;
  trial.cell = cell;
  trial.seed = seed;
  trial.status = status;
  trial.reason = std::move(reason);
  return trial;
}

Run RunOf(Trial trial) {
  Run run;
  run.trials.push_back(std::move(trial));
  return run;
}

// The reason in the message of a run that had nothing else to do than what an engine cannot:
// "nothing can run:\n  <cell>: unsupported: <reason>"; nothing where that is not the message.
std::optional<std::string> WhyUnsupportedIn(std::string_view words) {
  constexpr std::string_view kBegin = "nothing can run:";
  constexpr std::string_view kMark = ": unsupported: ";
  const size_t begin = words.find(kBegin);
  if (begin == words.npos) return std::nullopt;
  const size_t mark = words.find(kMark, begin);
  if (mark == words.npos) return std::nullopt;
  words.remove_prefix(mark + kMark.size());
  return std::string(words.substr(0, words.find('\n')));
}

// Reads the one trial that a run of an arm has left.
Run ReadTrial(const std::string& role, const CellName& cell, const std::filesystem::path& file) {
  Run run;
  try {
    run = ReadRun(file);
  } catch (const ResultFileError& error) {
    throw UsageError(
        fmt::format("the {}'s result cannot be read by this version of kvs-bench; where the arms' "
                    "versions differ, run `compare` of the newer one: {}",
                    role, error.what()));
  }
  std::erase_if(run.trials, [](const Trial& trial) { return trial.is_floor; });
  if (run.trials.size() != 1) {
    throw UsageError(
        fmt::format("the {}'s program was asked for 1 trial and made {}", role, run.trials.size()));
  }
  if (run.trials.front().cell != cell) {
    throw UsageError(fmt::format("the {}'s program was asked for {} and measured {}", role,
                                 cell.ToString(), run.trials.front().cell.ToString()));
  }
  return run;
}

}  // namespace

ArmProgram::ArmProgram(std::string role, const std::filesystem::path& program,
                       std::filesystem::path copy, StopRequests& stop)
    : role_(std::move(role)), original_(program), copy_(std::move(copy)) {
  const std::string option = role_ == "candidate" ? "--candidate" : "--baseline";
  std::error_code error;
  if (!std::filesystem::is_regular_file(program, error)) {
    throw UsageError(fmt::format("{}: {}: {}", option, program.string(),
                                 error ? error.message() : "is no program"));
  }
  if (!std::filesystem::copy_file(program, copy_, error)) {
    throw EnvironmentError(
        fmt::format("{}: copying {} to it: {}", copy_.string(), program.string(), error.message()));
  }
  const std::string why = WhyNoVersion(copy_, stop);
  if (why.empty()) return;
  if (WhyNoVersion(std::filesystem::absolute(program), stop).empty()) {
    throw UsageError(fmt::format(
        "{}: {}: runs where it lies, but not as a copy in {} ({}): programs that find their "
        "libraries beside themselves ($ORIGIN) cannot be compared, nor can any be run in a "
        "directory that is mounted noexec (--dir names another)",
        option, program.string(), copy_.parent_path().string(), why));
  }
  throw UsageError(fmt::format("{}: {}: is no kvs-bench: asked for its --version: {}", option,
                               program.string(), why));
}

std::optional<Run> ArmProgram::RunTrial(const CellName& cell,
                                        const std::vector<std::string>& arguments, uint64_t seed,
                                        const ArmPlaces& places, StopRequests& stop) const {
  std::vector<std::string> words = arguments;
  for (std::string word :
       {std::string("--trials=1"), std::string("--no-floor"), std::string("--quiet"),
        std::string("--no-color"), fmt::format("--seed={}", seed),
        fmt::format("--dir={}", places.data.string()),
        fmt::format("--out={}", places.result_file.string())}) {
    words.push_back(std::move(word));
  }
  const Finished finished = Invoke(copy_, std::move(words), stop);
  if (finished.was_stopped) return std::nullopt;
  // A trial that completed nothing ends as if it had been refused, but leaves its result.
  const bool has_run_idle =
      finished.EndedWith(ExitCode::kUsage) && std::filesystem::exists(places.result_file);
  if (finished.EndedWith(ExitCode::kOk) || finished.EndedWith(ExitCode::kEngineFailed) ||
      has_run_idle) {
    return ReadTrial(role_, cell, places.result_file);
  }
  if (finished.EndedWith(ExitCode::kUsage)) {
    if (std::optional<std::string> why = WhyUnsupportedIn(finished.words)) {
      return RunOf(TrialWithStatus(cell, seed, TrialStatus::kUnsupported, std::move(*why)));
    }
    if (finished.words.find("unknown option '--no-floor'") != std::string::npos) {
      throw UsageError(
          fmt::format("the {}'s program, {}, is too old to be an arm: it does not know --no-floor",
                      role_, original_.string()));
    }
    throw UsageError(fmt::format("the {}'s program, {}, refuses what it is asked:\n{}", role_,
                                 original_.string(), finished.words));
  }
  if (finished.EndedWith(ExitCode::kEnvironment)) {
    throw EnvironmentError(fmt::format("the {} could not run:\n{}", role_, finished.words));
  }
  return RunOf(
      TrialWithStatus(cell, seed, TrialStatus::kFailed, "the program " + finished.Describe()));
}

}  // namespace kvs::compare
