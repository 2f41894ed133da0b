#include "workloads/size_chooser.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "workloads/portable_math.h"

namespace kvs {
namespace {

// By inversion; `unit` is above 0 and at most 1. The first form of the law's inverse is 0/0 at
// k = 0 and inexact beside it.
double ParetoSize(const ParetoSpec& pareto, double unit) {
  const double log = Log(unit);
  const double scaled = pareto.k == 0 ? -log : ExpMinusOne(-pareto.k * log) / pareto.k;
  return std::ceil(pareto.theta + pareto.sigma * scaled);
}

}  // namespace

SizeChooser::SizeChooser(const SizeSpec& spec, uint64_t salt) : spec_(spec), salt_(Mix64(salt)) {
  const uint32_t range = (spec_.max_bytes - spec_.min_bytes) / spec_.parts;
  if (spec_.kind == SizeSpec::Kind::kZipfian) zipfian_.emplace(uint64_t{range} + 1);
  const std::vector<uint64_t>& weights = spec_.histogram.weights;
  std::partial_sum(weights.begin(), weights.end(), std::back_inserter(cumulated_weights_));
}

uint32_t SizeChooser::Draw(uint64_t number) const {
  const uint32_t range = (spec_.max_bytes - spec_.min_bytes) / spec_.parts;
  Random random(number ^ salt_);
  uint32_t size = spec_.min_bytes;
  for (uint32_t part = 0; part < spec_.parts; ++part) {
    size += static_cast<uint32_t>(std::min<uint64_t>(DrawExtra(random, range), range));
  }
  return size;
}

uint64_t SizeChooser::DrawExtra(Random& random, uint32_t range) const {
  switch (spec_.kind) {
    case SizeSpec::Kind::kConstant:
      return 0;
    case SizeSpec::Kind::kUniform:
      return random.Below(uint64_t{range} + 1);
    case SizeSpec::Kind::kZipfian:
      return zipfian_->Rank(random.NextUnit());
    case SizeSpec::Kind::kPareto: {
      const double extra = ParetoSize(spec_.pareto, 1 - random.NextUnit()) - spec_.min_bytes;
      return static_cast<uint64_t>(std::clamp<double>(extra, 0, range));
    }
    case SizeSpec::Kind::kHistogram: {
      const uint64_t weight = random.Below(cumulated_weights_.back());
      const auto bucket =
          std::upper_bound(cumulated_weights_.begin(), cumulated_weights_.end(), weight) -
          cumulated_weights_.begin();
      return (static_cast<uint64_t>(bucket) + 1) * spec_.histogram.block_bytes -
             spec_.min_bytes / spec_.parts;
    }
  }
  return 0;
}

}  // namespace kvs
