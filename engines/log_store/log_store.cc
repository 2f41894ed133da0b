#include "engines/log_store/log_store.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <new>

#include <fmt/format.h>

namespace kvs {
namespace {

// The first segment after an open is this much smaller than a full-grown one, and each next one
// kSegmentGrowth times larger: a small store stays small on disk, and an open is quick.
constexpr uint64_t kFirstSegmentFraction = 16;
constexpr uint64_t kSegmentGrowth = 4;
constexpr uint64_t kSmallestFirstSegment = 64 * 1024;
// With this part of a segment filled, or this many bytes, the next one is made: early, as it may
// take longer than to fill this one, and not at once, so that a store of little data stays small.
constexpr uint64_t kSpareFraction = 8;
constexpr uint64_t kSpareBytes = uint64_t{1} << 20;

}  // namespace

// Zeros from the system, so that what is never used is never touched.
LogStore::MappedSegment* LogStore::NewSegmentTable() {
  void* const table = std::calloc(kMaxSegments, sizeof(MappedSegment));
  if (table == nullptr) throw std::bad_alloc();
  return static_cast<MappedSegment*>(table);
}

LogStore::LogStore(LogStoreOptions options)
    : options_(std::move(options)),
      mapped_(NewSegmentTable()),
      index_(
          options_.shard_bits, [this](Position p) { return Hash(RecordAt(p).Key()); },
          [this](Position p) { PrefetchRecord(p); },
          [this](std::shared_ptr<void> table) {
            if (options_.unlocked_readers) epochs_.Retire(std::move(table));
          }),
      claim_(options_.engine, options_.directory,
             {.name = kLogFormatName, .version = kLogFormatVersion}),
      files_(options_.files != nullptr ? options_.files : PosixFileSystem(options_.engine)) {
  // Never reallocated: readers that verify look into it beside the writer, who adds to it.
  segments_.reserve(kMaxSegments);
  next_segment_size_ =
      std::min(options_.segment_size,
               std::max(options_.segment_size / kFirstSegmentFraction, kSmallestFirstSegment));
  Recover();
  if (options_.ordered) BuildOrder();
}

LogStore::~LogStore() {
  preparing_.Drain();
  syncing_.Drain();
  epochs_.Reclaim();  // no reader is left, so this releases everything
  if (refuses_writes_.load(std::memory_order_relaxed)) return;  // the threads have finished
  try {
    CloseLog();
  } catch (const EngineError&) {
    // The log is as a crash would leave it, which the next open can read.
  }
}

void LogStore::MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                        std::span<bool> found) const {
  constexpr size_t kInFlight = 16;
  std::array<uint64_t, kInFlight> hashes;
  for (size_t begin = 0; begin < keys.size(); begin += kInFlight) {
    const size_t count = std::min(kInFlight, keys.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = Hash(keys[begin + i]);
      index_.Prefetch(hashes[i]);
    }
    for (size_t i = 0; i < count; ++i) {
      const Position candidate = index_.Candidate(hashes[i]);
      if (candidate != kNoPosition) PrefetchRecord(candidate);
    }
    for (size_t i = 0; i < count; ++i) {
      found[begin + i] = GetHashed(hashes[i], keys[begin + i], values[begin + i]);
    }
  }
}

size_t LogStore::Scan(std::string_view start, size_t limit, const ScanVisitor& visit) const {
  size_t visited = 0;
  std::string next;
  while (!ScanPart(start, limit, visit, visited, next)) start = next;
  return visited;
}

bool LogStore::ScanPart(std::string_view start, size_t limit, const ScanVisitor& visit,
                        size_t& visited, std::string& next) const {
  constexpr size_t kInFlight = 16;
  std::array<std::string_view, kInFlight> keys;
  std::array<uint64_t, kInFlight> hashes;
  OrderedIndex::Cursor cursor(*order_, start);
  size_t reached = 0;
  size_t count = 0;
  while (visited < limit) {
    if (reached >= kScanPartKeys) {
      next.assign(keys[count - 1]);
      next.push_back('\0');  // the first key after it
      return false;
    }
    const size_t wanted = std::min(kInFlight, limit - visited);
    count = 0;
    while (count < wanted && cursor.Next(keys[count])) {
      hashes[count] = Hash(keys[count]);
      index_.Prefetch(hashes[count]);
      ++count;
    }
    for (size_t i = 0; i < count; ++i) {
      const Position candidate = index_.Candidate(hashes[i]);
      if (candidate != kNoPosition) PrefetchRecord(candidate);
    }
    for (size_t i = 0; i < count; ++i) {
      const Position position =
          index_.Find(hashes[i], [&](Position p) { return HasKey(p, keys[i]); });
      if (position == kNoPosition) continue;  // being inserted, or removed meanwhile
      const std::string_view value = ValueAt(position, "scan");
      ++visited;
      visit(keys[i], value);
    }
    if (count < wanted) break;  // there are no more
    reached += count;
  }
  return true;
}

