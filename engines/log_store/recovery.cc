// Recovery: the part of LogStore that makes a store of what is on the disk.
//
// Every record of every listed segment is read and checked; of two records of a key the one with
// the higher sequence number holds, so the order of reading does not matter. What may be found
// where:
//
//   before a segment's synced size    Only valid records. Anything else is damage: kCorruption.
//   sealed in the manifest            The segment ends at its synced size.
//   compacted, not sealed             It ends at its synced size, too: what it repeats beyond
//                                     is still in the segments that it was moved from.
//   writes, not sealed                It ends at its seal record, or, when the process or the
//                                     machine died, at the first record that does not check out.
//                                     All later segments of writes are then dropped, so that what a
//                                     power loss takes (`none` and `process`) is a suffix of the
//                                     writes.
//
// Afterwards every segment is cut to what holds, written again where it may not be on the device,
// synced, and sealed in the manifest, before the first new write. What is readable may have been
// lost by a failed sync: the kernel keeps such pages, and takes them for written.
//
// The work is done by several threads: first segment by segment, to a note of each record; then
// shard by shard of the index, from the notes of that shard in all segments. A sealed segment with
// a hint file (hint.h) is not read at all: its notes are in the hint.
#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "engines/log_store/hint.h"
#include "engines/log_store/log_store.h"
#include "engines/log_store/record_scan.h"

