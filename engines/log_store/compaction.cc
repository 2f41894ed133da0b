// Compaction: the part of LogStore that gives back the space of records that nobody needs.
#include <algorithm>
#include <cassert>
#include <limits>

#include <fmt/format.h>

#include "engines/log_store/log_store.h"

namespace kvs {
namespace {

constexpr uint64_t kSmallLogSegments = 4;

}  // namespace

// A tombstone is needed while a segment that recovery would read may hold an older record of its
// key. Such a record is garbage, so: while some segment has garbage and a sequence number below the
// tombstone's. Segments that wait for their removal do not count: they leave the manifest in the
// order in which they were compacted, so before the tombstone's own.
LogStore::GarbageAge LogStore::AgeOfGarbage() const {
  GarbageAge age;
  const auto add = [&](const Segment& segment) {
    if (segment.min_sequence < age.oldest) {
      age = {&segment, segment.min_sequence, age.oldest};
    } else {
      age.second = std::min(age.second, segment.min_sequence);
    }
  };
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment != nullptr && !segment->retired && segment->DeadBytes() > 0) add(*segment);
  }
  return age;
}

uint64_t LogStore::ReclaimableBytes(const Segment& segment, const GarbageAge& age) {
  if (!segment.sealed || segment.retired) return 0;
  const bool drops_tombstones = segment.max_tombstone_sequence < age.Except(&segment);
  return segment.DeadBytes() + (drops_tombstones ? segment.tombstone_bytes : 0);
}

std::shared_ptr<Segment> LogStore::PickVictim() const {
  std::shared_ptr<Segment> victim;
  double best = 0;
  const GarbageAge age = AgeOfGarbage();
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment == nullptr) continue;
    const uint64_t gain = ReclaimableBytes(*segment, age);
    if (gain == 0) continue;
    // What a byte of copying frees. An empty victim costs nothing.
    const double part = static_cast<double>(gain) / static_cast<double>(segment->UsedBytes());
    if (part > best) {
      best = part;
      victim = segment;
    }
  }
  return victim;
}

void LogStore::UpdateCompactionDue() {
  uint64_t used = 0;
  uint64_t reclaimable = 0;
  const GarbageAge age = AgeOfGarbage();
  for (const std::shared_ptr<Segment>& segment : segments_) {
    if (segment == nullptr || segment->retired) continue;
    used += segment->UsedBytes();
    reclaimable += ReclaimableBytes(*segment, age);
  }
  const bool due = compaction_.victim != nullptr ||
                   (reclaimable > 0 && reclaimable * 100 >= used * options_.garbage_percent);
  // Half-way from what makes it due to a log of nothing but garbage, and never in a small log.
  const bool overdue = used > kSmallLogSegments * options_.segment_size &&
                       reclaimable * 200 >= used * (100 + options_.garbage_percent);
  compaction_overdue_.store(overdue, std::memory_order_relaxed);  // hints: nothing is read through
  const bool was_due = compaction_due_.exchange(due, std::memory_order_relaxed);
  if (due && !was_due && options_.compaction_became_due) options_.compaction_became_due();
}

void LogStore::PrepareCompaction(uint64_t bytes) {
  if (wanted_output_bytes_ != 0) MakeOutput();
  if (compaction_.victim != nullptr && moved_records_ == checked_records_.size()) {
    CheckRecords(bytes);
  }
}

void LogStore::MakeOutput() {
  if (prepared_output_ != nullptr) Unlist(prepared_output_);  // too small for the next record
  prepared_output_ = nullptr;
  prepared_output_ = MakeSegment(SegmentKind::kCompacted, wanted_output_bytes_);
  wanted_output_bytes_ = 0;
}

// Also what will not be moved: a damaged key would be taken for one that nobody needs.
void LogStore::CheckRecords(uint64_t bytes) {
  const Segment& victim = *compaction_.victim;
  checked_records_.clear();
  moved_records_ = 0;
  const uint64_t stop = std::min(victim.end, compaction_.offset + bytes);
  for (uint64_t offset = compaction_.offset; offset < stop;) {
    try {
      VerifyRecord(MakePosition(victim, offset), "compact");
    } catch (const EngineError& error) {
      RefuseWrites(error.what());
      throw;
    }
    const Record record(victim.At(offset));
    checked_records_.push_back({offset, Hash(record.Key())});
    index_.Prefetch(checked_records_.back().hash);
    offset += record.Size();
  }
}

void LogStore::CompactStep() {
  CheckWritable();
  if (compaction_.victim == nullptr) {
    UpdateCompactionDue();
    if (!CompactionDue()) return;
    const std::shared_ptr<Segment> victim = PickVictim();
    compaction_ = {.victim = victim,
                   .offset = sizeof(SegmentHeader),
                   .oldest_garbage = AgeOfGarbage().Except(victim.get())};
  }
  Segment& victim = *compaction_.victim;
  for (; moved_records_ < checked_records_.size(); ++moved_records_) {
    const CheckedRecord& checked = checked_records_[moved_records_];
    const uint64_t size = Record(victim.At(checked.offset)).Size();
    if (!MoveRecord(victim, checked)) return;  // PrepareCompaction is needed
    compaction_.offset = checked.offset + size;
  }
  if (compaction_.offset >= victim.end) FinishVictim();
}

