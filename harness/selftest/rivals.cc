#include "harness/selftest/rivals.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <utility>
#include <vector>

#include "results/order_statistics.h"

namespace kvs::detector {
namespace {

constexpr size_t kMostExact = 8;

struct Ranking {
  double u = 0;         // pairs in which the second sample's value is above the first's; ties half
  double tie_term = 0;  // sum of t^3 - t over groups of t equal values
};

Ranking Rank(std::span<const double> first, std::span<const double> second) {
  std::vector<std::pair<double, bool>> all;  // value, is of the second
  for (const double value : first) all.emplace_back(value, false);
  for (const double value : second) all.emplace_back(value, true);
  std::sort(all.begin(), all.end());
  Ranking ranking;
  double rank_sum = 0;  // of the second
  for (size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    size_t of_second = 0;
    while (end < all.size() && all[end].first == all[begin].first) of_second += all[end++].second;
    const auto ties = static_cast<double>(end - begin);
    ranking.tie_term += ties * ties * ties - ties;
    rank_sum += static_cast<double>(of_second) * (static_cast<double>(begin + end + 1) / 2);
  }
  const auto n = static_cast<double>(second.size());
  ranking.u = rank_sum - n * (n + 1) / 2;
  return ranking;
}

Verdict ChangeTo(bool higher, bool higher_is_better) {
  return higher == higher_is_better ? Verdict::kImproved : Verdict::kRegressed;
}

}  // namespace

double UTestP(std::span<const double> first, std::span<const double> second) {
  const Ranking ranking = Rank(first, second);
  const auto m = static_cast<double>(first.size());
  const auto n = static_cast<double>(second.size());
  const double u = std::max(ranking.u, m * n - ranking.u);
  if (std::min(first.size(), second.size()) <= kMostExact && ranking.tie_term == 0) {
    const auto below = static_cast<size_t>(m * n - u);
    return std::min(1.0, 2 * MannWhitneyTails(first.size(), second.size())[below]);
  }
  const double all = m + n;
  const double deviation = std::sqrt(m * n / 12 * (all + 1 - ranking.tie_term / (all * (all - 1))));
  if (!(deviation > 0)) return 1;  // all values are equal
  const double z = (u - m * n / 2 - 0.5) / deviation;
  return std::min(1.0, std::erfc(z / std::numbers::sqrt2));
}

Verdict JudgeByUTest(std::span<const double> baseline, std::span<const double> candidate,
                     bool higher_is_better) {
  if (UTestP(baseline, candidate) >= kUTestAlpha) return Verdict::kOk;
  const double pairs = static_cast<double>(baseline.size()) * static_cast<double>(candidate.size());
  return ChangeTo(Rank(baseline, candidate).u > pairs / 2, higher_is_better);
}

Verdict JudgeByRatio(double baseline, double candidate, bool higher_is_better) {
  const double ratio = candidate / baseline;
  if (ratio >= 1 - kRatioLimit && ratio <= 1 + kRatioLimit) return Verdict::kOk;
  return ChangeTo(ratio > 1, higher_is_better);
}

}  // namespace kvs::detector