namespace kvs {
namespace {

// Calls work(worker, i) for every i below `count`, on up to `threads` threads; `worker` is below
// `threads`. `work` must not throw.
template <typename Work>
void ForEachInParallel(size_t count, unsigned threads, Work work) {
  std::atomic<size_t> next{0};
  const auto run = [&](unsigned worker) {
    // Relaxed: a counter only; the joins hand over what was done.
    for (size_t i; (i = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(worker, i);
  };
  std::vector<std::thread> others;
  try {
    for (unsigned worker = 1; worker < std::min<size_t>(threads, count); ++worker) {
      others.emplace_back(run, worker);
    }
  } catch (const std::system_error&) {
    // No more threads are to be had: those that there are do all of it.
  }
  run(0);
  for (std::thread& other : others) other.join();
}

// Threads cost more than they bring in a log smaller than this.
constexpr uint64_t kSmallLogBytes = 4 << 20;
constexpr unsigned kMaxThreads = 16;

unsigned RecoveryThreads(const ManifestEntries& listed, uint64_t segment_size) {
  uint64_t bytes = 0;
  for (const auto& [generation, entry] : listed) {
    bytes += entry.sealed ? entry.synced_size : segment_size;
  }
  if (bytes < kSmallLogBytes) return 1;
  return std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
}

}  // namespace

// What was found in a listed segment.
struct LogStore::SegmentScan {
  uint64_t generation = 0;
  ManifestEntry entry;
  // Null when it could not be scanned: the reason is met again, by who needs it.
  std::shared_ptr<Segment> segment;
  uint64_t file_size = 0;
  bool is_whole = true;  // these two: see ScanResult
  bool has_seal = false;
  bool has_hint = false;
  uint64_t max_sequence = 0;
  std::vector<RecordNote> notes;     // by shard
  std::vector<size_t> shard_begins;  // in `notes`, and the end of the last one

  std::span<const RecordNote> NotesOf(size_t shard) const {
    return {notes.data() + shard_begins[shard], notes.data() + shard_begins[shard + 1]};
  }
};

void LogStore::Recover() {
  const std::filesystem::path& directory = options_.directory;
  if (files_->Exists(directory / Manifest::kFileName)) {
    manifest_ = Manifest::Load(*files_, directory, options_.engine);
    // The process may have died between the renaming of this manifest and the sync of that. The
    // device may then still have the one before, by which nothing may be cut off or removed.
    files_->SyncDirectory(directory);
  } else {
    // A store's manifest comes before its first segment.
    for (const std::string& name : files_->List(directory)) {
      uint64_t generation = 0;
      if (!ParseSegmentFileName(name, generation)) continue;
      ThrowDamage(options_.engine, directory / Manifest::kFileName, 0,
                  fmt::format("the file is missing, though there is a segment {}", name));
    }
    manifest_ = Manifest::Create(*files_, directory, NewStoreId(options_.engine));
  }
  const ManifestEntries listed = manifest_->Entries();
  RemoveStrayFiles(listed);
  const unsigned threads = RecoveryThreads(listed, options_.segment_size);

  std::vector<SegmentScan> scans;
  for (const auto& [generation, entry] : listed) {
    SegmentScan& scan = scans.emplace_back();
    scan.generation = generation;
    scan.entry = entry;
  }
  ForEachInParallel(scans.size(), threads, [&](unsigned, size_t i) {
    try {
      ScanSegment(scans[i]);
    } catch (const std::exception&) {
      scans[i].segment = nullptr;
    }
  });
  ManifestEntries kept;
  std::vector<SegmentScan> adopted;
  bool suffix_is_lost = false;
  for (SegmentScan& scan : scans) {
    if (suffix_is_lost && scan.entry.kind == SegmentKind::kWrites) {
      if (scan.entry.synced_size <= sizeof(SegmentHeader)) continue;
      ThrowDamage(options_.engine, directory / SegmentFileName(scan.generation), 0,
                  "the segment was synced, but an earlier one ends before its seal");
    }
    if (scan.segment == nullptr) ScanSegment(scan);
    if (scan.entry.kind == SegmentKind::kWrites && !scan.is_whole) suffix_is_lost = true;
    if (scan.segment->end == sizeof(SegmentHeader)) continue;
    Adopt(scan);
    kept[scan.generation] = {
        .kind = scan.entry.kind, .synced_size = scan.segment->end, .sealed = true};
    adopted.push_back(std::move(scan));
  }
  FillIndex(adopted, threads);
  if (kept != listed) {
    manifest_->Update([&](ManifestEntries& entries) { entries = kept; });
    RemoveStrayFiles(kept);
  }
  maker_ = std::make_unique<SegmentMaker>(
      *files_, *manifest_, directory, manifest_->NextGeneration(),
      options_.durability == Durability::kSync ? CachedAs::kSmallPieces : CachedAs::kHugePieces);
  UpdateCompactionDue();
  for (const SegmentScan& scan : adopted) {
    if (scan.has_hint) {
      ++segments_from_hints_;
      scan.segment->file->Close();
    } else {
      SubmitHint(scan.segment);
    }
  }
}

// Removes what an interrupted process left: files of segments that are not listed, an unfinished
// manifest.
void LogStore::RemoveStrayFiles(const ManifestEntries& entries) {
  for (const std::string& name : files_->List(options_.directory)) {
    uint64_t generation = 0;
    const bool is_stray =
        (ParseSegmentFileName(name, generation) || ParseHintFileName(name, generation)) &&
        !entries.contains(generation);
    if (is_stray || name == Manifest::kUnfinishedFileName) {
      files_->Remove(options_.directory / name);
    }
  }
}

// Reads the segment or its hint; changes nothing. Beside others of its kind.
void LogStore::ScanSegment(SegmentScan& scan) const {
  const ManifestEntry& entry = scan.entry;
  auto segment = std::make_shared<Segment>();
  segment->generation = scan.generation;
  segment->kind = entry.kind;
  segment->binding = CheckBinding(manifest_->store(), scan.generation);
  const std::filesystem::path path = options_.directory / SegmentFileName(scan.generation);
  if (!files_->Exists(path)) {
    ThrowDamage(options_.engine, path, 0, "the file is missing, though the manifest lists it");
  }
  segment->file = files_->Open(path);
  scan.file_size = segment->file->Size();
  if (scan.file_size < std::max(entry.synced_size, sizeof(SegmentHeader))) {
    ThrowDamage(options_.engine, path, scan.file_size,
                fmt::format("the file ends here, though {} bytes were synced", entry.synced_size));
  }
  const bool ends_at_synced = entry.sealed || entry.kind == SegmentKind::kCompacted;
  const std::unique_ptr<Mapping> mapping =
      segment->file->Map(scan.file_size, /*writable=*/false, /*prefault=*/false);
  const std::string_view data(mapping->data(), mapping->size());
  CheckSegmentHeader(options_.engine, path, data, manifest_->store(), scan.generation, entry.kind);
  std::vector<RecordNote> notes;
  scan.has_hint = entry.sealed && ReadHint(scan.generation, entry.synced_size, notes);
  if (scan.has_hint) {
    segment->end = entry.synced_size;
  } else {
    const ScanResult found =
        ScanRecords(data, segment->binding, ends_at_synced ? entry.synced_size : scan.file_size,
                    ends_at_synced, Hash, notes);
    const bool is_damaged = ends_at_synced ? !found.is_whole : found.end < entry.synced_size;
    if (is_damaged) ThrowDamage(options_.engine, path, found.end, found.problem);
    segment->end = found.end;
    scan.is_whole = found.is_whole;
    scan.has_seal = found.has_seal;
  }
  segment->sealed = true;

  // By shard, as FillIndex takes them.
  scan.shard_begins.assign(index_.shards() + 1, 0);
  for (const RecordNote& note : notes) ++scan.shard_begins[index_.ShardOf(note.hash) + 1];
  for (size_t shard = 0; shard < index_.shards(); ++shard) {
    scan.shard_begins[shard + 1] += scan.shard_begins[shard];
  }
  std::vector<size_t> next(scan.shard_begins.begin(), scan.shard_begins.end() - 1);
  scan.notes.resize(notes.size());
  for (const RecordNote& note : notes) {
    scan.notes[next[index_.ShardOf(note.hash)]++] = note;
    scan.max_sequence = std::max(scan.max_sequence, note.sequence);
    segment->min_sequence = std::min(segment->min_sequence, note.sequence);
    if (note.type == static_cast<uint8_t>(RecordType::kTombstone)) {
      segment->tombstone_bytes += note.size * kRecordAlignment;
      segment->max_tombstone_sequence = std::max(segment->max_tombstone_sequence, note.sequence);
    }
  }
  scan.segment = std::move(segment);
}

bool LogStore::ReadHint(uint64_t generation, uint64_t end, std::vector<RecordNote>& notes) const {
  if (!options_.hints) return false;
  const std::filesystem::path path = options_.directory / HintFileName(generation);
  if (!files_->Exists(path)) return false;
  const std::unique_ptr<File> file = files_->Open(path);
  const uint64_t size = file->Size();
  if (size == 0) return false;  // cannot be mapped
  const std::unique_ptr<Mapping> mapping = file->Map(size, /*writable=*/false, /*prefault=*/false);
  const std::span<const RecordNote> found =
      DecodeHint({mapping->data(), mapping->size()}, manifest_->store(), generation, end);
  notes.assign(found.begin(), found.end());
  return !notes.empty();
}

// Makes the scanned segment one of the store's.
void LogStore::Adopt(SegmentScan& scan) {
  Segment& segment = *scan.segment;
  // The seal stays until the manifest says as much: if this recovery is interrupted, the next one
  // would take the segment for torn, and drop the writes of the later ones.
  const uint64_t used = segment.end + (scan.has_seal ? sizeof(RecordHeader) : 0);
  if (scan.file_size > used) segment.file->Truncate(used);
  if (!scan.entry.sealed) {
    if (used > scan.entry.synced_size) segment.file->Rewrite(scan.entry.synced_size, used);
    segment.file->Sync();
  }
  segment.mapping = segment.file->Map(segment.end, /*writable=*/false, /*prefault=*/false);
  next_sequence_ = std::max(next_sequence_, scan.max_sequence + 1);
  Enlist(scan.segment);
}

void LogStore::FillIndex(const std::vector<SegmentScan>& scans, unsigned threads) {
  // Of each thread, by scan: a segment's live bytes are found shard by shard.
  std::vector<std::vector<uint64_t>> live_bytes(threads, std::vector<uint64_t>(scans.size()));
  ForEachInParallel(index_.shards(), threads, [&](unsigned worker, size_t shard) {
    FillShard(scans, shard, live_bytes[worker]);
  });
  for (size_t i = 0; i < scans.size(); ++i) {
    for (const std::vector<uint64_t>& bytes : live_bytes) scans[i].segment->live_bytes += bytes[i];
  }
}

// Of two records of a key the one with the higher sequence number holds.
void LogStore::FillShard(const std::vector<SegmentScan>& scans, size_t shard,
                         std::vector<uint64_t>& live_bytes) {
  struct Newest {
    const RecordNote* note;
    size_t scan;
  };
  size_t notes = 0;
  for (const SegmentScan& scan : scans) notes += scan.NotesOf(shard).size();
  const auto position_of = [&](const Newest& record) {
    return MakePosition(*scans[record.scan].segment, record.note->offset * kRecordAlignment);
  };
  // An open-addressing table of numbers in `keys`, from the whole hash.
  constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
  std::vector<uint32_t> table(std::bit_ceil(2 * notes + 1), kNone);
  std::vector<Newest> keys;
  keys.reserve(notes);
  const size_t mask = table.size() - 1;
  for (size_t i = 0; i < scans.size(); ++i) {
    for (const RecordNote& note : scans[i].NotesOf(shard)) {
      const Newest record{&note, i};
      for (size_t at = note.hash & mask;; at = (at + 1) & mask) {
        if (table[at] == kNone) {
          table[at] = static_cast<uint32_t>(keys.size());
          keys.push_back(record);
          break;
        }
        Newest& other = keys[table[at]];
        if (other.note->hash != note.hash ||
            !HasKey(position_of(other), RecordAt(position_of(record)).Key())) {
          continue;
        }
        if (note.sequence > other.note->sequence) other = record;
        break;
      }
    }
  }
  std::vector<Index::Entry> entries;
  entries.reserve(keys.size());
  for (const Newest& record : keys) {
    if (record.note->type != static_cast<uint8_t>(RecordType::kValue)) continue;
    entries.push_back({record.note->hash, position_of(record)});
    live_bytes[record.scan] += record.note->size * kRecordAlignment;
  }
  index_.FillShard(shard, entries);
}

// In the background, behind the segment's sync and before its removal.
void LogStore::SubmitHint(std::shared_ptr<Segment> segment) {
  syncing_.Submit([this, segment, end = segment->end] {
    WriteHint(*segment, end);
    segment->file->Close();
  });
}

// A failure costs the next start-up some time and nothing else.
void LogStore::WriteHint(const Segment& segment, uint64_t end) {
  if (!options_.hints || end == sizeof(SegmentHeader)) return;
  const std::filesystem::path path = options_.directory / HintFileName(segment.generation);
  try {
    std::vector<RecordNote> notes;
    const std::string_view data(segment.mapping->data(), end);
    const ScanResult found = ScanRecords(data, segment.binding, end, true, Hash, notes);
    if (!found.is_whole) return;  // damage: for who reads the records to report
    const std::unique_ptr<File> file = files_->Create(path);
    file->Append(EncodeHint(manifest_->store(), segment.generation, end, notes));
  } catch (const EngineError&) {
    RemoveHint(segment.generation);
  }
}

void LogStore::RemoveHint(uint64_t generation) {
  const std::filesystem::path path = options_.directory / HintFileName(generation);
  try {
    if (files_->Exists(path)) files_->Remove(path);
  } catch (const EngineError&) {
    // It is not listed, or does not check out: the next open passes it over or removes it.
  }
}

}  // namespace kvs
