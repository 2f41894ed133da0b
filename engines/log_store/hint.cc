#include "engines/log_store/hint.h"

#include <cstddef>
#include <cstring>

#include "engines/log_store/segment.h"

namespace kvs {
namespace {

constexpr std::string_view kHintSuffix = ".hint";

// Whether there are such records.
bool IsPossible(const RecordNote& note) {
  constexpr size_t kMinSize = RecordSize(0, 0) / kRecordAlignment;
  constexpr size_t kMaxSize = RecordSize(kMaxKeySize, kMaxValueSize) / kRecordAlignment;
  return note.size >= kMinSize && note.size <= kMaxSize &&
         (note.type == static_cast<uint8_t>(RecordType::kValue) ||
          note.type == static_cast<uint8_t>(RecordType::kTombstone));
}

// Whether the notes tell of records that lie one behind the other from the header to `end`.
bool AreConsistent(std::span<const RecordNote> notes, uint64_t end) {
  uint64_t offset = sizeof(SegmentHeader) / kRecordAlignment;
  for (const RecordNote& note : notes) {
    if (note.offset != offset || !IsPossible(note)) return false;
    offset += note.size;
  }
  return offset * kRecordAlignment == end;
}

}  // namespace

std::string HintFileName(uint64_t generation) {
  return GenerationFileName(generation, kHintSuffix);
}

bool ParseHintFileName(std::string_view name, uint64_t& generation) {
  return ParseGenerationFileName(name, kHintSuffix, generation);
}

std::string EncodeHint(const StoreId& store, uint64_t generation, uint64_t end,
                       std::span<const RecordNote> notes) {
  HintHeader header{};
  std::memcpy(header.magic, kHintMagic, sizeof header.magic);
  header.version = kLogFormatVersion;
  header.notes_check = ExtendCrc32c(0, notes.data(), notes.size_bytes());
  header.store = store;
  header.generation = generation;
  header.end = end;
  header.count = notes.size();
  header.check = ExtendCrc32c(0, &header, offsetof(HintHeader, check));
  std::string data;
  data.reserve(sizeof header + notes.size_bytes());
  data.append(reinterpret_cast<const char*>(&header), sizeof header);
  data.append(reinterpret_cast<const char*>(notes.data()), notes.size_bytes());
  return data;
}

std::span<const RecordNote> DecodeHint(std::string_view data, const StoreId& store,
                                       uint64_t generation, uint64_t end) {
  HintHeader header;
  if (data.size() < sizeof header) return {};
  std::memcpy(&header, data.data(), sizeof header);
  if (std::memcmp(header.magic, kHintMagic, sizeof header.magic) != 0 ||
      header.check != ExtendCrc32c(0, &header, offsetof(HintHeader, check)) ||
      header.version != kLogFormatVersion || header.store != store ||
      header.generation != generation || header.end != end) {
    return {};
  }
  data.remove_prefix(sizeof header);
  if (data.size() % sizeof(RecordNote) != 0 || data.size() / sizeof(RecordNote) != header.count ||
      header.notes_check != ExtendCrc32c(0, data.data(), data.size())) {
    return {};
  }
  const std::span<const RecordNote> notes(reinterpret_cast<const RecordNote*>(data.data()),
                                          header.count);
  return AreConsistent(notes, end) ? notes : std::span<const RecordNote>();
}

}  // namespace kvs
