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
// Afterwards every segment is cut to what holds, synced, and sealed in the manifest, before the
// first new write. A process that dies in here leaves what the next recovery understands alike.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "engines/log_store/log_store.h"

namespace kvs {
namespace {

[[noreturn]] void ThrowDamage(std::string_view engine, const std::filesystem::path& path,
                              uint64_t offset, std::string_view reason) {
  throw EngineError(ErrorKind::kCorruption, engine, "open", path,
                    fmt::format("offset {}: {}", offset, reason));
}

void CheckSegmentHeader(std::string_view engine, const std::filesystem::path& path,
                        std::string_view data, const StoreId& store, uint64_t generation,
                        SegmentKind kind) {
  SegmentHeader header;
  std::memcpy(&header, data.data(), sizeof header);
  // Magic and check value stay where they are in every version, so that damage is not taken for
  // one.
  if (std::memcmp(header.magic, kSegmentMagic, sizeof header.magic) != 0 ||
      header.check != ExtendCrc32c(0, &header, offsetof(SegmentHeader, check))) {
    ThrowDamage(engine, path, 0, "the segment's header does not match its check value");
  }
  if (header.version > kLogFormatVersion) {
    throw EngineError(ErrorKind::kForeignStore, engine, "open", path,
                      fmt::format("the segment has format version {}, this build reads up to {}; "
                                  "use a newer kvs-bench",
                                  header.version, kLogFormatVersion));
  }
  if (header.store != store) {
    throw EngineError(ErrorKind::kForeignStore, engine, "open", path,
                      fmt::format("the segment belongs to the store {}, not to {}",
                                  ToHex(header.store), ToHex(store)));
  }
  if (header.generation != generation || header.kind != kind) {
    ThrowDamage(
        engine, path, 0,
        fmt::format("the segment has generation {} and kind {}, the manifest says {} and {}",
                    header.generation, static_cast<unsigned>(header.kind), generation,
                    static_cast<unsigned>(kind)));
  }
}

struct ScanResult {
  uint64_t end;         // where the last valid record ends
  bool is_whole;        // nothing can be missing behind `end`
  std::string problem;  // why the scan ended there, when it is not whole
};

// Walks the records of `data`, of which `limit` bytes may be used.
ScanResult ScanRecords(std::string_view data, const CheckBinding& binding, uint64_t limit,
                       bool ends_at_limit) {
  uint64_t offset = sizeof(SegmentHeader);
  while (true) {
    if (ends_at_limit && offset == limit) return {offset, true, ""};
    if (offset + sizeof(RecordHeader) > limit) return {offset, false, "the record is cut off"};
    const Record record(data.data() + offset);
    const uint32_t expected = binding.At(offset);
    if (!record.HeaderIsValid(expected)) {
      return {offset, false, "the record's header does not match its check value"};
    }
    const uint64_t size = record.Size();
    if (size > limit - offset) return {offset, false, "the record is cut off"};
    if (!record.PayloadIsValid(expected)) {
      return {offset, false, "the record's key and value do not match their check value"};
    }
    if (record.GetShape().type == RecordType::kSeal) return {offset, true, ""};
    offset += size;
  }
}

}  // namespace

void LogStore::Recover() {
  const std::filesystem::path& directory = options_.directory;
  if (files_->Exists(directory / Manifest::kFileName)) {
    manifest_ = Manifest::Load(*files_, directory, options_.engine);
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

  ManifestEntries kept;
  std::vector<Position> tombstones;
  bool suffix_is_lost = false;
  for (const auto& [generation, entry] : listed) {
    bool is_whole = true;
    if (suffix_is_lost && entry.kind == SegmentKind::kWrites) {
      if (entry.synced_size <= sizeof(SegmentHeader)) continue;
      ThrowDamage(options_.engine, directory / SegmentFileName(generation), 0,
                  "the segment was synced, but an earlier one ends before its seal");
    }
    const std::shared_ptr<Segment> segment = RecoverSegment(generation, entry, is_whole);
    if (entry.kind == SegmentKind::kWrites && !is_whole) suffix_is_lost = true;
    if (segment == nullptr) continue;
    kept[generation] = {.kind = entry.kind, .synced_size = segment->end, .sealed = true};
    Enlist(segment);
    IndexRecovered(*segment, tombstones);
  }
  DropTombstones(tombstones);
  if (kept != listed) {
    manifest_->Update([&](ManifestEntries& entries) { entries = kept; });
    RemoveStrayFiles(kept);
  }
  maker_ = std::make_unique<SegmentMaker>(
      *files_, *manifest_, directory, manifest_->NextGeneration(),
      options_.durability == Durability::kSync ? CachedAs::kSmallPieces : CachedAs::kHugePieces);
  UpdateCompactionDue();
}

// Removes what an interrupted process left: segments that are not listed, an unfinished manifest.
void LogStore::RemoveStrayFiles(const ManifestEntries& entries) {
  for (const std::string& name : files_->List(options_.directory)) {
    uint64_t generation = 0;
    const bool is_stray_segment =
        ParseSegmentFileName(name, generation) && !entries.contains(generation);
    if (is_stray_segment || name == Manifest::kUnfinishedFileName) {
      files_->Remove(options_.directory / name);
    }
  }
}

// Returns null when the segment holds no record. `is_whole`: see ScanResult.
std::shared_ptr<Segment> LogStore::RecoverSegment(uint64_t generation, const ManifestEntry& entry,
                                                  bool& is_whole) {
  auto segment = std::make_shared<Segment>();
  segment->generation = generation;
  segment->kind = entry.kind;
  segment->binding = CheckBinding(manifest_->store(), generation);
  const std::filesystem::path path = options_.directory / SegmentFileName(generation);
  if (!files_->Exists(path)) {
    ThrowDamage(options_.engine, path, 0, "the file is missing, though the manifest lists it");
  }
  segment->file = files_->Open(path);
  const uint64_t file_size = segment->file->Size();
  if (file_size < std::max(entry.synced_size, sizeof(SegmentHeader))) {
    ThrowDamage(options_.engine, path, file_size,
                fmt::format("the file ends here, though {} bytes were synced", entry.synced_size));
  }
  const bool ends_at_synced = entry.sealed || entry.kind == SegmentKind::kCompacted;
  ScanResult scan;
  {
    const std::unique_ptr<Mapping> mapping =
        segment->file->Map(file_size, /*writable=*/false, /*prefault=*/false);
    const std::string_view data(mapping->data(), mapping->size());
    CheckSegmentHeader(options_.engine, path, data, manifest_->store(), generation, entry.kind);
    scan = ScanRecords(data, segment->binding, ends_at_synced ? entry.synced_size : file_size,
                       ends_at_synced);
  }
  const bool is_damaged = ends_at_synced ? !scan.is_whole : scan.end < entry.synced_size;
  if (is_damaged) ThrowDamage(options_.engine, path, scan.end, scan.problem);
  is_whole = scan.is_whole;
  if (scan.end == sizeof(SegmentHeader)) return nullptr;
  // A seal stays in the file until the manifest says the same. Were it cut off before, a process
  // that died in between would leave a segment that looks torn, and the next recovery would drop
  // the later ones.
  const bool ends_at_seal = !ends_at_synced && scan.is_whole;
  const uint64_t file_end = scan.end + (ends_at_seal ? sizeof(RecordHeader) : 0);
  if (file_size > file_end) segment->file->Truncate(file_end);
  if (!entry.sealed) segment->file->Sync();
  segment->mapping = segment->file->Map(scan.end, /*writable=*/false, /*prefault=*/false);
  segment->end = scan.end;
  segment->sealed = true;
  return segment;
}

// Until DropTombstones the index holds tombstones like values, so that they win over older ones.
void LogStore::IndexRecovered(Segment& segment, std::vector<Position>& tombstones) {
  for (uint64_t offset = sizeof(SegmentHeader); offset < segment.end;) {
    const Record record(segment.At(offset));
    const Position position = MakePosition(segment, offset);
    const uint64_t size = record.Size();
    const uint64_t sequence = record.Sequence();
    const bool is_tombstone = record.GetShape().type == RecordType::kTombstone;
    offset += size;
    next_sequence_ = std::max(next_sequence_, sequence + 1);
    segment.min_sequence = std::min(segment.min_sequence, sequence);
    if (is_tombstone) {
      segment.tombstone_bytes += size;
      segment.max_tombstone_sequence = std::max(segment.max_tombstone_sequence, sequence);
    }
    const std::string_view key = record.Key();
    const uint64_t hash = Hash(key);
    const Position old = index_.Find(hash, [&](Position p) { return HasKey(p, key); });
    if (old != kNoPosition) {
      const Record other = RecordAt(old);
      if (other.Sequence() >= sequence) continue;
      if (other.GetShape().type == RecordType::kValue) {
        SegmentOf(old).live_bytes -= other.Size();
      }
    }
    index_.Put(hash, position, [&](Position p) { return p == old; });
    if (is_tombstone) {
      tombstones.push_back(position);
    } else {
      segment.live_bytes += size;
    }
  }
}

void LogStore::DropTombstones(const std::vector<Position>& tombstones) {
  for (const Position position : tombstones) {
    index_.Remove(Hash(RecordAt(position).Key()), [&](Position p) { return p == position; });
  }
}

}  // namespace kvs
