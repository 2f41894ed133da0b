#include "harness/clock.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace kvs {

uint64_t NowNs() {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                   std::chrono::steady_clock::now().time_since_epoch())
                                   .count());
}

double SecondsSince(uint64_t start_ns) { return static_cast<double>(NowNs() - start_ns) * 1e-9; }

double ClockCostNs() {
  constexpr int kCallsPerBatch = 500;
  std::array<double, 9> batches_ns;
  for (double& cost_ns : batches_ns) {
    const uint64_t start_ns = NowNs();
    uint64_t end_ns = start_ns;
    for (int i = 0; i < kCallsPerBatch; ++i) end_ns = NowNs();
    cost_ns = static_cast<double>(end_ns - start_ns) / kCallsPerBatch;
  }
  const auto middle = batches_ns.begin() + batches_ns.size() / 2;
  std::nth_element(batches_ns.begin(), middle, batches_ns.end());
  return *middle;
}

uint64_t ClockResolutionNs() {
  constexpr int kSteps = 1000;
  uint64_t smallest_ns = UINT64_MAX;
  for (int step = 0; step < kSteps; ++step) {
    const uint64_t before_ns = NowNs();
    uint64_t after_ns = NowNs();
    while (after_ns == before_ns) after_ns = NowNs();
    smallest_ns = std::min(smallest_ns, after_ns - before_ns);
  }
  return smallest_ns;
}

}  // namespace kvs