LogStore::Appended LogStore::Append(RecordType type, std::string_view key, std::string_view value) {
  CheckWritable();
  const uint64_t hash = Hash(key);
  if (!PutsLater()) index_.Prefetch(hash);
  const uint64_t size = RecordSize(key.size(), value.size());
  if (active_ == nullptr || !active_->HasRoom(size)) [[unlikely]]
    BeginSegment(size);
  const uint64_t offset = active_->Append(type, next_sequence_++, key, value);
  (type == RecordType::kTombstone ? active_->tombstone_bytes : active_->live_bytes) += size;
  if (active_->end >= spare_wanted_at_) [[unlikely]]
    RequestSpare();
  if (options_.hooks.record_appended) [[unlikely]]
    options_.hooks.record_appended();
  return {hash, MakePosition(*active_, offset), type};
}

bool LogStore::Publish(const Appended& appended) {
  if (appended.type == RecordType::kTombstone) {
    PutPending();
    return RemoveKey(appended);
  }
  if (!PutsLater()) {
    Put(appended.hash, appended.position);
    return false;
  }
  if (!index_.TakesLater(appended.hash)) PutPending();
  index_.PutLater(appended.hash, appended.position);
  return false;
}

void LogStore::PutPending() {
  index_.FetchPending();
  while (!index_.pending().empty()) {
    const auto [hash, position] = index_.pending().front();
    Put(hash, position);
    if (options_.hooks.entry_put) [[unlikely]]
      options_.hooks.entry_put();
    index_.DropFirstPending();
  }
}

void LogStore::Put(uint64_t hash, Position position) {
  const std::string_view key = RecordAt(position).Key();
  const Position old = index_.Put(
      hash, position, [&](Position p) { return HasKey(p, key); },
      [&] {
        if (order_ != nullptr) order_->Insert(key);  // invariant 5
      });
  if (old != kNoPosition) SegmentOf(old).live_bytes -= RecordAt(old).Size();
}

bool LogStore::RemoveKey(const Appended& tombstone) {
  const std::string_view key = RecordAt(tombstone.position).Key();
  const Position old = index_.Remove(tombstone.hash, [&](Position p) { return HasKey(p, key); });
  if (old == kNoPosition) return false;
  if (order_ != nullptr) [[unlikely]]
    order_->Remove(key);  // invariant 5
  SegmentOf(old).live_bytes -= RecordAt(old).Size();
  return true;
}

bool LogStore::Write(RecordType type, std::string_view key, std::string_view value) {
  CheckWritable();
  if (type == RecordType::kTombstone && !Contains(key)) return false;
  const Appended appended = Append(type, key, value);
  if (options_.durability == Durability::kSync) {
    try {
      active_->Sync();
    } catch (const EngineError& error) {
      RefuseWrites(error.what());
      throw;
    }
  }
  return Publish(appended);
}

bool LogStore::Contains(std::string_view key) const {
  return index_.Find(Hash(key), [&](Position p) { return HasKey(p, key); }) != kNoPosition;
}

void LogStore::BuildOrder() {
  order_ = std::make_unique<OrderedIndex>(
      [this](std::shared_ptr<void> nodes) {
        if (options_.unlocked_readers) epochs_.Retire(std::move(nodes));
      },
      options_.hooks.order_changes);
  // Enough to overlap the misses.
  constexpr size_t kLookahead = 16;
  const std::vector<Position> positions = index_.Positions();
  std::vector<std::string_view> keys;
  keys.reserve(positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    if (i + kLookahead < positions.size()) PrefetchRecord(positions[i + kLookahead]);
    keys.push_back(RecordAt(positions[i]).Key());
  }
  order_->Build(std::move(keys));
}

