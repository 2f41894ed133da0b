// Everything of `single`, `mutex`, `rwlock` and `lockfree` that is not their concurrency control:
// the handle, the settings, and who calls for compaction.
//
// A concurrency control is a class around one LogStore with
//
//   explicit Control(LogStoreOptions options);
//   class Reader { explicit Reader(Control&); };      what each handle needs for reading
//   bool Get(Reader&, key, value);                    these four as LogStore's, made safe
//   void MultiGet(Reader&, keys, values, found);
//   size_t Scan(Reader&, start, limit, visit);
//   bool Write(type, key, value);
//   void Exclusively(auto work);                      calls work(LogStore&) as a writer
//   LogStore& store();                                for the calls that are safe from any thread
//   static constexpr bool kUnlockedReaders;           see LogStoreOptions
//   static constexpr bool kCompactsInline;            writers compact; there is no thread for it
#ifndef KVS_ENGINES_LOG_STORE_LOG_ENGINE_H_
#define KVS_ENGINES_LOG_STORE_LOG_ENGINE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>

#include "engines/engine.h"
#include "engines/log_store/log_store.h"
#include "engines/registry.h"
#include "engines/thread_annotations.h"

namespace kvs {

// The settings that the four engines take, and what they make of them.
extern const std::span<const SettingDefinition> kLogEngineSettings;
LogStoreOptions ReadLogEngineOptions(std::string_view engine, const EngineOptions& options);
EngineCapabilities LogEngineCapabilities(std::string_view engine, const EngineOptions& options);
EngineInfo LogEngineInfo(const EngineOptions& options, const LogStore& store);
// Throws kLimit.
void ThrowKeyTooLong(const LogStore& store, std::string_view operation, size_t size);
void ThrowValueTooLong(const LogStore& store, size_t size);

// One open store, shared by its handles.
template <typename Control>
class SharedLogStore {
 public:
  SharedLogStore(const EngineOptions& options, LogStoreOptions log_options)
      : options_(options), control_(WithNotification(std::move(log_options))) {
    if constexpr (!Control::kCompactsInline) compactor_ = std::thread([this] { RunCompactor(); });
  }

  ~SharedLogStore() {
    if (!compactor_.joinable()) return;
    {
      const MutexLock lock(signal_mutex_);
      stopping_ = true;
    }
    signal_.NotifyAll();
    compactor_.join();
  }

  SharedLogStore(const SharedLogStore&) = delete;
  SharedLogStore& operator=(const SharedLogStore&) = delete;

  Control& control() { return control_; }
  LogStore& store() { return control_.store(); }
  const EngineOptions& options() const { return options_; }

  bool Write(RecordType type, std::string_view key, std::string_view value) {
    const bool was_present = control_.Write(type, key, value);
    // When the compactor falls behind, every writer takes its turn at a step: so garbage is
    // bounded.
    const bool compacts =
        Control::kCompactsInline ? store().CompactionDue() : store().CompactionOverdue();
    if (compacts) [[unlikely]]
      CompactAfterWrite(RecordSize(key.size(), value.size()) * kInlineShare);
    return was_present;
  }

  void Settle() {
    while (store().CompactionDue()) CompactOnce(kBatchBytes);
    control_.Exclusively([](LogStore& store) {
      store.PutPending();
      store.SyncInBackground();
    });
    store().WaitForBackground();
    store().CheckWritable();
  }

 private:
  // What compaction moves in one go, under the writers' lock: some ten microseconds.
  static constexpr uint64_t kBatchBytes = 32 * 1024;
  // A writer that compacts looks at this many times the bytes it wrote. With half of the log
  // garbage two would keep the log's size; more shrinks it.
  static constexpr uint64_t kInlineShare = 8;

  LogStoreOptions WithNotification(LogStoreOptions options) {
    if constexpr (!Control::kCompactsInline) {
      options.compaction_became_due = [this] { signal_.NotifyAll(); };
    }
    return options;
  }

  void CompactOnce(uint64_t bytes) KVS_EXCLUDES(compaction_mutex_) {
    const MutexLock lock(compaction_mutex_);
    store().PrepareCompaction(bytes);
    control_.Exclusively([](LogStore& store) { store.CompactStep(); });
  }

  // The write is done: that there is no room to compact is for the write to say that needs it.
  void CompactAfterWrite(uint64_t bytes) {
    try {
      CompactOnce(bytes);
    } catch (const EngineError& error) {
      if (error.kind() != ErrorKind::kFull) throw;
    }
  }

