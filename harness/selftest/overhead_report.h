// What `kvs-bench selftest overhead` found, for people and for programs.
#ifndef KVS_HARNESS_SELFTEST_OVERHEAD_REPORT_H_
#define KVS_HARNESS_SELFTEST_OVERHEAD_REPORT_H_

#include <string>
#include <vector>

#include "harness/exit_code.h"
#include "harness/selftest/overhead.h"
#include "harness/selftest/selftest_options.h"
#include "results/model.h"

namespace kvs::selftest {

struct OverheadReport {
  std::vector<Figure> figures;     // none when interrupted in the first round
  size_t rounds = 0;               // complete ones
  std::vector<TrialClock> clocks;  // one per trial
  std::vector<std::string> notes;
  MachineReport machine;
};

// The clocks of all trials as one: the median cost and resolution, the largest deviation, and every
// source that was used, joined by "; ". `clocks` must not be empty.
TrialClock Summarise(const std::vector<TrialClock>& clocks);

// A line for each figure, with its interval, its limit and whether it is kept.
std::string ReportAsText(const OverheadReport& report, const OverheadOptions& options);
std::string ReportAsJson(const OverheadReport& report, const OverheadOptions& options);

// Of a run that came to its end: kRegression when a limit is missed, kInconclusive when none is but
// one could not be told.
ExitCode ExitCodeOf(const OverheadReport& report);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_OVERHEAD_REPORT_H_
