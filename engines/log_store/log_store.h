// The store behind `single`, `mutex`, `rwlock` and `lockfree`: an append-only log of records cut
// into segments, an index in memory from key to log position, and compaction. It has one writer at
// a time and any number of readers beside it; who may come in when is the engines' matter, and the
// only thing in which they differ.
//
// Life of a write: Append writes the record behind the log's end, into a shared mapping, where it
// survives the death of the process. Under the tier `sync`, SyncLog flushes it. Publish makes it
// what readers find. Write does all three. What Publish puts into the index for readers to find is
// at first pending there (index.h): in the tables it is some writes later.
//
// Compaction picks the sealed segment from which most is to be gained, moves its live records, with
// their sequence numbers, to another segment, and retires it. It works in steps of bounded size, so
// that writers can come in between. A retired segment's file is removed by a background thread,
// once everything that replaces its records is on the device.
//
// docs/log-format.md describes the files, recovery.cc what is made of them after a crash.
//
// With `ordered` there is a second index, of the keys in their order, for scans (ordered_index.h).
//
// Thread safety:
//   Get, MultiGet,      any number at a time, beside one writer when the store was opened with
//   Scan, ScanPart      unlocked_readers; the reader is then inside an Epochs::Guard of epochs().
//                       Without, nobody writes meanwhile.
//   the writing calls   one at a time; without unlocked_readers, with no reader beside them.
//   PrepareCompaction   beside anything but itself and CompactStep.
//   Others say so themselves.
//
// Invariants:
//   1. A record's bytes do not change after Append returned.
//   2. The index leads to the record with the highest published sequence of each key, or to nothing
//      when that is a tombstone.
//   3. A segment that the index leads into, or that a reader may hold a position of, is mapped, and
//      its number is not given to another.
//   4. Segments of kind kWrites are sealed and synced in the order of their generations.
//   5. The ordered index has every key that the index leads to, at any time: a key is put there
//      before, and taken away after.
//   6. What is pending in the index is in the active segment.
//   7. A segment leaves the manifest only when every record that supersedes or repeats one of
//      its own is on the device.
//
// Memory order: see index.h (1) to (4) and epochs.h. In addition
//   (1) writer  mapped_[n].data.store(release)   partner: (2)
//   (2) reader  mapped_[n].data.load(relaxed), likewise the size: it comes after the acquire of a
//               slot or table that was published after (1), and invariant 3 keeps it from changing
#ifndef KVS_ENGINES_LOG_STORE_LOG_STORE_H_
#define KVS_ENGINES_LOG_STORE_LOG_STORE_H_

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engines/engine.h"
#include "engines/log_store/epochs.h"
#include "engines/log_store/file.h"
#include "engines/log_store/format.h"
#include "engines/log_store/hint.h"
#include "engines/log_store/index.h"
#include "engines/log_store/manifest.h"
#include "engines/log_store/ordered_index.h"
#include "engines/log_store/segment.h"
#include "engines/log_store/task_thread.h"
#include "engines/store_directory.h"

namespace kvs {

// Places where a test can stop the store. Called by the thread that does the work, if set.
struct LogStoreHooks {
  std::function<void()> record_appended;  // in Set or Remove: written, not published
  std::function<void()> entry_put;        // the index has it twice, put and still pending
  std::function<void()> record_moved;     // in compaction: copied, the index not yet re-pointed
  std::function<void()> order_changes;    // before and after each store that changes the order
  std::function<void()> background_task_begins;  // on one of the store's threads
};

struct LogStoreOptions {
  std::string engine;  // for errors
  std::filesystem::path directory;
  Durability durability = Durability::kProcess;
  uint64_t segment_size = uint64_t{64} << 20;  // bytes of a full-grown segment file
  bool verify_reads = false;                   // check a value's check value on every read
  bool hints = true;  // write hint files, and use them; false: every record is checked at open
  unsigned garbage_percent = 50;  // compaction is due when this part of the log is garbage
  bool unlocked_readers = false;  // readers run beside the writer
  unsigned shard_bits = 8;        // of the index
  bool ordered = false;           // keep the keys in order, for Scan
  // Called by the writer, inside a writing call, when compaction becomes due. Must not call back.
  std::function<void()> compaction_became_due;
  LogStoreHooks hooks;
  std::shared_ptr<FileSystem> files;  // null: the operating system's
};

// What the store holds, for tests and for EngineInfo.
struct LogStoreStatistics {
  uint64_t keys = 0;
  uint64_t segments = 0;
  uint64_t log_bytes = 0;      // used by records
  uint64_t garbage_bytes = 0;  // of them, no longer needed
  uint64_t index_bytes = 0;
  uint64_t ordered_index_bytes = 0;
  uint64_t compacted_segments = 0;   // since the store was opened
  uint64_t segments_from_hints = 0;  // that opening it did not have to read
};

class LogStore {
 public:
  // Opens or creates the store. Throws EngineError.
  explicit LogStore(LogStoreOptions options);
  // Syncs and seals the log. A failure then is found, and repaired or reported, by the next open.
  ~LogStore();
  LogStore(const LogStore&) = delete;
  LogStore& operator=(const LogStore&) = delete;

