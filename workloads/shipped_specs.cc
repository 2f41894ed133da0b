#include <algorithm>
#include <iterator>

#include "workloads/spec.h"

namespace kvs {
namespace {

#include "workloads/shipped_specs.inc"

}  // namespace

std::vector<ShippedSpec> ShippedSpecs() {
  std::vector<ShippedSpec> specs(std::begin(kShippedSpecs), std::end(kShippedSpecs));
  std::ranges::sort(specs, {}, &ShippedSpec::name);
  return specs;
}

}  // namespace kvs
