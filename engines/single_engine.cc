// `single`: the store without any concurrency control, for one thread. What the other three pay for
// being shared is what they lose against it.
#include "engines/log_store/log_engine.h"

namespace kvs {
namespace {

class SingleControl {
 public:
  static constexpr bool kUnlockedReaders = false;
  static constexpr bool kCompactsInline = true;

  struct Reader {
    explicit Reader(SingleControl&) {}
  };

  explicit SingleControl(LogStoreOptions options) : store_(std::move(options)) {}

  bool Get(Reader&, std::string_view key, std::string& value) const {
    return store_.Get(key, value);
  }

  void MultiGet(Reader&, std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) const {
    store_.MultiGet(keys, values, found);
  }

  size_t Scan(Reader&, std::string_view start, size_t limit, const ScanVisitor& visit) const {
    return store_.Scan(start, limit, visit);
  }

  bool Write(RecordType type, std::string_view key, std::string_view value) {
    return store_.Write(type, key, value);
  }

  void Exclusively(auto work) { work(store_); }

  LogStore& store() { return store_; }

 private:
  LogStore store_;
};

EngineCapabilities Capabilities(const EngineOptions& options);
std::unique_ptr<KvsEngine> Open(const EngineOptions& options);

}  // namespace

extern const EngineDefinition kSingleEngine{
    .name = "single",
    .summary = "home-made log-structured store, no lock, one thread only",
    .settings = kLogEngineSettings,
    .capabilities = Capabilities,
    .open = Open,
};

namespace {

EngineCapabilities Capabilities(const EngineOptions& options) {
  CheckSettings(kSingleEngine, options);
  EngineCapabilities capabilities = LogEngineCapabilities(kSingleEngine.name, options);
  capabilities.max_threads = 1;
  return capabilities;
}

std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  return OpenLogEngine<SingleControl>(kSingleEngine, options);
}

}  // namespace
}  // namespace kvs
