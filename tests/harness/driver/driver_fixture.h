// A workload, its codecs and a model engine, ready to be driven.
#ifndef KVS_TESTS_HARNESS_DRIVER_DRIVER_FIXTURE_H_
#define KVS_TESTS_HARNESS_DRIVER_DRIVER_FIXTURE_H_

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "harness/driver/driver.h"
#include "tests/harness/driver/model_engine.h"
#include "tests/sanitizer.h"
#include "workloads/key_renderer.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

// What a test drives unless it says otherwise. The naive pool starts a thread for each.
inline constexpr uint64_t kOperations = kHasSanitizer ? 600 : 2000;

struct DriverFixture {
  explicit DriverFixture(const std::string& properties)
      : spec(ParseSpec(properties, "test", "test", {})),
        keys(spec.keys),
        values(spec.value_size, 1, spec.compression_ratio),
        store(std::make_shared<ModelStore>()),
        engine(store) {
    options.threads = 2;
    options.warmup_s = 0;
    options.operations = kOperations;
    options.sampling_period = 4;
    options.full_check_period = 4;
  }

  LoadResult LoadAll() { return Load(engine, spec, keys, values, options); }
  Measurement Run() { return Measure(engine, /*stores_data=*/true, spec, keys, values, options); }
  Measurement LoadAndRun() {
    LoadAll();
    return Run();
  }

  std::string KeyOf(uint64_t number) const {
    std::string buffer(keys.max_size(), '\0');
    return std::string(keys.Render(number, buffer.data()));
  }
  std::string ValueOf(uint64_t number, uint32_t version = 0) const {
    std::string buffer(values.buffer_size(), '\0');
    return std::string(values.Encode(number, 0, version, buffer.data()));
  }

  const Spec spec;
  const KeyRenderer keys;
  const ValueCodec values;
  const std::shared_ptr<ModelStore> store;
  ModelEngine engine;
  DriverOptions options;
};

// What the driver must do with every pool; driver_test.cc instantiates it for all files.
class DriverPoolTest : public ::testing::TestWithParam<PoolKind> {
 protected:
  static bool Pooled() { return GetParam() != PoolKind::kDedicated; }
};

// A workload of reads alone.
inline constexpr const char* kReads = "recordcount=500\nreadproportion=1\nupdateproportion=0\n";

inline const KindResult& Of(const Measurement& measurement, OperationKind kind) {
  return measurement.kinds[static_cast<size_t>(kind)];
}

}  // namespace kvs

#endif  // KVS_TESTS_HARNESS_DRIVER_DRIVER_FIXTURE_H_
