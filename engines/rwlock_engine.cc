// `rwlock`: the store behind a reader-writer lock. Readers no longer exclude each other, but each
// still writes to the lock's one cache line, and all of them wait for a writer's durability step.
#include "engines/log_store/log_engine.h"
#include "engines/thread_annotations.h"

namespace kvs {
namespace {

class RwlockControl {
 public:
  static constexpr bool kUnlockedReaders = false;
  static constexpr bool kCompactsInline = false;

  struct Reader {
    explicit Reader(RwlockControl&) {}
  };

  explicit RwlockControl(LogStoreOptions options) : store_(std::move(options)) {}

  bool Get(Reader&, std::string_view key, std::string& value) KVS_EXCLUDES(mutex_) {
    const ReaderLock lock(mutex_);
    return store_.Get(key, value);
  }

  void MultiGet(Reader&, std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) KVS_EXCLUDES(mutex_) {
    const ReaderLock lock(mutex_);
    store_.MultiGet(keys, values, found);
  }

  size_t Scan(Reader&, std::string_view start, size_t limit, const ScanVisitor& visit)
      KVS_EXCLUDES(mutex_) {
    const ReaderLock lock(mutex_);
    return store_.Scan(start, limit, visit);
  }

  bool Write(RecordType type, std::string_view key, std::string_view value) KVS_EXCLUDES(mutex_) {
    const WriterLock lock(mutex_);
    return store_.Write(type, key, value);
  }

  void Exclusively(auto work) KVS_EXCLUDES(mutex_) {
    const WriterLock lock(mutex_);
    work(store_);
  }

  // Only for calls that LogStore declares safe from any thread.
  LogStore& store() KVS_NO_THREAD_SAFETY_ANALYSIS { return store_; }

 private:
  SharedMutex mutex_;
  LogStore store_ KVS_GUARDED_BY(mutex_);
};

EngineCapabilities Capabilities(const EngineOptions& options);
std::unique_ptr<KvsEngine> Open(const EngineOptions& options);

}  // namespace

extern const EngineDefinition kRwlockEngine{
    .name = "rwlock",
    .summary = "home-made log-structured store behind a reader-writer lock",
    .settings = kLogEngineSettings,
    .capabilities = Capabilities,
    .open = Open,
};

namespace {

EngineCapabilities Capabilities(const EngineOptions& options) {
  CheckSettings(kRwlockEngine, options);
  return LogEngineCapabilities(kRwlockEngine.name, options);
}

std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  return OpenLogEngine<RwlockControl>(kRwlockEngine, options);
}

}  // namespace
}  // namespace kvs