  // Reading. Semantics as KvsEngine's.
  bool Get(std::string_view key, std::string& value) const;
  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) const;

  // For a store that was opened with `ordered`. Scan is the whole of it, for a reader that writers
  // wait for; one beside them goes part by part.
  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) const;
  // Goes on with a scan from `start`, until `visited` is `limit`, there are no more keys, or it has
  // reached kScanPartKeys keys: a reader's visit must end for what it may look at to be given back.
  // Returns whether the scan is finished; if not, `next` is where the next part starts. It may be
  // what `start` leads to.
  bool ScanPart(std::string_view start, size_t limit, const ScanVisitor& visit, size_t& visited,
                std::string& next) const;

  bool Contains(std::string_view key) const;

  // Writing.
  struct Appended {
    uint64_t hash = 0;
    Position position = kNoPosition;
    RecordType type = RecordType::kValue;
  };
  // Writes a record behind the end of the log; `value` is empty for a tombstone. Throws EngineError
  // (kFull, kIo), and has then changed nothing.
  Appended Append(RecordType type, std::string_view key, std::string_view value);
  // Whether Append of such a record would first have to begin a new segment. Everything appended
  // must be synced and published before that.
  bool NeedsNewSegment(size_t key_size, size_t value_size) const {
    return active_ == nullptr || !active_->HasRoom(RecordSize(key_size, value_size));
  }
  // The file that Append wrote to last. A sync tier's writer syncs it before it publishes.
  std::shared_ptr<Segment> ActiveSegment() const { return active_; }
  // Makes the record what readers find. Records are published in the order in which they were
  // appended. Returns whether a tombstone removed something.
  bool Publish(const Appended& appended);
  // Append, the tier's durability step, Publish. A tombstone is written only for a key that is
  // there. Returns whether it removed something.
  bool Write(RecordType type, std::string_view key, std::string_view value);
  // Puts what is pending in the index into its tables.
  void PutPending();
  // Refuses all writes from now on, with `reason`: what the device holds is no longer known. Any
  // thread.
  void RefuseWrites(std::string_view reason) KVS_EXCLUDES(failure_mutex_);
  // Throws kIo when writes are refused. Any thread.
  void CheckWritable() const KVS_EXCLUDES(failure_mutex_) {
    if (refuses_writes_.load(std::memory_order_relaxed)) [[unlikely]] {  // see RefuseWrites
      ThrowRefusal();
    }
  }

  // Compaction. CompactionDue may be called by any thread: whether there is enough garbage, seen
  // when a segment was last sealed or compacted.
  bool CompactionDue() const {
    return compaction_due_.load(std::memory_order_relaxed);  // a hint: nothing is read through it
  }
  // So much that a thread of its own does not keep up: writers should call CompactStep, too.
  bool CompactionOverdue() const {
    return compaction_overdue_.load(std::memory_order_relaxed);  // a hint, as above
  }
  // The part of a step that no writer has to wait for: checks the next records of the segment that
  // is being compacted, about `bytes` of them, and makes the segment that they are moved to, if one
  // is needed. Throws kCorruption when a record is damaged; the store then refuses writes. kFull or
  // kIo when the segment cannot be made.
  void PrepareCompaction(uint64_t bytes);
  // A writing call. Moves what was prepared, as far as there is room for it. With nothing to
  // compact it picks a segment, if compaction is due.
  void CompactStep();

  // A writing call. Hands everything appended so far to the background thread, to be synced.
  void SyncInBackground();
  // Waits for the background work that was handed out before. Any thread.
  void WaitForBackground();

  // A writing call.
  LogStoreStatistics Statistics();

  Epochs& epochs() { return epochs_; }
  bool uses_membarrier() const { return epochs_.uses_membarrier(); }
  const LogStoreOptions& options() const { return options_; }

 private:
  // Each is a mapping, of which Linux gives a process 65,530 (vm.max_map_count) if not told
  // otherwise.
  static constexpr size_t kMaxSegments = size_t{1} << 15;
  static constexpr size_t kScanPartKeys = 128;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  struct MappedSegment {
    std::atomic<const char*> data;
    std::atomic<uint64_t> size;
  };
  static MappedSegment* NewSegmentTable();

  // Recovery (recovery.cc).
  void Recover();
  struct SegmentScan;
  void RemoveStrayFiles(const ManifestEntries& entries);
  void ScanSegment(SegmentScan& scan) const;
  bool ReadHint(uint64_t generation, uint64_t end, std::vector<RecordNote>& notes) const;
  void Adopt(SegmentScan& scan);
  void FillIndex(const std::vector<SegmentScan>& scans, unsigned threads);
  void FillShard(const std::vector<SegmentScan>& scans, size_t shard,
                 std::vector<uint64_t>& live_bytes);
  void SubmitHint(std::shared_ptr<Segment> segment);
  void WriteHint(const Segment& segment, uint64_t end);
  void RemoveHint(uint64_t generation);

  // The log (log_store.cc).
  void BeginSegment(uint64_t record_size);
  std::shared_ptr<Segment> MakeSegment(SegmentKind kind, uint64_t size);
  void RequestSpare();
  std::shared_ptr<Segment> TakeSpare(uint64_t record_size);
  uint64_t NextSegmentSize(uint64_t record_size);
  void SealActive();
  void SubmitSync(std::shared_ptr<Segment> segment);
  void Enlist(const std::shared_ptr<Segment>& segment);
  void Unlist(const std::shared_ptr<Segment>& segment);
  void CloseLog();

  // Compaction (compaction.cc).
  struct Compaction {
    std::shared_ptr<Segment> victim;
    uint64_t offset = 0;          // of the next record to look at
    uint64_t oldest_garbage = 0;  // tombstones older than this one are no longer needed
  };
  // A record of the victim that was found to be sound.
  struct CheckedRecord {
    uint64_t offset;
    uint64_t hash;  // of its key
  };
  // The smallest sequence numbers in segments with garbage.
  struct GarbageAge {
    const Segment* oldest_segment = nullptr;
    uint64_t oldest = std::numeric_limits<uint64_t>::max();
    uint64_t second = std::numeric_limits<uint64_t>::max();
    // The smallest one in any segment but this one.
    uint64_t Except(const Segment* segment) const {
      return segment == oldest_segment ? second : oldest;
    }
  };
  void UpdateCompactionDue();
  GarbageAge AgeOfGarbage() const;
  static uint64_t ReclaimableBytes(const Segment& segment, const GarbageAge& age);
  std::shared_ptr<Segment> PickVictim() const;
  void MakeOutput();
  void CheckRecords(uint64_t bytes);
  bool MoveRecord(Segment& victim, const CheckedRecord& checked);
  bool TombstoneIsNeeded(const Record& record, uint64_t hash) const;
  void FinishVictim();
  void SubmitRemoval(std::shared_ptr<Segment> victim);

  static uint64_t Hash(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }
  static Position MakePosition(const Segment& segment, uint64_t offset) {
    return Position{segment.number} << 32 | offset / kRecordAlignment;
  }
  static uint64_t OffsetOf(Position position) { return (position & 0xffffffff) * kRecordAlignment; }
  Segment& SegmentOf(Position position) const { return *segments_[position >> 32]; }
  const char* DataAt(Position position) const {
    return mapped_[position >> 32].data.load(std::memory_order_relaxed) +  // (2)
           OffsetOf(position);
  }
  Record RecordAt(Position position) const { return Record(DataAt(position)); }
  bool HasKey(Position position, std::string_view key) const;
  void PrefetchRecord(Position position) const {
    const char* data = DataAt(position);
    __builtin_prefetch(data);
    __builtin_prefetch(data + 64);
  }
  bool GetHashed(uint64_t hash, std::string_view key, std::string& value) const;
  void Put(uint64_t hash, Position position);
  bool RemoveKey(const Appended& tombstone);
  // Whether puts are pending for a while. Not where the device's flush is waited for anyhow, nor
  // where the order of keys has to know at once whether a key is new.
  bool PutsLater() const { return options_.durability != Durability::kSync && order_ == nullptr; }
  // The value of the record at `position`, checked with verify_reads, and else only for ending
  // within the segment's mapping, as a damaged size may not. Throws kCorruption.
  std::string_view ValueAt(Position position, std::string_view operation) const;
  void VerifyRecord(Position position, std::string_view operation) const;
  void BuildOrder();

  [[noreturn]] void ThrowDamaged(Position position, std::string_view operation) const;
  [[noreturn]] void ThrowRefusal() const KVS_EXCLUDES(failure_mutex_);

  const LogStoreOptions options_;
  // Hot for readers: nothing here changes but with a segment.
  const std::unique_ptr<MappedSegment[], Free> mapped_;  // by number
  Epochs epochs_;
  Index index_;
  std::unique_ptr<OrderedIndex> order_;  // null unless options_.ordered

  StoreDirectory claim_;
  const std::shared_ptr<FileSystem> files_;
  std::unique_ptr<Manifest> manifest_;
  std::unique_ptr<SegmentMaker> maker_;

  // The writer's.
  std::vector<std::shared_ptr<Segment>> segments_;  // by number; null where free
  std::shared_ptr<Segment> active_;                 // where Append writes; null before the first
  std::shared_ptr<Segment> output_;                 // where compaction writes; null when none
  Compaction compaction_;
  uint64_t next_sequence_ = 1;
  uint64_t next_segment_size_ = 0;
  uint64_t spare_wanted_at_ = 0;  // the active segment's end at which the next one is requested
  std::future<std::shared_ptr<Segment>> spare_;
  uint64_t compacted_segments_ = 0;
  uint64_t segments_from_hints_ = 0;
  std::atomic<bool> compaction_due_{false};
  std::atomic<bool> compaction_overdue_{false};

  // Between PrepareCompaction and CompactStep, of which only one runs at a time.
  std::shared_ptr<Segment> prepared_output_;
  uint64_t wanted_output_bytes_ = 0;
  std::vector<CheckedRecord> checked_records_;
  size_t moved_records_ = 0;  // of the checked ones

  mutable Mutex failure_mutex_;
  std::string failure_ KVS_GUARDED_BY(failure_mutex_);
  std::atomic<bool> refuses_writes_{false};

  // The syncing thread's: retired segments that the manifest still lists, because the disk is full.
  std::vector<std::shared_ptr<Segment>> to_remove_;

  // Last: their tasks use the members above.
  // Syncs sealed segments, removes retired ones; in order.
  TaskThread syncing_{options_.hooks.background_task_begins};
  TaskThread preparing_{options_.hooks.background_task_begins};  // makes spares
};

