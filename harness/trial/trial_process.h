// A trial in a process of its own: what it does to itself, it does to no other trial.
#ifndef KVS_HARNESS_TRIAL_TRIAL_PROCESS_H_
#define KVS_HARNESS_TRIAL_TRIAL_PROCESS_H_

#include <functional>
#include <optional>
#include <string>

#include "harness/system/stop_requests.h"
#include "harness/trial/trial_channel.h"
#include "harness/trial/trial_plan.h"
#include "results/model.h"

namespace kvs {

struct TrialOutcome {
  // Nothing when the user stopped the run before the trial had anything to tell.
  std::optional<Trial> trial;
  // The end of what the process wrote to its standard output and error.
  std::string last_words;
};

// Runs `plan` in a new process of this executable and waits for its end. A process that dies,
// exits with another code than 0 or is not done after `timeout_s` gives a kFailed trial that says
// so; it and all processes that it started in its group are dead on return. The first stop request
// lets the trial end its window and report what it has; a second one, or a trial that does not
// react in time, kills it. `observe` hears the phases. Throws std::system_error when no process can
// be started.
TrialOutcome RunTrialProcess(const TrialPlan& plan, double timeout_s, StopRequests& stop,
                             const std::function<void(const PhaseReport&)>& observe);

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_TRIAL_PROCESS_H_
