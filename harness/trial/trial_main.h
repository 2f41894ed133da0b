// What the process of a trial does instead of reading a command line.
#ifndef KVS_HARNESS_TRIAL_TRIAL_MAIN_H_
#define KVS_HARNESS_TRIAL_TRIAL_MAIN_H_

#include "harness/options/engine_choice.h"

namespace kvs {

// Takes the plan from the channel (trial_channel.h), runs it and hands the outcome back. Ends the
// process at once when the run that started it is gone. Returns the exit code: kOk once the outcome
// has been handed over, whatever it says.
int TrialMain(EngineTable engines);

}  // namespace kvs

#endif  // KVS_HARNESS_TRIAL_TRIAL_MAIN_H_