void LogStore::VerifyRecord(Position position, std::string_view operation) const {
  const Segment& segment = SegmentOf(position);
  const uint64_t offset = OffsetOf(position);
  const Record record = RecordAt(position);
  const uint32_t binding = segment.binding.At(offset);
  if (record.HeaderIsValid(binding) && record.PayloadIsValid(binding)) return;
  ThrowDamaged(position, operation);
}

void LogStore::ThrowDamaged(Position position, std::string_view operation) const {
  throw EngineError(
      ErrorKind::kCorruption, options_.engine, operation, SegmentOf(position).file->path(),
      fmt::format("offset {}: the record does not match its check values", OffsetOf(position)));
}

void LogStore::RefuseWrites(std::string_view reason) {
  const MutexLock lock(failure_mutex_);
  if (failure_.empty()) failure_ = reason;
  // Relaxed suffices: who reads true reads the reason under the mutex.
  refuses_writes_.store(true, std::memory_order_relaxed);
}

void LogStore::ThrowRefusal() const {
  const MutexLock lock(failure_mutex_);
  throw EngineError(ErrorKind::kIo, options_.engine, "write", options_.directory,
                    fmt::format("writes are refused until the store is reopened, because of an "
                                "earlier failure: {}",
                                failure_));
}

void LogStore::BeginSegment(uint64_t record_size) {
  PutPending();  // invariant 6
  std::shared_ptr<Segment> next = TakeSpare(record_size);
  CheckWritable();
  if (next == nullptr) next = MakeSegment(SegmentKind::kWrites, NextSegmentSize(record_size));
  try {
    Enlist(next);
  } catch (const EngineError&) {
    Unlist(next);
    throw;
  }
  if (active_ != nullptr) SealActive();
  active_ = std::move(next);
  spare_wanted_at_ = std::min(active_->mapping->size() / kSpareFraction, kSpareBytes);
  UpdateCompactionDue();
}

// Any thread.
std::shared_ptr<Segment> LogStore::MakeSegment(SegmentKind kind, uint64_t size) {
  try {
    return maker_->Make(kind, size);
  } catch (const EngineError& error) {
    if (error.kind() != ErrorKind::kFull) RefuseWrites(error.what());
    throw;
  }
}

uint64_t LogStore::NextSegmentSize(uint64_t record_size) {
  const uint64_t size = std::max(next_segment_size_, SegmentSizeFor(record_size));
  next_segment_size_ = std::min(options_.segment_size, next_segment_size_ * kSegmentGrowth);
  return size;
}

void LogStore::RequestSpare() {
  spare_wanted_at_ = std::numeric_limits<uint64_t>::max();
  if (spare_.valid()) return;
  auto task = std::make_shared<std::packaged_task<std::shared_ptr<Segment>()>>(
      [this, size = NextSegmentSize(0)]() -> std::shared_ptr<Segment> {
        try {
          return MakeSegment(SegmentKind::kWrites, size);
        } catch (const EngineError&) {
          return nullptr;  // the writer meets it: writes are refused, or the disk still full
        }
      });
  spare_ = task->get_future();
  preparing_.Submit([task] { (*task)(); });
}

std::shared_ptr<Segment> LogStore::TakeSpare(uint64_t record_size) {
  if (!spare_.valid()) return nullptr;
  std::shared_ptr<Segment> spare = spare_.get();
  if (spare == nullptr || spare->HasRoom(record_size)) return spare;
  // Too small for this one record. Generations grow along the log, so it cannot be kept for later.
  Unlist(spare);
  return nullptr;
}

void LogStore::SealActive() {
  active_->Seal();
  if (options_.durability == Durability::kSync) {
    // Every record is on the device, but the seal must be too before anything follows: without it
    // the segment would look torn and recovery would drop what comes after.
    try {
      active_->Sync();
    } catch (const EngineError& error) {
      RefuseWrites(error.what());
      throw;
    }
  }
  SubmitSync(active_);
}

