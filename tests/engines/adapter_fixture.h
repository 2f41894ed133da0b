// One engine of this build and a fresh directory, for the tests of a single adapter.
#ifndef KVS_TESTS_ENGINES_ADAPTER_FIXTURE_H_
#define KVS_TESTS_ENGINES_ADAPTER_FIXTURE_H_

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engines/engine.h"
#include "engines/registry.h"
#include "tests/engines/contract/contract_case.h"

namespace kvs {

class AdapterTest : public ::testing::TestWithParam<const EngineDefinition*> {
 protected:
  // The store in the fresh directory, for four handles.
  EngineOptions Options(std::map<std::string, std::string> settings = {}) const {
    EngineOptions options;
    options.directory = temporary_ / "store";
    options.max_handles = 4;
    options.settings = std::move(settings);
    return options;
  }
  std::unique_ptr<KvsEngine> Open(const EngineOptions& options) const {
    return GetParam()->open(options);
  }

  contract::TemporaryDirectory temporary_;
};

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_ADAPTER_FIXTURE_H_
