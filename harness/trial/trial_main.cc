#include "harness/trial/trial_main.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <thread>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/system/bus_error.h"
#include "harness/trial/trial.h"
#include "harness/trial/trial_channel.h"
#include "harness/trial/trial_plan.h"
#include "results/result_file.h"

namespace kvs {
namespace {

constexpr int kOrphaned = 70;  // nobody is left to read this code

bool IsSocket(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

// Hears the word to stop, and ends the process when the run has died. Its thread sleeps in recv()
// while the trial measures.
class StopListener {
 public:
  explicit StopListener(TrialChannel& channel) : channel_(channel), thread_([this] { Listen(); }) {}
  ~StopListener() {
    finished_ = true;
    channel_.HangUp();
    thread_.join();
  }
  StopListener(const StopListener&) = delete;
  StopListener& operator=(const StopListener&) = delete;

  const std::atomic<bool>& stop() const { return stop_; }

 private:
  void Listen() {
    while (const std::optional<std::string> line = channel_.ReadLine()) {
      if (*line == kStopLine) stop_ = true;
    }
    if (!finished_) std::_Exit(kOrphaned);
  }

  TrialChannel& channel_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

const EngineDefinition& EngineOf(const TrialPlan& plan, EngineTable engines) {
  for (const EngineDefinition* engine : engines) {
    if (engine->name == plan.engine) return *engine;
  }
  throw UsageError(fmt::format("the plan names engine '{}', which is not here", plan.engine));
}

}  // namespace

int TrialMain(EngineTable engines) {
  if (!IsSocket(kTrialChannelFd)) {
    throw UsageError(
        fmt::format("'{}' is what kvs-bench starts itself with, not a command", kTrialArgument));
  }
  // The listener notices the death of the run too, but not while the process is stopped.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ReportBusErrors();
  TrialChannel channel(kTrialChannelFd);
  const std::optional<std::string> plan_line = channel.ReadLine();
  if (!plan_line) return kOrphaned;
  const TrialPlan plan = TrialPlanFromJson(*plan_line);
  const EngineDefinition& engine = EngineOf(plan, engines);

  const StopListener listener(channel);
  const Trial trial = RunTrial(
      plan, engine, listener.stop(),
      [&channel](std::string_view phase, double fraction_done, uint64_t operations) {
        channel.SendLine(FormatPhaseReport({std::string(phase), fraction_done, operations}));
      });
  channel.SendLine(std::string(kTrialPrefix) + TrialToJson(trial));
  return static_cast<int>(ExitCode::kOk);
}

}  // namespace kvs