// Compares eight bytes at a time. A caller that has just built its key by 8-byte stores would wait
// for them if they were read back as 16 bytes, which is what memcmp does.
inline bool SameBytes(const char* a, const char* b, size_t size) {
  const auto word = [](const char* p) {
    uint64_t w;
    std::memcpy(&w, p, sizeof w);
    return w;
  };
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (word(a + i) != word(b + i)) return false;
  }
  return word(a + size - 8) == word(b + size - 8);
}

inline bool LogStore::HasKey(Position position, std::string_view key) const {
  const Record record = RecordAt(position);
  return record.GetShape().key_size == key.size() &&
         SameBytes(record.KeyData(), key.data(), key.size());
}

[[gnu::always_inline]] inline std::string_view LogStore::ValueAt(Position position,
                                                                 std::string_view operation) const {
  if (options_.verify_reads) [[unlikely]]
    VerifyRecord(position, operation);
  const std::string_view value = RecordAt(position).Value();
  const MappedSegment& segment = mapped_[position >> 32];
  const char* const end = segment.data.load(std::memory_order_relaxed) +  // (2)
                          segment.size.load(std::memory_order_relaxed);   // (2)
  if (value.data() + value.size() > end) [[unlikely]]
    ThrowDamaged(position, operation);
  return value;
}