void LogStore::SubmitSync(std::shared_ptr<Segment> segment) {
  // What the task may claim to have synced is what there is now.
  const uint64_t size = segment->end;
  const bool sealed = segment->sealed;
  syncing_.Submit([this, segment, size, sealed] {
    if (refuses_writes_.load(std::memory_order_relaxed)) return;  // see RefuseWrites
    try {
      segment->Sync();
      manifest_->Update([&](ManifestEntries& entries) {
        ManifestEntry& entry = entries.at(segment->generation);
        entry.synced_size = size;
        entry.sealed = sealed;
      });
      if (sealed) {
        WriteHint(*segment, size);
        segment->file->Close();
      }
    } catch (const EngineError& error) {
      // With no room for a manifest the segment is synced all the same, and merely not known to be.
      if (error.kind() != ErrorKind::kFull) RefuseWrites(error.what());
    }
  });
}

void LogStore::Enlist(const std::shared_ptr<Segment>& segment) {
  size_t number = 0;
  while (number < segments_.size() && segments_[number] != nullptr) ++number;
  if (number == kMaxSegments) {
    throw EngineError(ErrorKind::kFull, options_.engine, "write", options_.directory,
                      fmt::format("the log has {} segments, the most there can be; use a larger "
                                  "segment_size",
                                  kMaxSegments));
  }
  if (number == segments_.size()) segments_.emplace_back();
  segment->number = static_cast<uint16_t>(number);
  segments_[number] = segment;
  mapped_[number].size.store(segment->mapping->size(), std::memory_order_relaxed);  // before (1)
  mapped_[number].data.store(segment->mapping->data(), std::memory_order_release);  // (1)
}

void LogStore::Unlist(const std::shared_ptr<Segment>& segment) {
  try {
    manifest_->Update([&](ManifestEntries& entries) { entries.erase(segment->generation); });
    files_->Remove(segment->file->path());
  } catch (const EngineError& error) {
    // The writes of a later segment must not follow an empty one that is still listed: a full disk
    // is forgiven for compaction's segments only, which have no order.
    if (error.kind() != ErrorKind::kFull || segment->kind == SegmentKind::kWrites) {
      RefuseWrites(error.what());
    }
    throw;
  }
}

void LogStore::SyncInBackground() {
  if (active_ != nullptr) SubmitSync(active_);
}

void LogStore::WaitForBackground() {
  preparing_.Drain();
  syncing_.Drain();
}

LogStoreStatistics LogStore::Statistics() {
  PutPending();
  LogStoreStatistics statistics;
  statistics.keys = index_.size();
  statistics.index_bytes = index_.memory_bytes();
  if (order_ != nullptr) statistics.ordered_index_bytes = order_->memory_bytes();
  statistics.compacted_segments = compacted_segments_;
  statistics.segments_from_hints = segments_from_hints_;
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment == nullptr || segment->retired) continue;
    ++statistics.segments;
    statistics.log_bytes += segment->UsedBytes();
    statistics.garbage_bytes += segment->DeadBytes();
  }
  return statistics;
}

void LogStore::CloseLog() {
  const std::shared_ptr<Segment> spare = spare_.valid() ? spare_.get() : nullptr;
  std::vector<std::shared_ptr<Segment>> open;
  for (const std::shared_ptr<Segment>& segment : {active_, output_}) {
    if (segment != nullptr) open.push_back(segment);
  }
  for (const std::shared_ptr<Segment>& segment : open) segment->Sync();
  std::vector<std::shared_ptr<Segment>> empty;
  if (prepared_output_ != nullptr) empty.push_back(prepared_output_);
  if (spare != nullptr) empty.push_back(spare);
  manifest_->Update([&](ManifestEntries& entries) {
    // All of them: of one that was sealed while the disk was full the manifest does not know yet,
    // and its seal is about to be cut off.
    for (const std::shared_ptr<Segment>& segment : segments_) {
      if (segment == nullptr || segment->retired) continue;
      entries[segment->generation].synced_size = segment->end;
      entries[segment->generation].sealed = true;
    }
    for (const std::shared_ptr<Segment>& segment : empty) entries.erase(segment->generation);
  });
  for (const std::shared_ptr<Segment>& segment : empty) files_->Remove(segment->file->path());
  maker_->RemoveRecycled();
  for (const std::shared_ptr<Segment>& segment : open) WriteHint(*segment, segment->end);
  // Nothing reads any more: give back what was allocated and not used.
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment == nullptr || segment->mapping->size() <= segment->end) continue;
    segment->mapping.reset();
    files_->Open(segment->file->path())->Truncate(segment->end);
  }
}

}  // namespace kvs
