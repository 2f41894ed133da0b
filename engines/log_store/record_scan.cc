#include "engines/log_store/record_scan.h"

#include <cstddef>
#include <cstring>

#include <fmt/format.h>

#include "engines/engine.h"

namespace kvs {
namespace {

// Whether this version writes records with such a header: a check value says that it is what was
// written, not by whom.
bool IsPossible(const RecordHeader& header) {
  if (header.reserved != 0) return false;
  switch (header.type) {
    case RecordType::kValue:
      return header.value_size <= kMaxValueSize;
    case RecordType::kTombstone:
      return header.value_size == 0;
    case RecordType::kSeal:
      return header.sequence == 0 && header.key_size == 0 && header.value_size == 0;
  }
  return false;
}

RecordNote NoteOf(const Record& record, uint64_t hash, uint64_t offset) {
  return {.hash = hash,
          .sequence = record.Sequence(),
          .offset = static_cast<uint32_t>(offset / kRecordAlignment),
          .size = static_cast<uint32_t>(record.Size() / kRecordAlignment) & 0xffffff,
          .type = static_cast<uint8_t>(record.GetShape().type)};
}

}  // namespace

void ThrowDamage(std::string_view engine, const std::filesystem::path& path, uint64_t offset,
                 std::string_view reason) {
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
  if (header.version == 0) ThrowDamage(engine, path, 0, "the segment has format version 0");
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

ScanResult ScanRecords(std::string_view data, const CheckBinding& binding, uint64_t limit,
                       bool ends_at_limit, uint64_t (*hash_of)(std::string_view),
                       std::vector<RecordNote>& notes) {
  uint64_t offset = sizeof(SegmentHeader);
  while (true) {
    if (ends_at_limit && offset == limit) return {offset, true, false, ""};
    if (offset + sizeof(RecordHeader) > limit) {
      return {offset, false, false, "the record is cut off"};
    }
    const Record record(data.data() + offset);
    const uint32_t expected = binding.At(offset);
    if (!record.HeaderIsValid(expected)) {
      return {offset, false, false, "the record's header does not match its check value"};
    }
    if (!IsPossible(record.Header())) {
      return {offset, false, false, "the record's header is of no record of this version"};
    }
    const uint64_t size = record.Size();
    if (size > limit - offset) return {offset, false, false, "the record is cut off"};
    if (!record.PayloadIsValid(expected)) {
      return {offset, false, false, "the record's key and value do not match their check value"};
    }
    if (record.GetShape().type == RecordType::kSeal) {
      if (ends_at_limit) return {offset, false, false, "a seal stands before the segment's end"};
      return {offset, true, true, ""};
    }
    notes.push_back(NoteOf(record, hash_of(record.Key()), offset));
    offset += size;
  }
}

}  // namespace kvs
