// Leads the threads of one measurement through its phases.
#ifndef KVS_HARNESS_DRIVER_COORDINATOR_H_
#define KVS_HARNESS_DRIVER_COORDINATOR_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/driver/run_control.h"
#include "harness/driver/window_slices.h"

namespace kvs {

// How long a measurement takes, and what its progress is a fraction of.
struct RunPlan {
  unsigned arriving = 0;    // threads that wait at the barrier
  unsigned foreground = 0;  // of these, threads whose end ends the run
  double warmup_s = 0;
  double duration_s = 0;             // 0: until the foreground threads have finished
  uint64_t expected_operations = 0;  // where duration_s is 0, for the progress; 0: not known
};

// What the coordinating thread saw.
struct RunLog {
  bool interrupted = false;
  double warmup_s = 0;  // as it was
  std::vector<uint64_t> operations_per_second;
  std::optional<WindowSlices> slices;  // nothing when the window did not open
};

// Waits for the threads at the barrier, opens and closes the window, notes each second, watches the
// interrupt flag and reports progress. Returns when every thread has been told to end or has ended
// by itself; the caller joins. Runs on the calling thread.
RunLog Coordinate(RunControl& control, const RunPlan& plan, const DriverOptions& options);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_COORDINATOR_H_
