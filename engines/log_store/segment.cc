#include "engines/log_store/segment.h"

#include <cassert>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "engines/engine.h"

namespace kvs {
namespace {

constexpr std::string_view kSegmentSuffix = ".log";
constexpr size_t kDigits = 16;

// Takes memory that will soon be written into the cache: the writer would wait for it under the
// lock. A hint: it may lie behind the mapping. The rest of much the processor fetches by itself.
void FetchAhead(const char* data, size_t size) {
  constexpr size_t kMost = 2048;
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < std::min(size, kMost); at += kLine) {
    __builtin_prefetch(data + at, /*for writing*/ 1);
  }
}

}  // namespace

uint64_t Segment::Append(RecordType type, uint64_t sequence, std::string_view key,
                         std::string_view value) {
  const uint64_t size = RecordSize(key.size(), value.size());
  assert(!sealed && HasRoom(size));
  const uint64_t offset = end;
  WriteRecord(mapping->data() + offset, binding.At(offset), type, sequence, key, value);
  end += size;
  FetchAhead(mapping->data() + end + size, size);  // for the record after the next one
  min_sequence = std::min(min_sequence, sequence);
  if (type == RecordType::kTombstone) {
    max_tombstone_sequence = std::max(max_tombstone_sequence, sequence);
  }
  return offset;
}

void Segment::Seal() {
  assert(!sealed);
  WriteRecord(mapping->data() + end, binding.At(end), RecordType::kSeal, 0, {}, {});
  sealed = true;
}

void Segment::Sync() {
  const MutexLock lock(sync_mutex);
  if (sync_has_failed) {
    throw EngineError(ErrorKind::kIo, "log store", "fdatasync", file->path(),
                      "an earlier one of this file failed");
  }
  sync_has_failed = true;
  file->Sync();
  sync_has_failed = false;
}

std::string SegmentFileName(uint64_t generation) {
  return GenerationFileName(generation, kSegmentSuffix);
}

bool ParseSegmentFileName(std::string_view name, uint64_t& generation) {
  return ParseGenerationFileName(name, kSegmentSuffix, generation);
}

std::string GenerationFileName(uint64_t generation, std::string_view suffix) {
  return fmt::format("{:0{}}{}", generation, kDigits, suffix);
}

bool ParseGenerationFileName(std::string_view name, std::string_view suffix, uint64_t& generation) {
  if (name.size() != kDigits + suffix.size() || !name.ends_with(suffix)) return false;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, generation);
  return error == std::errc() && end == name.data() + kDigits;
}

std::shared_ptr<Segment> SegmentMaker::Make(SegmentKind kind, uint64_t size) {
  auto segment = std::make_shared<Segment>();
  segment->generation = next_generation_.fetch_add(1, std::memory_order_relaxed);  // a counter only
  segment->kind = kind;
  segment->binding = CheckBinding(manifest_.store(), segment->generation);
  const SegmentHeader header = MakeSegmentHeader(manifest_.store(), segment->generation, kind);
  try {
    if (const std::shared_ptr<Segment> recycled = TakeRecycled(size)) {
      MakeOf(*segment, header, *recycled);
    } else {
      MakeAnew(*segment, header, size);
    }
    files_.SyncDirectory(directory_);  // a manifest must never list a name that may get lost
    manifest_.Update([&](ManifestEntries& entries) {
      entries[segment->generation] = {
          .kind = kind, .synced_size = sizeof(SegmentHeader), .sealed = false};
    });
  } catch (const EngineError& error) {
    // Gives back what was allocated. After any other failure the file may be listed.
    if (error.kind() == ErrorKind::kFull && segment->file != nullptr) {
      files_.Remove(segment->file->path());
    }
    throw;
  }
  return segment;
}

void SegmentMaker::MakeAnew(Segment& segment, const SegmentHeader& header, uint64_t size) {
  segment.file = files_.Create(directory_ / SegmentFileName(segment.generation));
  segment.file->Append({reinterpret_cast<const char*>(&header), sizeof header});
  // The header must be on the device. The zeros behind it need not, unless each record is to be
  // flushed by itself: a sync makes the kernel notice the next write to each page by a fault.
  if (cached_as_ == CachedAs::kHugePieces) segment.file->Sync();
  segment.file->Allocate(size, cached_as_);
  segment.mapping = segment.file->Map(size, /*writable=*/true, /*prefault=*/true);
  if (cached_as_ == CachedAs::kSmallPieces) segment.file->Sync();
}

void SegmentMaker::MakeOf(Segment& segment, const SegmentHeader& header, Segment& recycled) {
  const std::filesystem::path path = directory_ / SegmentFileName(segment.generation);
  const std::filesystem::path old_path = directory_ / SegmentFileName(recycled.generation);
  try {
    files_.Rename(old_path, path);
  } catch (const EngineError& error) {
    if (error.kind() == ErrorKind::kFull) files_.Remove(old_path);
    throw;
  }
  segment.file = files_.Open(path);
  segment.mapping = std::move(recycled.mapping);
  segment.mapping->Unpoison();
  std::memcpy(segment.mapping->data(), &header, sizeof header);
  segment.file->Sync();
}

bool SegmentMaker::Recycle(std::shared_ptr<Segment> segment) {
  const MutexLock lock(mutex_);
  if (recycled_.size() == kMostRecycled) return false;
  recycled_.push_back(std::move(segment));
  return true;
}

std::shared_ptr<Segment> SegmentMaker::TakeRecycled(uint64_t size) {
  const MutexLock lock(mutex_);
  const auto fits = [size](const std::shared_ptr<Segment>& segment) {
    return segment->mapping->size() == size &&
           segment->readers_gone.load(std::memory_order_acquire);  // (2)
  };
  const auto found = std::find_if(recycled_.begin(), recycled_.end(), fits);
  if (found == recycled_.end()) return nullptr;
  std::shared_ptr<Segment> segment = std::move(*found);
  recycled_.erase(found);
  return segment;
}

void SegmentMaker::RemoveRecycled() {
  const MutexLock lock(mutex_);
  for (const std::shared_ptr<Segment>& segment : recycled_) {
    files_.Remove(directory_ / SegmentFileName(segment->generation));
  }
  recycled_.clear();
}

}  // namespace kvs
