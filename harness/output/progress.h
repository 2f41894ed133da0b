// What a run says on standard error while it lasts.
#ifndef KVS_HARNESS_OUTPUT_PROGRESS_H_
#define KVS_HARNESS_OUTPUT_PROGRESS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/output/status_line.h"
#include "harness/trial/trial_channel.h"
#include "results/model.h"

namespace kvs {

// On a terminal one line that is rewritten in place, with a line of its own only for what did not
// go well; elsewhere one plain line per finished trial. Quiet: warnings alone.
//
// Thread safety: one thread at a time.
class Progress {
 public:
  using Options = StatusLine::Options;
  Progress(Options options, size_t planned_trials);

  // Says how many trials there are, how long they warm up and measure in all, and what takes time
  // `beside` that, which may be nothing. Of less than some seconds nothing is said.
  void Begin(double measuring_s, std::string_view beside);
  void Say(std::string_view message) { line_.Say(message); }
  void SayAnyway(std::string_view message) { line_.SayAnyway(message); }
  void Warn(std::string_view message) { line_.Warn(message); }

  void TrialStarted(const CellName& cell);
  // A trial beside the planned ones, of one rate; its end has no line on a terminal.
  void ProbeStarted(const CellName& cell, double rate_per_s);
  // `outcome`: what became of it, in words.
  void ProbeFinished(std::string_view outcome);
  void PhaseReached(const PhaseReport& report);
  void TrialFinished(const Trial& trial);

 private:
  std::string Remaining() const;

  StatusLine line_;
  const size_t planned_;
  size_t started_ = 0;
  size_t finished_ = 0;
  uint64_t run_start_ns_ = 0;
  std::string label_;  // of the trial
  bool is_probe_ = false;
  std::string phase_;
  uint64_t phase_start_ns_ = 0;
  uint64_t phase_start_operations_ = 0;
};

}  // namespace kvs

#endif  // KVS_HARNESS_OUTPUT_PROGRESS_H_
