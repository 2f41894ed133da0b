#include "results/steady_state.h"

#include <algorithm>
#include <cmath>

#include "results/statistics.h"

namespace kvs {
namespace {

struct Point {
  double at_s;
  double rate_per_s;
};

// The rate of each slice at its middle.
std::vector<Point> RatesOf(std::span<const Slice> slices) {
  std::vector<Point> rates;
  double begin_s = 0;
  for (const Slice& slice : slices) {
    rates.push_back(
        {begin_s + slice.length_s / 2, static_cast<double>(slice.operations) / slice.length_s});
    begin_s += slice.length_s;
  }
  return rates;
}

double LengthS(std::span<const Slice> slices) {
  double length_s = 0;
  for (const Slice& slice : slices) length_s += slice.length_s;
  return length_s;
}

// Kendall's S: pairs in ascending order less pairs in descending order.
double KendallS(const std::vector<Point>& rates) {
  double s = 0;
  for (size_t i = 0; i < rates.size(); ++i) {
    for (size_t j = i + 1; j < rates.size(); ++j) {
      s += rates[j].rate_per_s > rates[i].rate_per_s ? 1 : 0;
      s -= rates[j].rate_per_s < rates[i].rate_per_s ? 1 : 0;
    }
  }
  return s;
}

// The variance of S without a trend; groups of equal values make it smaller (M. G. Kendall, Rank
// Correlation Methods, 4th ed., 1975, section 4).
double VarianceOfS(std::vector<double> values) {
  const auto term = [](size_t count) {
    const auto n = static_cast<double>(count);
    return n * (n - 1) * (2 * n + 5);
  };
  std::sort(values.begin(), values.end());
  double sum = term(values.size());
  for (auto group = values.begin(); group != values.end();) {
    const auto next = std::upper_bound(group, values.end(), *group);
    sum -= term(static_cast<size_t>(next - group));
    group = next;
  }
  return sum / 18;
}

double MedianSlope(const std::vector<Point>& rates) {
  std::vector<double> slopes;
  for (size_t i = 0; i < rates.size(); ++i) {
    for (size_t j = i + 1; j < rates.size(); ++j) {
      slopes.push_back((rates[j].rate_per_s - rates[i].rate_per_s) /
                       (rates[j].at_s - rates[i].at_s));
    }
  }
  return Median(slopes);
}

}  // namespace

bool Trend::Drifts() const {
  return std::abs(z) > kTrendCriticalZ && std::abs(change_share) > kChangeShareLimit;
}

std::optional<Trend> TrendOf(std::span<const Slice> slices) {
  if (slices.size() < kFewestSlices) return std::nullopt;
  const std::vector<Point> rates = RatesOf(slices);
  std::vector<double> values;
  for (const Point& rate : rates) values.push_back(rate.rate_per_s);
  const double median = Median(values);
  if (median == 0) return std::nullopt;
  const double variance = VarianceOfS(values);
  return Trend{.z = variance > 0 ? KendallS(rates) / std::sqrt(variance) : 0,
               .change_share = MedianSlope(rates) * LengthS(slices) / median};
}

std::optional<Trend> TrendOf(const Trial& trial) {
  if (!trial.Measured() || !trial.slices) return std::nullopt;
  return TrendOf(*trial.slices);
}

std::string_view ToString(Steadiness steadiness) {
  switch (steadiness) {
    case Steadiness::kSteady:
      return "steady";
    case Steadiness::kRising:
      return "rising";
    case Steadiness::kFalling:
      return "falling";
  }
  return "?";
}

Steadiness SteadyState::Verdict() const {
  if (2 * trials_rising > trials_tested) return Steadiness::kRising;
  if (2 * trials_falling > trials_tested) return Steadiness::kFalling;
  return Steadiness::kSteady;
}

std::optional<SteadyState> SteadyStateOf(std::span<const Trial* const> trials) {
  SteadyState state;
  std::vector<double> changes;
  for (const Trial* trial : trials) {
    const std::optional<Trend> trend = TrendOf(*trial);
    if (!trend) continue;
    ++state.trials_tested;
    changes.push_back(trend->change_share);
    if (trend->Drifts()) ++(trend->change_share > 0 ? state.trials_rising : state.trials_falling);
  }
  if (changes.empty()) return std::nullopt;
  state.change_share = std::abs(Median(changes));
  return state;
}

}  // namespace kvs
