#include "harness/driver/coordinator.h"

#include <algorithm>
#include <cmath>

#include "harness/driver/fastest_slice.h"
#include "harness/system/clock.h"

namespace kvs {
namespace {

constexpr uint64_t kNever = UINT64_MAX;
constexpr uint64_t kSecondNs = 1'000'000'000;
// How long an interrupt goes unnoticed: short for a person, long for the machine.
constexpr uint64_t kPollNs = 20'000'000;

uint64_t ToNs(double seconds) { return static_cast<uint64_t>(seconds * 1e9); }

class Coordinator {
 public:
  Coordinator(RunControl& control, const RunPlan& plan, const DriverOptions& options)
      : control_(control), plan_(plan), options_(options) {}

  RunLog Run() {
    control_.WaitForArrivals(plan_.arriving);
    if (plan_.warmup_s > 0) WarmUp();
    if (!ended_) MeasureWindow();
    control_.Stop();
    return std::move(log_);
  }

 private:
  void WarmUp() {
    const uint64_t start_ns = NowNs();
    control_.BeginWarmup();
    const uint64_t end_ns = start_ns + ToNs(plan_.warmup_s);
    uint64_t report_ns = start_ns + kSecondNs;
    const auto wait_until = [&](uint64_t deadline_ns) {
      for (; report_ns < deadline_ns && !ended_; report_ns += kSecondNs) {
        WaitUntil(report_ns);
        Report("warm-up", static_cast<double>(report_ns - start_ns) / 1e9 / plan_.warmup_s, 0);
      }
      if (!ended_) WaitUntil(deadline_ns);
    };
    FastestSlice fastest(start_ns, 0);
    while (!ended_ && fastest.NextNs() < end_ns) {
      wait_until(fastest.NextNs());
      fastest.Note(NowNs(), control_.ForegroundOperations());
    }
    wait_until(end_ns);
    const uint64_t now_ns = NowNs();
    fastest.Note(now_ns, control_.ForegroundOperations());
    warmed_up_per_s_ = fastest.OperationsPerS();
    log_.warmup_s = 1e-9 * static_cast<double>(now_ns - start_ns);
  }

  void MeasureWindow() {
    control_.OpenWindow(SamplingPeriod());
    // Set, unless a thread has failed meanwhile.
    if (!control_.window_begin()) return;
    const uint64_t start_ns = control_.window_begin()->at_ns;
    const uint64_t before = control_.window_begin()->foreground.operations();
    const uint64_t end_ns = plan_.duration_s > 0 ? start_ns + ToNs(plan_.duration_s) : kNever;
    WindowSlices& slices = log_.slices.emplace(start_ns);
    uint64_t noted = 0;
    bool is_open = true;  // and not: threads finish their share
    for (uint64_t second = 1;;) {
      const uint64_t second_ns = start_ns + second * kSecondNs;
      const uint64_t tick_ns = is_open ? std::min(second_ns, slices.NextNs()) : second_ns;
      WaitUntil(std::min(tick_ns, end_ns));
      if (ended_ || end_ns <= tick_ns) return;
      const uint64_t now_ns = NowNs();
      const uint64_t operations = control_.ForegroundOperations() - before;
      // Read after the count: it lies inside the window if the window is still open now, or at its
      // edge, where whoever closes it has read the counts and not yet said so.
      is_open = control_.phase() == RunPhase::kMeasure;
      if (is_open && now_ns >= slices.NextNs()) slices.Note(now_ns, operations);
      if (now_ns < second_ns) continue;
      if (is_open) {
        log_.operations_per_second.push_back(operations - noted);
        noted = operations;
      }
      Report("measure", FractionDone(operations, second), operations);
      ++second;
    }
  }

  // Nothing when it was asked for, and when no warm-up has shown the rate.
  std::optional<double> SamplingPeriod() const {
    if (options_.sampling_period || options_.open_loop || !warmed_up_per_s_) return std::nullopt;
    return std::max(1.0, std::round(*warmed_up_per_s_ / options_.threads * kSamplingIntervalS));
  }

  // Returns at `deadline_ns`, or with ended_ set.
  void WaitUntil(uint64_t deadline_ns) {
    while (true) {
      if (options_.interrupted != nullptr && options_.interrupted->load()) {
        log_.interrupted = true;
        ended_ = true;
        return;
      }
      const uint64_t now_ns = NowNs();
      if (now_ns >= deadline_ns) return;
      if (control_.WaitForEnd(plan_.foreground, std::min(deadline_ns, now_ns + kPollNs))) {
        ended_ = true;
        return;
      }
    }
  }

  double FractionDone(uint64_t operations, uint64_t second) const {
    if (plan_.duration_s > 0) return static_cast<double>(second) / plan_.duration_s;
    if (plan_.expected_operations == 0) return 0;
    return std::min(
        1.0, static_cast<double>(operations) / static_cast<double>(plan_.expected_operations));
  }

  void Report(std::string_view phase, double fraction_done, uint64_t operations) {
    if (options_.progress) options_.progress(phase, fraction_done, operations);
  }

  RunControl& control_;
  const RunPlan& plan_;
  const DriverOptions& options_;
  RunLog log_;
  std::optional<double> warmed_up_per_s_;  // of the foreground
  bool ended_ = false;  // interrupted, failed, or every foreground thread has finished
};

}  // namespace

RunLog Coordinate(RunControl& control, const RunPlan& plan, const DriverOptions& options) {
  return Coordinator(control, plan, options).Run();
}

}  // namespace kvs
