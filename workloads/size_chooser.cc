#include "workloads/size_chooser.h"

#include <algorithm>

#include "workloads/random.h"

namespace kvs {

SizeChooser::SizeChooser(const SizeSpec& spec, uint64_t salt) : spec_(spec), salt_(Mix64(salt)) {
  const uint32_t range = (spec_.max_bytes - spec_.min_bytes) / spec_.parts;
  if (spec_.kind == SizeSpec::Kind::kZipfian) zipfian_.emplace(uint64_t{range} + 1);
}

uint32_t SizeChooser::Draw(uint64_t number) const {
  const uint32_t range = (spec_.max_bytes - spec_.min_bytes) / spec_.parts;
  Random random(number ^ salt_);
  uint32_t size = spec_.min_bytes;
  for (uint32_t part = 0; part < spec_.parts; ++part) {
    const uint64_t extra = zipfian_.has_value() ? zipfian_->Rank(random.NextUnit())
                                                : random.Below(uint64_t{range} + 1);
    size += static_cast<uint32_t>(std::min<uint64_t>(extra, range));
  }
  return size;
}

}  // namespace kvs
