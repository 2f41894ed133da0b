// `lockfree`: the store whose readers take no lock. A reader announces an epoch (a store and a
// load), looks up, copies, and withdraws; no writer, flush or compaction ever makes it wait.
// Writers are serialised by a mutex. Under the tier `sync` they share flushes: the mutex is free
// during a flush, and who comes meanwhile appends a record and is flushed and published with the
// next group. Who waits for a flush sleeps until its answer is there, and takes no lock to read it.
#include <atomic>
#include <memory>
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
    if (store_.options().durability == Durability::kSync) return WriteInGroup(type, key, value);
    const MutexLock lock(writer_mutex_);
    return store_.Write(type, key, value);
  }

  void Exclusively(auto work) KVS_EXCLUDES(writer_mutex_) {
    const MutexLock lock(writer_mutex_);
    work(store_);
  }

  LogStore& store() { return store_; }

 private:
  // A write that waits for a flush; on the stack of its writer.
  struct Waiting {
    LogStore::Appended record;
    bool was_present = false;
  };

  // The writes that share a flush. The first to come leads: it waits until the flush before is
  // over, while others join, and then flushes and publishes for all of them. A group always has a
  // leader, and the flush that runs always a group that is no longer open.
  //
  // Memory order: (1) leader of the group before: has_turn.store(release)      partner: (2)
  //               (2) leader: has_turn.load(acquire), before it closes the group
  //               (3) leader: is_finished.store(release), after it wrote the answers   partner: (4)
  //               (4) member: is_finished.load(acquire), before it reads its own
  // Words of the size that a futex has, so that to wait and to wake is one system call.
  struct Group {
    std::vector<Waiting*> members;  // under writer_mutex_ while the group is open
    std::atomic<int> has_turn{0};
    std::atomic<int> is_finished{0};
    bool is_flushed = false;  // the leader's, before (3)
  };

  bool WriteInGroup(RecordType type, std::string_view key, std::string_view value)
      KVS_EXCLUDES(writer_mutex_) {
    Waiting own;
    std::shared_ptr<Group> group;
    bool leads = false;
    {
      const MutexLock lock(writer_mutex_);
      // A removal of nothing needs no flush. While writes wait it is decided in their order
      // instead.
      if (type == RecordType::kTombstone && !flush_runs_ && !store_.Contains(key)) return false;
      WaitForRoom(key.size(), value.size());
      own.record = store_.Append(type, key, value);
      leads = open_group_ == nullptr;
      if (leads) {
        open_group_ = std::make_shared<Group>();
        if (!flush_runs_) open_group_->has_turn.store(1, std::memory_order_relaxed);  // its own
        flush_runs_ = true;
      }
      group = open_group_;
      group->members.push_back(&own);
    }
    if (leads) {
      group->has_turn.wait(0, std::memory_order_acquire);  // (2)
      FlushGroup(*group);
    } else {
      group->is_finished.wait(0, std::memory_order_acquire);  // (4)
    }
    if (!group->is_flushed) store_.CheckWritable();  // throws: the flush failed
    return own.was_present;
  }

  // A new segment begins when everything in the old one is flushed and published. Whoever waits for
  // that goes before all who come later, or a large record would wait until small ones had filled
  // the segment.
  void WaitForRoom(size_t key_size, size_t value_size) KVS_REQUIRES(writer_mutex_) {
    while (true) {
      if (!store_.NeedsNewSegment(key_size, value_size)) {
        if (segment_waiters_ == 0) return;
        may_append_.Wait(writer_mutex_);
        continue;
      }
      if (!flush_runs_) return;
      ++segment_waiters_;
      may_append_.Wait(writer_mutex_);
      if (--segment_waiters_ == 0) may_append_.NotifyAll();
    }
  }

  // Flushes and publishes the writes of the open group, in the order of their sequence numbers.
  void FlushGroup(Group& group) KVS_EXCLUDES(writer_mutex_) {
    std::shared_ptr<Segment> segment;
    {
      const MutexLock lock(writer_mutex_);
      open_group_ = nullptr;
      segment = store_.ActiveSegment();
    }
    group.is_flushed = true;
    try {
      segment->Sync();
    } catch (const EngineError& error) {
      store_.RefuseWrites(error.what());
      group.is_flushed = false;
    }
    std::shared_ptr<Group> next;
    {
      const MutexLock lock(writer_mutex_);
      for (Waiting* waiting : group.members) {
        if (group.is_flushed) waiting->was_present = store_.Publish(waiting->record);
      }
      next = open_group_;
      flush_runs_ = next != nullptr;
      if (!flush_runs_) may_append_.NotifyAll();
    }
    // The next flush first: more wait for it than for this one's answer.
    if (next != nullptr) {
      next->has_turn.store(1, std::memory_order_release);  // (1)
      next->has_turn.notify_one();
    }
    group.is_finished.store(1, std::memory_order_release);  // (3)
    group.is_finished.notify_all();
  }

  LogStore store_;  // its writing calls: under writer_mutex_
  Mutex writer_mutex_;
  ConditionVariable may_append_;  // no flush runs, or segment_waiters_ is 0
  std::shared_ptr<Group> open_group_ KVS_GUARDED_BY(writer_mutex_);
  bool flush_runs_ KVS_GUARDED_BY(writer_mutex_) = false;  // or is about to: a group is there
  unsigned segment_waiters_ KVS_GUARDED_BY(writer_mutex_) = 0;
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