// Copies one record, if it is needed, and re-points the index. Returns false when there is no
// segment to copy to.
bool LogStore::MoveRecord(Segment& victim, const CheckedRecord& checked) {
  const Record record(victim.At(checked.offset));
  const Position position = MakePosition(victim, checked.offset);
  const uint64_t hash = checked.hash;
  const std::string_view key = record.Key();
  const bool is_tombstone = record.GetShape().type == RecordType::kTombstone;
  const bool needed =
      is_tombstone ? TombstoneIsNeeded(record, hash)
                   : index_.Find(hash, [&](Position p) { return p == position; }) != kNoPosition;
  if (!needed) return true;
  const uint64_t size = record.Size();
  if (output_ == nullptr || !output_->HasRoom(size)) {
    if (prepared_output_ == nullptr || !prepared_output_->HasRoom(size)) {
      // Large enough for what is left of the victim and the next ones, but small in a small store.
      wanted_output_bytes_ = std::max(SegmentSizeFor(std::max(size, victim.live_bytes)),
                                      std::min(options_.segment_size, 2 * victim.end));
      return false;
    }
    if (output_ != nullptr) {
      output_->Seal();
      SubmitSync(output_);
    }
    output_ = std::move(prepared_output_);
    Enlist(output_);
  }
  const uint64_t copy = output_->Append(is_tombstone ? RecordType::kTombstone : RecordType::kValue,
                                        record.Sequence(), key, record.Value());
  if (options_.hooks.record_moved) [[unlikely]]
    options_.hooks.record_moved();
  if (is_tombstone) {
    output_->tombstone_bytes += size;
    victim.tombstone_bytes -= size;
    return true;
  }
  index_.Put(hash, MakePosition(*output_, copy), [&](Position p) { return p == position; });
  output_->live_bytes += size;
  victim.live_bytes -= size;
  return true;
}

bool LogStore::TombstoneIsNeeded(const Record& record, uint64_t hash) const {
  // What was garbage for this key when the compaction began still is, unless its file is gone.
  if (record.Sequence() < compaction_.oldest_garbage) return false;
  // If the key was written again, that record rules out the older ones, and will be on the device
  // before this one goes (invariant 7).
  const std::string_view key = record.Key();
  return index_.Find(hash, [&](Position p) { return HasKey(p, key); }) == kNoPosition;
}

void LogStore::FinishVictim() {
  std::shared_ptr<Segment> victim = std::move(compaction_.victim);
  compaction_ = {};
  ++compacted_segments_;
  victim->retired = true;
  SubmitRemoval(victim);
  const auto release = [this, victim](void*) {
    segments_[victim->number] = nullptr;
    // Else the background may still read it, for its hint, and guards it afterwards.
    if (victim->removed.load(std::memory_order_acquire)) {  // partner: SubmitRemoval
      victim->mapping->Poison();
    }
    victim->readers_gone.store(true, std::memory_order_release);  // partner: SegmentMaker (2)
  };
  if (options_.unlocked_readers) {
    // Readers may still hold positions in it: number and mapping are free when they are gone. The
    // release happens inside a later Retire or Reclaim, hence by the writer.
    epochs_.Retire(std::shared_ptr<void>(nullptr, release));
  } else {
    release(nullptr);
  }
  UpdateCompactionDue();
}

// In the background: everything that replaces the victim's records is put on the device, then the
// victim leaves the manifest, then the directory, or is kept to be made a new segment of. Segments
// sealed earlier are synced by earlier tasks.
void LogStore::SubmitRemoval(std::shared_ptr<Segment> victim) {
  struct Sync {
    std::shared_ptr<Segment> segment;
    uint64_t size;
  };
  std::vector<Sync> syncs;
  for (const std::shared_ptr<Segment>& segment : {output_, active_}) {
    if (segment != nullptr) syncs.push_back({segment, segment->end});
  }
  syncing_.Submit([this, victim, syncs] {
    if (refuses_writes_.load(std::memory_order_relaxed)) return;  // see RefuseWrites
    to_remove_.push_back(victim);
    try {
      for (const Sync& sync : syncs) sync.segment->Sync();
      manifest_->Update([&](ManifestEntries& entries) {
        for (const Sync& sync : syncs) {
          entries.at(sync.segment->generation).synced_size = sync.size;
        }
        for (const auto& segment : to_remove_) entries.erase(segment->generation);
      });
      for (; !to_remove_.empty(); to_remove_.pop_back()) {
        const std::shared_ptr<Segment>& segment = to_remove_.back();
        RemoveHint(segment->generation);
        if (segment->readers_gone.load(std::memory_order_acquire)) {  // partner: FinishVictim
          segment->mapping->Poison();
        }
        // One that is smaller than segments are now will not be wanted again.
        const bool is_recycled =
            segment->mapping->size() == options_.segment_size && maker_->Recycle(segment);
        if (!is_recycled) files_->Remove(segment->file->path());
        // Partner: FinishVictim.
        segment->removed.store(true, std::memory_order_release);
      }
    } catch (const EngineError& error) {
      // Without room for a manifest they stay listed, and the next removal takes them along.
      if (error.kind() != ErrorKind::kFull) RefuseWrites(error.what());
    }
  });
}

}  // namespace kvs
