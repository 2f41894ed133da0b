#include "harness/driver/run_control.h"

#include <thread>
#include <utility>

#include "harness/system/clock.h"

namespace kvs {
namespace {

Counts Sum(const std::vector<const LiveCounts*>& workers) {
  Counts sum;
  for (const LiveCounts* worker : workers) sum.Add(worker->Read());
  return sum;
}

}  // namespace

RunControl::RunControl(std::vector<const LiveCounts*> foreground,
                       std::vector<const LiveCounts*> background, const HardwareCounters* hardware,
                       unsigned closing_finish)
    : foreground_(std::move(foreground)),
      background_(std::move(background)),
      hardware_(hardware),
      closing_finish_(closing_finish) {}

void RunControl::ArriveAndWait() {
  {
    MutexLock lock(mutex_);
    ++arrived_;
    changed_.NotifyAll();
  }
  // Not on the condition variable: threads that it wakes start one after the other.
  while (phase() == RunPhase::kReady) std::this_thread::yield();
}

uint64_t RunControl::StartedAtNs() {
  MutexLock lock(mutex_);
  return started_at_ns_;
}

void RunControl::FinishForeground() {
  MutexLock lock(mutex_);
  if (++finished_ >= closing_finish_) CloseWindowLocked();
  changed_.NotifyAll();
}

void RunControl::Fail(std::exception_ptr failure) {
  MutexLock lock(mutex_);
  if (!failure_) failure_ = std::move(failure);
  Advance(RunPhase::kStop);
}

void RunControl::WaitForArrivals(unsigned threads) {
  MutexLock lock(mutex_);
  while (arrived_ < threads && phase() != RunPhase::kStop) changed_.Wait(mutex_);
}

void RunControl::BeginWarmup() {
  MutexLock lock(mutex_);
  started_at_ns_ = NowNs();
  Advance(RunPhase::kWarmup);
}

void RunControl::OpenWindow(std::optional<double> sampling_period) {
  MutexLock lock(mutex_);
  if (phase() >= RunPhase::kMeasure) return;
  window_sampling_period_ = sampling_period;
  begin_.emplace();
  TakeCosts(*begin_);
  TakeCounts(*begin_);
  if (phase() == RunPhase::kReady) started_at_ns_ = begin_->at_ns;
  Advance(RunPhase::kMeasure);
}

std::optional<double> RunControl::WindowSamplingPeriod() const {
  const RunPhase phase = phase_.load(std::memory_order_acquire);  // (3)
  return phase >= RunPhase::kMeasure ? window_sampling_period_ : std::nullopt;
}

void RunControl::CloseWindow() {
  MutexLock lock(mutex_);
  CloseWindowLocked();
}

void RunControl::CloseWindowLocked() {
  if (phase() != RunPhase::kMeasure) return;
  end_.emplace();
  TakeCounts(*end_);
  TakeCosts(*end_);
  Advance(RunPhase::kDrain);
}

void RunControl::Stop() {
  MutexLock lock(mutex_);
  CloseWindowLocked();
  Advance(RunPhase::kStop);
}

bool RunControl::WaitForEnd(unsigned threads, uint64_t deadline_ns) {
  MutexLock lock(mutex_);
  while (true) {
    if (finished_ == threads || phase() == RunPhase::kStop) return true;
    const uint64_t now_ns = NowNs();
    if (now_ns >= deadline_ns) return false;
    changed_.WaitFor(mutex_, std::chrono::nanoseconds(deadline_ns - now_ns));
  }
}

uint64_t RunControl::ForegroundOperations() const { return Sum(foreground_).operations(); }

void RunControl::RethrowFailure() {
  std::exception_ptr failure;
  {
    MutexLock lock(mutex_);
    failure = failure_;
  }
  if (failure) std::rethrow_exception(failure);
}

void RunControl::Advance(RunPhase phase) {
  if (phase <= this->phase()) return;
  phase_.store(phase, std::memory_order_release);  // (2)
  changed_.NotifyAll();
}

void RunControl::TakeCounts(WindowEdge& edge) const {
  // The counts next to the clock, as they are what the throughput is made of.
  edge.at_ns = NowNs();
  edge.foreground = Sum(foreground_);
  edge.background = Sum(background_);
  edge.flushes = CountFlushes().total();
}

void RunControl::TakeCosts(WindowEdge& edge) const {
  edge.process = ReadProcessCosts();
  edge.cpu = ReadCpuTicks();
  edge.anonymous_bytes = ReadAnonymousBytes();
  if (hardware_ != nullptr) edge.hardware = hardware_->Read();
}

}  // namespace kvs
