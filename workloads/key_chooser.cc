#include "workloads/key_chooser.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace kvs {
namespace {

// CoreWorkload.init: twice the inserts to be expected, and one, which its inclusive upper bound
// adds. YCSB asks for an operation count; a run that ends by time counts as one of recordcount
// operations, which is what YCSB's own files ask for.
uint64_t KeysWithExpected(const Spec& spec) {
  const double operations = static_cast<double>(spec.operation_count.value_or(spec.record_count));
  const double expected = operations * spec.Proportion(OperationKind::kInsert) * 2.0;
  constexpr double kMostJavaInt = std::numeric_limits<int32_t>::max();
  return spec.insert_count + static_cast<uint64_t>(std::min(expected, kMostJavaInt)) + 1;
}

}  // namespace

YcsbZipfianChooser::YcsbZipfianChooser(const Spec& spec) : zipfian_(KeysWithExpected(spec)) {}

uint64_t SequentialStep(const Spec& spec) {
  return spec.Proportion(OperationKind::kScan) == 1 ? spec.scan_length.max_bytes : 1;
}

KeyChooser MakeKeyChooser(const Spec& spec, unsigned thread, unsigned thread_count) {
  switch (spec.key_choice) {
    case KeyChoice::kUniform:
      return UniformChooser();
    case KeyChoice::kZipfian:
      return ZipfianChooser(spec);
    case KeyChoice::kYcsbZipfian:
      return YcsbZipfianChooser(spec);
    case KeyChoice::kLatest:
      return LatestChooser();
    case KeyChoice::kHotspot:
      return HotspotChooser(spec);
    case KeyChoice::kExponential:
      return ExponentialChooser(spec);
    case KeyChoice::kSequential:
      return SequentialChooser(SequentialStep(spec), thread, thread_count);
  }
  assert(false);
  return UniformChooser();
}

}  // namespace kvs
