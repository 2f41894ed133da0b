// `mutex`: the store behind one lock, held through every operation. The simplest thing that is
// correct; readers wait for each other and for the writers' durability step.
#include "engines/log_store/log_engine.h"
#include "engines/thread_annotations.h"

namespace kvs {
namespace {

class MutexControl {
 public:
  static constexpr bool kUnlockedReaders = false;
  static constexpr bool kCompactsInline = false;

  struct Reader {
    explicit Reader(MutexControl&) {}
  };

  explicit MutexControl(LogStoreOptions options) : store_(std::move(options)) {}

  bool Get(Reader&, std::string_view key, std::string& value) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return store_.Get(key, value);
  }

  void MultiGet(Reader&, std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    store_.MultiGet(keys, values, found);
  }

  size_t Scan(Reader&, std::string_view start, size_t limit, const ScanVisitor& visit)
      KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return store_.Scan(start, limit, visit);
  }

  bool Write(RecordType type, std::string_view key, std::string_view value) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return store_.Write(type, key, value);
  }

  void Exclusively(auto work) KVS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    work(store_);
  }

  // Only for calls that LogStore declares safe from any thread.
  LogStore& store() KVS_NO_THREAD_SAFETY_ANALYSIS { return store_; }

 private:
  Mutex mutex_;
  LogStore store_ KVS_GUARDED_BY(mutex_);
};

EngineCapabilities Capabilities(const EngineOptions& options);
std::unique_ptr<KvsEngine> Open(const EngineOptions& options);

}  // namespace

extern const EngineDefinition kMutexEngine{
    .name = "mutex",
    .summary = "home-made log-structured store behind one lock",
    .settings = kLogEngineSettings,
    .capabilities = Capabilities,
    .open = Open,
};

namespace {

EngineCapabilities Capabilities(const EngineOptions& options) {
  CheckSettings(kMutexEngine, options);
  return LogEngineCapabilities(kMutexEngine.name, options);
}

std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  return OpenLogEngine<MutexControl>(kMutexEngine, options);
}

}  // namespace
}  // namespace kvs
