#include "harness/verify/verify_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <new>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/exit_code.h"
#include "harness/system/bus_error.h"
#include "harness/system/own_process.h"
#include "harness/verify/contract_suite.h"
#include "harness/verify/crash_child.h"
#include "harness/verify/history_run.h"

namespace kvs::verify {
namespace {

// What the process finds where.
constexpr int kProgressFd = 3;
constexpr int kReportFd = 4;
// Our own ends lie above, so that putting them there overwrites none of them.
constexpr int kLeastOwnFd = 10;

constexpr off_t kLastWordsBytes = 800;

// A nameless file in memory: unlike a pipe it never fills up, and it outlives its writer.
int MemoryFile(const char* name) {
  const int low = memfd_create(name, MFD_CLOEXEC);
  if (low < 0) ThrowSystemError(errno, "memfd_create");
  const int fd = fcntl(low, F_DUPFD_CLOEXEC, kLeastOwnFd);
  const int error = errno;
  close(low);
  if (fd < 0) ThrowSystemError(error, "fcntl");
  return fd;
}

void* MapProgress(int fd) {
  void* memory = mmap(nullptr, sizeof(SharedProgress), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) ThrowSystemError(errno, "mmap");
  return memory;
}

std::string ReadFrom(int fd, off_t begin) {
  std::string text;
  std::array<char, 4096> chunk;
  for (;;) {
    const ssize_t n = pread(fd, chunk.data(), chunk.size(), begin);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(chunk.data(), static_cast<size_t>(n));
    begin += n;
  }
}

void WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowSystemError(errno, "reporting");
    text.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

ProgressMemory::ProgressMemory() : fd_(MemoryFile("progress")) {
  if (ftruncate(fd_, sizeof(SharedProgress)) != 0) {
    const int error = errno;
    close(fd_);
    ThrowSystemError(error, "ftruncate");
  }
  progress_ = new (MapProgress(fd_)) SharedProgress;
}

ProgressMemory::~ProgressMemory() {
  munmap(progress_, sizeof(SharedProgress));
  close(fd_);
}

VerifyProcess::VerifyProcess(VerifyPlan plan, const ProgressMemory& progress)
    : words_fd_(MemoryFile("words")), report_fd_(MemoryFile("report")) {
  plan.parent = getpid();
  // Both standard streams share the file's offset, and so does whoever writes next.
  pid_ = SpawnOwnProgram({std::string(kVerifyArgument), VerifyPlanToJson(plan)}, words_fd_,
                         {{progress.fd(), kProgressFd}, {report_fd_, kReportFd}});
  // Through syscall(2): glibc 2.36 declares pidfd_open without extern "C".
  pid_fd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pid_fd_ < 0) {
    const int error = errno;
    Kill();
    ThrowSystemError(error, "pidfd_open");
  }
}

VerifyProcess::~VerifyProcess() {
  if (!ended_) Kill();
  close(pid_fd_);
  close(words_fd_);
  close(report_fd_);
}

bool VerifyProcess::WaitForEnd(uint64_t wait_us, int other_fd) {
  if (ended_) return true;
  std::array<pollfd, 2> sources = {pollfd{pid_fd_, POLLIN, 0}, pollfd{other_fd, POLLIN, 0}};
  const timespec wait{static_cast<time_t>(wait_us / 1'000'000),
                      static_cast<long>(wait_us % 1'000'000 * 1000)};
  ppoll(sources.data(), sources.size(), &wait, nullptr);
  Reap(WNOHANG);
  return ended_;
}

void VerifyProcess::Kill() {
  if (ended_) return;
  kill(-pid_, SIGKILL);
  Reap(0);
}

// The process has its own group: what it left behind there goes with it.
void VerifyProcess::Reap(int options) {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = waitpid(pid_, &status, options);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid_) return;
  ended_ = true;
  kill(-pid_, SIGKILL);
  ending_ = DescribeEnd(status);
}

std::string VerifyProcess::Words() const { return ReadFrom(words_fd_, 0); }

std::string VerifyProcess::LastWords() const {
  const off_t size = lseek(words_fd_, 0, SEEK_END);
  std::string words = ReadFrom(words_fd_, std::max<off_t>(0, size - kLastWordsBytes));
  while (words.ends_with('\n')) words.pop_back();
  return words;
}

std::string VerifyProcess::Report() const { return ReadFrom(report_fd_, 0); }

int VerifyProcessMain(const std::string& plan_text, EngineTable engines) {
  if (fcntl(kProgressFd, F_GET_SEALS) < 0 || fcntl(kReportFd, F_GET_SEALS) < 0) {
    throw UsageError(
        fmt::format("'{}' is what kvs-bench starts itself with, not a command", kVerifyArgument));
  }
  const VerifyPlan plan = VerifyPlanFromJson(plan_text);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ReportBusErrors();
  if (getppid() != plan.parent) return static_cast<int>(ExitCode::kEnvironment);
  SharedProgress& progress = *static_cast<SharedProgress*>(MapProgress(kProgressFd));
  for (const EngineDefinition* engine : engines) {
    if (engine->name != plan.engine) continue;
    const auto report = [](const nlohmann::json& answer) { WriteAll(kReportFd, answer.dump()); };
    try {
      switch (plan.role) {
        case VerifyPlan::Role::kHistory:
          report(RunHistory(plan, *engine, progress));
          break;
        case VerifyPlan::Role::kWork:
          WorkUntilKilled(plan, *engine, progress);
          break;
        case VerifyPlan::Role::kOpen:
          OpenUntilKilled(plan, *engine, progress);
          break;
        case VerifyPlan::Role::kInspect:
          Inspect(plan, *engine, progress, report);
          break;
        case VerifyPlan::Role::kSuite:
          BecomeContractSuite(plan, *engine, kReportFd);
      }
      return static_cast<int>(ExitCode::kOk);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      std::fflush(nullptr);
      // Nothing more of the engine runs: its failure is the result.
      std::_Exit(static_cast<int>(ExitCode::kEngineFailed));
    }
  }
  throw UsageError(fmt::format("the plan names engine '{}', which is not here", plan.engine));
}

}  // namespace kvs::verify
