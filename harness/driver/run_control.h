// What the threads of one measurement share: the phase, the window's edges and the first failure.
#ifndef KVS_HARNESS_DRIVER_RUN_CONTROL_H_
#define KVS_HARNESS_DRIVER_RUN_CONTROL_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <vector>

#include "engines/thread_annotations.h"
#include "harness/driver/flush_audit.h"
#include "harness/driver/live_counts.h"
#include "harness/system/cpu_ticks.h"
#include "harness/system/hardware_counters.h"
#include "harness/system/process_costs.h"

namespace kvs {

enum class RunPhase : uint8_t {
  kReady,    // threads are being set up, or wait at the barrier
  kWarmup,   // operations run, nothing is kept of them but wrong answers
  kMeasure,  // the window is open
  kDrain,    // the window is closed; foreground threads finish their quota or pass
  kStop,     // every thread ends after the operation that it is in
};

// A moment that the window begins or ends with: everything that is reported as a difference.
struct WindowEdge {
  uint64_t at_ns = 0;
  Counts foreground;
  Counts background;
  uint64_t flushes = 0;
  // Read before the counts of the edge that opens the window and after those of the one that closes
  // it: reading takes some microseconds, in which no thread shall wait inside the window. So they
  // cover the window and these two moments.
  ProcessCosts process;
  std::optional<CpuTicks> cpu;
  std::optional<uint64_t> anonymous_bytes;  // a level
  HardwareReadings hardware;
};

// Thread safety: every method from any thread.
//
// 1. Phases only advance.
// 2. The window opens once, before the first foreground thread may finish, and closes once: by the
//    coordinator when its time is up, or by the first foreground thread that has nothing left to
//    do (in the open loop, where threads wait anyway, by the last one). Whoever closes it reads
//    every thread's counts and the clock at that moment, so the window is common to all threads,
//    and in the closed loop nobody is idle in it.
// 3. The first failure is kept and stops the run.
class RunControl {
 public:
  // `foreground` and `background` must outlive this; all of them are summed into the edges. So must
  // `hardware`, unless it is null: then no hardware event is counted. The window closes with the
  // `closing_finish`-th foreground thread that has nothing left to do; > 0.
  RunControl(std::vector<const LiveCounts*> foreground, std::vector<const LiveCounts*> background,
             const HardwareCounters* hardware, unsigned closing_finish = 1);

  // Memory order: (1) relaxed: read before every operation, and tells only when to stop or what to
  // keep. (3) acquire, in WindowSamplingPeriod. Both partner with (2), the store in Advance, a
  // release: the sampling period was set before the phase became kMeasure. What else threads hand
  // over to each other goes through mutex_ or a join.
  RunPhase phase() const { return phase_.load(std::memory_order_relaxed); }  // (1)

  // A thread is set up: counts it and waits at the barrier. Returns once the phase is past kReady.
  void ArriveAndWait();
  // When the barrier opened, as of NowNs(); 0 if it has not.
  uint64_t StartedAtNs();
  // A foreground thread has nothing left to do. The one that the window closes with closes it.
  void FinishForeground();
  // Keeps `failure` unless there is one, and stops the run.
  void Fail(std::exception_ptr failure);

  // The coordinator's side. WaitForArrivals returns when `threads` have arrived or the run stopped.
  void WaitForArrivals(unsigned threads);
  void BeginWarmup();
  // `sampling_period`, if set, is for all threads from now on.
  void OpenWindow(std::optional<double> sampling_period = std::nullopt);
  // What OpenWindow was given. For a thread that has seen the window open.
  std::optional<double> WindowSamplingPeriod() const;
  // Closes the window, if it is open, and enters kDrain.
  void CloseWindow();
  void Stop();
  // Returns at `deadline_ns`, or earlier when the phase is kStop or `threads` foreground threads
  // have finished; then true.
  bool WaitForEnd(unsigned threads, uint64_t deadline_ns);

  // Operations of the foreground so far, from the start of the run.
  uint64_t ForegroundOperations() const;

  // After all threads have ended.
  void RethrowFailure();
  const std::optional<WindowEdge>& window_begin() const { return begin_; }
  const std::optional<WindowEdge>& window_end() const { return end_; }

 private:
  void Advance(RunPhase phase) KVS_REQUIRES(mutex_);
  void CloseWindowLocked() KVS_REQUIRES(mutex_);
  void TakeCounts(WindowEdge& edge) const;
  void TakeCosts(WindowEdge& edge) const;

  const std::vector<const LiveCounts*> foreground_;
  const std::vector<const LiveCounts*> background_;
  const HardwareCounters* const hardware_;
  const unsigned closing_finish_;

  // Read before every operation, written five times at most: alone on its line.
  alignas(128) std::atomic<RunPhase> phase_{RunPhase::kReady};

  alignas(128) Mutex mutex_;
  ConditionVariable changed_;
  unsigned arrived_ KVS_GUARDED_BY(mutex_) = 0;
  unsigned finished_ KVS_GUARDED_BY(mutex_) = 0;
  uint64_t started_at_ns_ KVS_GUARDED_BY(mutex_) = 0;
  std::exception_ptr failure_ KVS_GUARDED_BY(mutex_);
  // Written under mutex_ before the phase is kMeasure, then read by any thread.
  std::optional<double> window_sampling_period_;
  // Written under mutex_, read by the coordinator after the join.
  std::optional<WindowEdge> begin_;
  std::optional<WindowEdge> end_;
};

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_RUN_CONTROL_H_
