// `lockfree`: the store whose readers take no lock. A reader announces an epoch (a store and a
// load), looks up, copies, and withdraws; no writer, flush or compaction ever makes it wait.
// Writers are serialised by a mutex. Under the tier `sync` they share flushes: the mutex is free
// during a flush, and who comes meanwhile appends a record and is flushed and published with the
// next group.
#include <string>
#include <vector>

#include "engines/log_store/log_engine.h"
#include "engines/thread_annotations.h"

namespace kvs {
namespace {

class LockfreeControl {
 public:
  static constexpr bool kUnlockedReaders = true;
  static constexpr bool kCompactsInline = false;

  class Reader {
   public:
    explicit Reader(LockfreeControl& control)
        : epochs_(control.store_.epochs()), slot_(epochs_.AcquireSlot()) {}
    ~Reader() { epochs_.ReleaseSlot(slot_); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

   private:
    friend class LockfreeControl;
    Epochs& epochs_;
    Epochs::Slot* const slot_;
  };

  explicit LockfreeControl(LogStoreOptions options) : store_(std::move(options)) {}

  // Wait-free.
  bool Get(Reader& reader, std::string_view key, std::string& value) const {
    const Epochs::Guard guard(reader.epochs_, reader.slot_);
    return store_.Get(key, value);
  }

  // Wait-free.
  void MultiGet(Reader& reader, std::span<const std::string_view> keys,
                std::span<std::string> values, std::span<bool> found) const {
    const Epochs::Guard guard(reader.epochs_, reader.slot_);
    store_.MultiGet(keys, values, found);
  }

  // Never waits. In parts, so that a long scan does not keep what is retired meanwhile.
  size_t Scan(Reader& reader, std::string_view start, size_t limit,
              const ScanVisitor& visit) const {
    size_t visited = 0;
    std::string next;
    bool is_finished = false;
    while (!is_finished) {
      const Epochs::Guard guard(reader.epochs_, reader.slot_);
      is_finished = store_.ScanPart(start, limit, visit, visited, next);
      start = next;
    }
    return visited;
  }

  bool Write(RecordType type, std::string_view key, std::string_view value)
      KVS_EXCLUDES(writer_mutex_) {
    const MutexLock lock(writer_mutex_);
    if (store_.options().durability != Durability::kSync) return store_.Write(type, key, value);
    return WriteInGroup(type, key, value);
  }

  void Exclusively(auto work) KVS_EXCLUDES(writer_mutex_) {
    const MutexLock lock(writer_mutex_);
    work(store_);
  }

  LogStore& store() { return store_; }

 private:
  // A write that waits for its group's flush; on the stack of its writer.
  struct Waiting {
    LogStore::Appended record;
    bool is_finished = false;
    bool is_flushed = false;
    bool was_present = false;
  };

  bool WriteInGroup(RecordType type, std::string_view key, std::string_view value)
      KVS_REQUIRES(writer_mutex_) {
    // A removal of nothing needs no flush. While writes wait it is decided in their order instead.
    const bool is_idle = group_.empty() && !flush_runs_;
    if (type == RecordType::kTombstone && is_idle && !store_.Contains(key)) return false;
    // A new segment begins when everything in the old one is flushed and published.
    while (store_.NeedsNewSegment(key.size(), value.size()) && (flush_runs_ || !group_.empty())) {
      FlushOrWait();
    }
    Waiting own{.record = store_.Append(type, key, value)};
    group_.push_back(&own);
    while (!own.is_finished) FlushOrWait();
    if (!own.is_flushed) store_.CheckWritable();  // throws: the flush failed
    return own.was_present;
  }

  void FlushOrWait() KVS_REQUIRES(writer_mutex_) {
    if (flush_runs_) {
      flush_ended_.Wait(writer_mutex_);
    } else {
      FlushGroup();
    }
  }

  // Flushes and publishes the writes that wait, in the order of their sequence numbers.
  void FlushGroup() KVS_REQUIRES(writer_mutex_) {
    flush_runs_ = true;
    std::vector<Waiting*> group;
    group.swap(group_);
    const std::shared_ptr<Segment> segment = store_.ActiveSegment();
    writer_mutex_.unlock();
    bool is_flushed = true;
    try {
      segment->Sync();
    } catch (const EngineError& error) {
      store_.RefuseWrites(error.what());
      is_flushed = false;
    }
    writer_mutex_.lock();
    for (Waiting* waiting : group) {
      if (is_flushed) waiting->was_present = store_.Publish(waiting->record);
      waiting->is_flushed = is_flushed;
      waiting->is_finished = true;
    }
    flush_runs_ = false;
    flush_ended_.NotifyAll();
  }

  LogStore store_;  // its writing calls: under writer_mutex_
  Mutex writer_mutex_;
  ConditionVariable flush_ended_;
  std::vector<Waiting*> group_ KVS_GUARDED_BY(writer_mutex_);
  bool flush_runs_ KVS_GUARDED_BY(writer_mutex_) = false;
};

EngineCapabilities Capabilities(const EngineOptions& options);
std::unique_ptr<KvsEngine> Open(const EngineOptions& options);

}  // namespace

extern const EngineDefinition kLockfreeEngine{
    .name = "lockfree",
    .summary = "home-made log-structured store whose readers take no lock",
    .settings = kLogEngineSettings,
    .capabilities = Capabilities,
    .open = Open,
};

namespace {

EngineCapabilities Capabilities(const EngineOptions& options) {
  CheckSettings(kLockfreeEngine, options);
  return LogEngineCapabilities(kLockfreeEngine.name, options);
}

std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  return OpenLogEngine<LockfreeControl>(kLockfreeEngine, options);
}

}  // namespace

std::unique_ptr<KvsEngine> OpenLockfreeWithHooks(const EngineOptions& options, LogStoreHooks hooks,
                                                 std::shared_ptr<FileSystem> files) {
  return OpenLogEngine<LockfreeControl>(kLockfreeEngine, options, std::move(hooks),
                                        std::move(files));
}

}  // namespace kvs