// As value = stored, in fewer steps: the processor fetches the next lookup's memory only if it gets
// to it while this one's is still on the way.
[[gnu::always_inline]] inline void CopyOut(std::string_view stored, std::string& value) {
  const size_t size = stored.size();
  if (value.size() != size) [[unlikely]]
    value.resize(size);
  const char* const from = stored.data();
  char* const to = value.data();
  if (size < 16 || size > 128) {
    std::memcpy(to, from, size);
    return;
  }
  // Sixteen bytes at a time from both ends, which may meet in the middle.
  const auto copy_16 = [&](size_t at) { std::memcpy(to + at, from + at, 16); };
  copy_16(0);
  copy_16(size - 16);
  if (size <= 32) return;
  copy_16(16);
  copy_16(size - 32);
  if (size <= 64) return;
  copy_16(32);
  copy_16(48);
  copy_16(size - 48);
  copy_16(size - 64);
}

[[gnu::always_inline]] inline bool LogStore::GetHashed(uint64_t hash, std::string_view key,
                                                       std::string& value) const {
  const Position position = index_.Find(hash, [&](Position p) {
    // Where the value ends is known only when the record's first line is here: fetch the next one
    // beside it, not behind it.
    __builtin_prefetch(DataAt(p) + 64);
    return HasKey(p, key);
  });
  if (position == kNoPosition) return false;
  CopyOut(ValueAt(position, "get"), value);
  return true;
}

[[gnu::always_inline]] inline bool LogStore::Get(std::string_view key, std::string& value) const {
  return GetHashed(Hash(key), key, value);
}

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_LOG_STORE_H_
