#include "harness/trial/trial_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include <fmt/format.h>

#include "harness/system/clock.h"
#include "harness/system/own_process.h"
#include "results/result_file.h"

namespace kvs {
namespace {

constexpr double kGraceAfterStopS = 15;  // to end the window, verify and close
constexpr size_t kLastWordsBytes = 8 << 10;
constexpr size_t kReasonWordsBytes = 600;  // of the last words, in the result file

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct StartedProcess {
  pid_t pid;
  int pid_fd;      // readable once the process has ended
  int words_fd;    // its standard output and error, non-blocking
  int channel_fd;  // our end of the channel
};

StartedProcess Start() {
  std::array<int, 2> sockets;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) != 0) {
    ThrowSystemError(errno, "socketpair");
  }
  Descriptor ours(sockets[0]);
  const Descriptor theirs(sockets[1]);
  std::array<int, 2> words;
  if (pipe2(words.data(), O_CLOEXEC) != 0) ThrowSystemError(errno, "pipe2");
  Descriptor words_out(words[0]);
  const Descriptor words_in(words[1]);
  if (fcntl(words_out.get(), F_SETFL, O_NONBLOCK) != 0) ThrowSystemError(errno, "fcntl");
  const pid_t pid = SpawnOwnProgram({std::string(kTrialArgument)}, words_in.get(),
                                    {{theirs.get(), kTrialChannelFd}});
  // Through syscall(2): glibc 2.36 declares pidfd_open without extern "C".
  const int pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) {
    const int error = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    ThrowSystemError(error, "pidfd_open");
  }
  return {pid, pid_fd, words_out.Release(), ours.Release()};
}

class TrialProcess {
 public:
  TrialProcess(const TrialPlan& plan, double timeout_s)
      : plan_(plan), timeout_s_(timeout_s), process_(Start()), channel_(process_.channel_fd) {
    deadline_ns_ = NowNs() + static_cast<uint64_t>(timeout_s * 1e9);
    if (!channel_.SendLine(TrialPlanToJson(plan))) failure_ = "did not take its plan";
  }
  ~TrialProcess() {
    if (!ended_) Kill();
    close(process_.pid_fd);
    close(process_.words_fd);
  }
  TrialProcess(const TrialProcess&) = delete;
  TrialProcess& operator=(const TrialProcess&) = delete;

  TrialOutcome Wait(StopRequests& stop, const std::function<void(const PhaseReport&)>& observe) {
    while (!ended_) {
      WaitForNews(stop);
      ReadWords();
      ReadChannel(observe);
      ObeyStop(stop.Count());
      if (NowNs() >= deadline_ns_) GiveUp();
      Reap(WNOHANG);
    }
    // What was still under way when the process ended.
    ReadWords();
    ReadChannel(observe);
    return Conclude();
  }

 private:
  void WaitForNews(const StopRequests& stop) {
    std::array<pollfd, 4> sources = {pollfd{words_done_ ? -1 : process_.words_fd, POLLIN, 0},
                                     pollfd{channel_done_ ? -1 : channel_.fd(), POLLIN, 0},
                                     pollfd{process_.pid_fd, POLLIN, 0},
                                     pollfd{stop.fd(), POLLIN, 0}};
    const uint64_t now_ns = NowNs();
    const uint64_t left_ms = deadline_ns_ > now_ns ? (deadline_ns_ - now_ns) / 1'000'000 + 1 : 0;
    constexpr uint64_t kLongestPollMs = 1000;
    poll(sources.data(), sources.size(), static_cast<int>(std::min(left_ms, kLongestPollMs)));
  }

  void ReadWords() {
    std::array<char, 4096> chunk;
    for (;;) {
      const ssize_t n = read(process_.words_fd, chunk.data(), chunk.size());
      if (n <= 0) {
        if (n == 0) words_done_ = true;
        break;
      }
      words_.append(chunk.data(), static_cast<size_t>(n));
    }
    if (words_.size() > kLastWordsBytes) words_.erase(0, words_.size() - kLastWordsBytes);
  }

