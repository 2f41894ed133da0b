// Whether the throughput had come to rest when it was measured, or was still on its way. Pure.
#ifndef KVS_RESULTS_STEADY_STATE_H_
#define KVS_RESULTS_STEADY_STATE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "results/model.h"

namespace kvs {

// Fewer slices than this do not tell a trend from chance: the normal approximation of the test
// below holds from about ten values on.
inline constexpr size_t kFewestSlices = 10;

// The test's critical value: by chance alone, independent slices exceed it in 1 window of 1000
// (two-sided). Slices of a real machine are not independent: what disturbs one often disturbs the
// next, and then chance exceeds it more often. Therefore a change must be large as well, and seen
// in most of the trials: with a correlation of 0.5 between neighbours and 15% of noise, simulation
// exceeds both limits in 2 windows of 100, but in 2 of 3 trials of a cell in less than 2 cells of
// 1000; with a correlation of 0.9, which is noise as slow as the window is long, in 25 and in 80 of
// 1000.
inline constexpr double kTrendCriticalZ = 3.2905;

// A change over the window of less than this share of the median rate is not worth a warning.
inline constexpr double kChangeShareLimit = 0.10;

// How the rate of one window changed.
struct Trend {
  // The standardised statistic of Mann and Kendall (H. B. Mann, Nonparametric tests against trend,
  // Econometrica 13, 1945), with Kendall's correction for ties: above 0 where later slices tend to
  // be faster. About normal with mean 0 and deviation 1 when there is no trend.
  double z = 0;
  // The median slope between two slices (P. K. Sen, Estimates of the regression coefficient based
  // on Kendall's tau, J. Am. Stat. Assoc. 63, 1968) times the length of the window, over the median
  // rate: 0.2 says that the rate rose by 20% of itself.
  double change_share = 0;

  // True when the change is beyond chance and worth a warning.
  bool Drifts() const;
};

// Of the slices of one window, in their order; each has a length above 0. Nothing with fewer than
// kFewestSlices of them, or when operations completed in less than half of them.
std::optional<Trend> TrendOf(std::span<const Slice> slices);

// Of a trial that gave figures; nothing otherwise.
std::optional<Trend> TrendOf(const Trial& trial);

enum class Steadiness : uint8_t { kSteady, kRising, kFalling };
// "steady", "rising", "falling".
std::string_view ToString(Steadiness steadiness);

// What the trials of a cell say together.
struct SteadyState {
  unsigned trials_tested = 0;   // had enough slices
  unsigned trials_rising = 0;   // of these, drift upwards
  unsigned trials_falling = 0;  // of these, drift downwards
  // Median of the change over the trials tested, without its sign.
  double change_share = 0;

  // Rising or falling when more than half of the trials tested are.
  Steadiness Verdict() const;
};
// Nothing when no trial could be tested.
std::optional<SteadyState> SteadyStateOf(std::span<const Trial* const> trials);

}  // namespace kvs

#endif  // KVS_RESULTS_STEADY_STATE_H_
