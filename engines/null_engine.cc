// `null` does nothing. What it measures is the harness: its throughput is the floor that every
// other engine's figures stand on.
#include "engines/registry.h"

namespace kvs {

extern const EngineDefinition kNullEngine;

namespace {

class NullEngine final : public KvsEngine {
 public:
  std::unique_ptr<KvsEngine> Clone() const override { return std::make_unique<NullEngine>(); }
  void Set(std::string_view, std::string_view) override {}
  bool Get(std::string_view, std::string&) override { return false; }
  RemoveResult Remove(std::string_view) override { return RemoveResult::kUnknown; }
  void MultiGet(std::span<const std::string_view>, std::span<std::string>,
                std::span<bool> found) override {
    for (bool& f : found) f = false;
  }
  size_t Scan(std::string_view, size_t, const ScanVisitor&) override { return 0; }
  void Settle() override {}
  EngineInfo Info() const override {
    return {.library = "null",
            .library_version = KVS_VERSION,
            .effective_options = {},
            .notes = {"stores nothing: its figures are the harness's own cost"}};
  }
};

EngineCapabilities NullCapabilities(const EngineOptions& options) {
  CheckSettings(kNullEngine, options);
  return {.stores_data = false,
          .ordered_scan = true,
          .multi_get = true,
          .max_key_bytes = std::numeric_limits<size_t>::max(),
          .max_value_bytes = std::numeric_limits<size_t>::max()};
}

std::unique_ptr<KvsEngine> OpenNull(const EngineOptions& options) {
  CheckSettings(kNullEngine, options);
  return std::make_unique<NullEngine>();
}

}  // namespace

const EngineDefinition kNullEngine{
    .name = "null",
    .summary = "does nothing: publishes the harness's own floor",
    .settings = {},
    .capabilities = NullCapabilities,
    .open = OpenNull,
};

}  // namespace kvs