  void ReadChannel(const std::function<void(const PhaseReport&)>& observe) {
    if (!channel_.ReceiveAvailable()) channel_done_ = true;
    while (const std::optional<std::string> line = channel_.TakeLine()) {
      if (const std::optional<PhaseReport> report = ParsePhaseReport(*line)) {
        phase_ = report->phase;
        observe(*report);
      } else if (line->starts_with(kTrialPrefix)) {
        TakeTrial(std::string_view(*line).substr(kTrialPrefix.size()));
      }
    }
  }

  void TakeTrial(std::string_view text) {
    try {
      trial_ = TrialFromJson(text, "process of the trial");
    } catch (const ResultFileError& error) {
      failure_ = fmt::format("gave a result that cannot be read: {}", error.what());
    }
  }

  void ObeyStop(unsigned requests) {
    if (requests == 0 || killed_) return;
    const bool first = !stop_sent_;
    stop_sent_ = true;
    if (requests > 1) {
      Kill();
    } else if (first) {
      channel_.SendLine(kStopLine);
      deadline_ns_ =
          std::min(deadline_ns_, NowNs() + static_cast<uint64_t>(kGraceAfterStopS * 1e9));
    }
  }

  void GiveUp() {
    if (killed_) return;
    if (!stop_sent_) {
      failure_ = fmt::format("hung: not done after {:g} s (--timeout), in phase '{}'; killed",
                             timeout_s_, phase_);
    }
    Kill();
  }

  void Kill() {
    killed_ = true;
    kill(-process_.pid, SIGKILL);
    Reap(0);
  }

  // The process has its own group: what it left behind there goes with it.
  void Reap(int options) {
    if (ended_) return;
    int status = 0;
    rusage usage{};
    pid_t reaped = 0;
    do {
      reaped = wait4(process_.pid, &status, options, &usage);
    } while (reaped < 0 && errno == EINTR);
    if (reaped != process_.pid) return;
    ended_ = true;
    kill(-process_.pid, SIGKILL);
    if (!killed_ && failure_.empty()) failure_ = DescribeEnd(status);
    if (!failure_.empty() && !killed_) failure_ += fmt::format(" in phase '{}'", phase_);
    if (!killed_ && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
      failure_ += ", " + WhyKilled(OutOfMemoryKillsMeanwhile(),
                                   static_cast<uint64_t>(usage.ru_maxrss) * 1024);
    }
  }

  std::optional<uint64_t> OutOfMemoryKillsMeanwhile() const {
    const std::optional<uint64_t> now = OutOfMemoryKills();
    if (!now || !memory_kills_before_) return std::nullopt;
    return *now - *memory_kills_before_;
  }

  TrialOutcome Conclude() {
    TrialOutcome outcome{.trial = std::nullopt, .last_words = words_};
    if (failure_.empty() && !trial_ && !stop_sent_) failure_ = "ended without a result";
    if (failure_.empty()) {
      outcome.trial = std::move(trial_);
      return outcome;
    }
    Trial failed = TrialWithoutFigures(plan_);
    failed.status = TrialStatus::kFailed;
    failed.reason = failure_;
    if (!words_.empty()) {
      const size_t begin = words_.size() - std::min(words_.size(), kReasonWordsBytes);
      failed.reason += fmt::format("; last words: {}", words_.substr(begin));
      while (failed.reason.ends_with('\n')) failed.reason.pop_back();
    }
    outcome.trial = std::move(failed);
    return outcome;
  }

  const TrialPlan& plan_;
  const double timeout_s_;
  const std::optional<uint64_t> memory_kills_before_ = OutOfMemoryKills();
  const StartedProcess process_;
  TrialChannel channel_;
  uint64_t deadline_ns_ = 0;
  bool words_done_ = false;
  bool channel_done_ = false;
  bool stop_sent_ = false;
  bool killed_ = false;
  bool ended_ = false;
  std::string phase_ = "start";
  std::string words_;
  std::string failure_;
  std::optional<Trial> trial_;
};

}  // namespace

TrialOutcome RunTrialProcess(const TrialPlan& plan, double timeout_s, StopRequests& stop,
                             const std::function<void(const PhaseReport&)>& observe) {
  TrialProcess process(plan, timeout_s);
  return process.Wait(stop, observe);
}

}  // namespace kvs