  // A failure ends the attempt, not the thread: it is tried again when the next segment is full.
  // What does damage makes the store refuse writes, and Settle meets and reports the rest.
  void RunCompactor() {
    while (WaitUntilDue()) {
      try {
        while (store().CompactionDue() && !Stopping()) CompactOnce(kBatchBytes);
      } catch (const EngineError&) {
        WaitForRetry();
      }
    }
  }

  bool Stopping() KVS_EXCLUDES(signal_mutex_) {
    const MutexLock lock(signal_mutex_);
    return stopping_;
  }

  bool WaitUntilDue() KVS_EXCLUDES(signal_mutex_) {
    const MutexLock lock(signal_mutex_);
    // The notification comes without signal_mutex_ (the writer must not wait for it), so one may be
    // missed between the check and the wait: hence the time limit.
    while (!stopping_ && !store().CompactionDue()) signal_.WaitFor(signal_mutex_, kLongestWait);
    return !stopping_;
  }

  void WaitForRetry() KVS_EXCLUDES(signal_mutex_) {
    const MutexLock lock(signal_mutex_);
    if (!stopping_) signal_.WaitFor(signal_mutex_, kLongestWait);
  }

  static constexpr std::chrono::milliseconds kLongestWait{100};

  const EngineOptions options_;
  Mutex signal_mutex_;
  ConditionVariable signal_;
  bool stopping_ KVS_GUARDED_BY(signal_mutex_) = false;
  Mutex compaction_mutex_;  // taken before a control's own lock
  Control control_;
  std::thread compactor_;
};

// A handle.
template <typename Control>
class LogEngine final : public KvsEngine {
 public:
  explicit LogEngine(std::shared_ptr<SharedLogStore<Control>> shared)
      : shared_(std::move(shared)), reader_(shared_->control()) {}

  std::unique_ptr<KvsEngine> Clone() const override { return std::make_unique<LogEngine>(shared_); }

  void Set(std::string_view key, std::string_view value) override {
    CheckKey("set", key);
    if (value.size() > kMaxValueSize) [[unlikely]]
      ThrowValueTooLong(shared_->store(), value.size());
    shared_->Write(RecordType::kValue, key, value);
  }

  bool Get(std::string_view key, std::string& value) override {
    CheckKey("get", key);
    return shared_->control().Get(reader_, key, value);
  }

  RemoveResult Remove(std::string_view key) override {
    CheckKey("remove", key);
    return shared_->Write(RecordType::kTombstone, key, {}) ? RemoveResult::kRemoved
                                                           : RemoveResult::kAbsent;
  }

  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    for (const std::string_view key : keys) CheckKey("multi-get", key);
    shared_->control().MultiGet(reader_, keys, values, found);
  }

  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    if (!shared_->store().options().ordered) return KvsEngine::Scan(start, limit, visit);  // throws
    return shared_->control().Scan(reader_, start, limit, visit);
  }

  void Settle() override { shared_->Settle(); }

  EngineInfo Info() const override { return LogEngineInfo(shared_->options(), shared_->store()); }

 private:
  void CheckKey(std::string_view operation, std::string_view key) const {
    if (key.size() > kMaxKeySize) [[unlikely]] {
      ThrowKeyTooLong(shared_->store(), operation, key.size());
    }
  }

  const std::shared_ptr<SharedLogStore<Control>> shared_;
  typename Control::Reader reader_;  // after shared_: it goes first
};

// Opens a store under `Control`. `hooks` and `files` are for tests.
template <typename Control>
std::unique_ptr<KvsEngine> OpenLogEngine(const EngineDefinition& engine,
                                         const EngineOptions& options, LogStoreHooks hooks = {},
                                         std::shared_ptr<FileSystem> files = nullptr) {
  CheckSettings(engine, options);
  LogStoreOptions log_options = ReadLogEngineOptions(engine.name, options);
  log_options.unlocked_readers = Control::kUnlockedReaders;
  log_options.hooks = std::move(hooks);
  log_options.files = std::move(files);
  return std::make_unique<LogEngine<Control>>(
      std::make_shared<SharedLogStore<Control>>(options, std::move(log_options)));
}

// `lockfree` with hooks, for the tests that freeze its threads, and on another file system, for
// those that pull the plug. Defined in lockfree_engine.cc.
std::unique_ptr<KvsEngine> OpenLockfreeWithHooks(const EngineOptions& options, LogStoreHooks hooks,
                                                 std::shared_ptr<FileSystem> files = nullptr);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_LOG_ENGINE_H_
