// One file of the log, and the maker of new ones.
#ifndef KVS_ENGINES_LOG_STORE_SEGMENT_H_
#define KVS_ENGINES_LOG_STORE_SEGMENT_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engines/log_store/file.h"
#include "engines/log_store/format.h"
#include "engines/log_store/manifest.h"
#include "engines/thread_annotations.h"

namespace kvs {

// A mapped segment file. Records are appended by the store's writer and immutable afterwards.
//
// Thread safety: the fields belong to the store's writer, except the immutable ones, what Sync
// uses, and the bytes before a published position, which anybody may read.
struct Segment {
  // Immutable.
  uint64_t generation = 0;
  SegmentKind kind = SegmentKind::kWrites;
  CheckBinding binding;
  std::unique_ptr<File> file;
  std::unique_ptr<Mapping> mapping;

  // The writer's.
  uint16_t number = 0;  // in the store's table of segments
  uint64_t end = sizeof(SegmentHeader);
  bool sealed = false;
  bool retired = false;          // compaction has moved what was live
  uint64_t live_bytes = 0;       // of records that the index leads to
  uint64_t tombstone_bytes = 0;  // of all tombstones
  uint64_t min_sequence = std::numeric_limits<uint64_t>::max();
  uint64_t max_tombstone_sequence = 0;

  Mutex sync_mutex;
  bool sync_has_failed KVS_GUARDED_BY(sync_mutex) = false;

  // What has to have happened before a retired segment's file and mapping may be used again.
  std::atomic<bool> removed{false};       // no recovery reads it: the manifest has left it out
  std::atomic<bool> readers_gone{false};  // nobody can hold a position in it

  uint64_t UsedBytes() const { return end - sizeof(SegmentHeader); }
  // Bytes of values that were overwritten or removed.
  uint64_t DeadBytes() const { return UsedBytes() - live_bytes - tombstone_bytes; }
  // Whether a record of `size` bytes fits, the seal behind it included.
  bool HasRoom(uint64_t size) const { return end + size + sizeof(RecordHeader) <= mapping->size(); }
  const char* At(uint64_t offset) const { return mapping->data() + offset; }

  // Appends a record, which fits. Returns its offset. Counts it in no other field than `end` and
  // the sequence numbers.
  uint64_t Append(RecordType type, uint64_t sequence, std::string_view key, std::string_view value);
  // Writes the seal. Nothing is appended afterwards.
  void Seal();
  // Syncs the file. Any thread. When it has failed once it fails ever after: the kernel reports a
  // loss once, and another thread's sync may come between the failure and the refusal of writes.
  void Sync() KVS_EXCLUDES(sync_mutex);
};

// The smallest file that holds one record of `record_size` bytes.
constexpr uint64_t SegmentSizeFor(uint64_t record_size) {
  return sizeof(SegmentHeader) + record_size + sizeof(RecordHeader);
}

std::string SegmentFileName(uint64_t generation);
// The generation in a segment's file name, or false for any other name.
bool ParseSegmentFileName(std::string_view name, uint64_t& generation);
// The same for any kind of file that belongs to a segment; the kind is in the suffix.
std::string GenerationFileName(uint64_t generation, std::string_view suffix);
bool ParseGenerationFileName(std::string_view name, std::string_view suffix, uint64_t& generation);

// Makes segments that are ready to be written: allocated, mapped, faulted in, and listed in the
// durable manifest, so that a write into one may be acknowledged at once. Best out of retired ones:
// the first touch of memory costs more than the write of a record, and new blocks must be zeroed.
// What is left of the old records in a recycled file is none of its own: every check value depends
// on the generation.
//
// Thread safety: safe from any thread.
//
// Memory order: (1) Segment::readers_gone.store(release), after the last read   partner: (2)
//               (2) readers_gone.load(acquire), before the first write
class SegmentMaker {
 public:
  SegmentMaker(FileSystem& files, Manifest& manifest, const std::filesystem::path& directory,
               uint64_t next_generation, CachedAs cached_as)
      : files_(files),
        manifest_(manifest),
        directory_(directory),
        cached_as_(cached_as),
        next_generation_(next_generation) {}

  // Throws EngineError. After kFull nothing is left behind and it may be tried again; after
  // anything else the store must stop writing (Manifest).
  std::shared_ptr<Segment> Make(SegmentKind kind, uint64_t size) KVS_EXCLUDES(mutex_);

  // Keeps a segment that the manifest has left out, to make a new one of the same size of it when
  // its readers are gone; its file stays, unlisted. False, and nothing done, when there are enough.
  bool Recycle(std::shared_ptr<Segment> segment) KVS_EXCLUDES(mutex_);
  // Removes the files of those that are kept. Throws EngineError.
  void RemoveRecycled() KVS_EXCLUDES(mutex_);

 private:
  // More than can be wanted at once, by the writer and by compaction: they come in bursts, as the
  // syncs end that retirement waits for.
  static constexpr size_t kMostRecycled = 4;

  std::shared_ptr<Segment> TakeRecycled(uint64_t size) KVS_EXCLUDES(mutex_);
  void MakeAnew(Segment& segment, const SegmentHeader& header, uint64_t size);
  void MakeOf(Segment& segment, const SegmentHeader& header, Segment& recycled);

  FileSystem& files_;
  Manifest& manifest_;
  const std::filesystem::path directory_;
  const CachedAs cached_as_;
  std::atomic<uint64_t> next_generation_;
  Mutex mutex_;
  std::vector<std::shared_ptr<Segment>> recycled_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_SEGMENT_H_
