// The decoder of hint files (hint.h). An input is such a file.
#include "engines/log_store/hint.h"

#include <algorithm>
#include <cstring>

#include "tests/fuzz/fuzz_target.h"

namespace kvs {
namespace {

HintHeader HeaderOf(std::string_view file) {
  HintHeader header{};
  if (!file.empty()) std::memcpy(&header, file.data(), std::min(file.size(), sizeof header));
  return header;
}

void Test(std::string_view file) {
  const HintHeader header = HeaderOf(file);
  StoreId other = header.store;
  other[3] ^= 1;
  Require(DecodeHint(file, other, header.generation, header.end).empty(),
          "another store's is passed over");
  Require(DecodeHint(file, header.store, header.generation + 1, header.end).empty(),
          "another segment's is passed over");
  Require(DecodeHint(file, header.store, header.generation, header.end + 8).empty(),
          "one for another end is passed over");
  const std::span<const RecordNote> notes =
      DecodeHint(file, header.store, header.generation, header.end);
  if (notes.empty()) return;

  const char* const begin = reinterpret_cast<const char*>(notes.data());
  Require(begin == file.data() + sizeof header &&
              begin + notes.size_bytes() == file.data() + file.size(),
          "the notes are what is behind the header");
  uint64_t next = sizeof(SegmentHeader);
  for (const RecordNote& note : notes) {
    Require(note.offset * kRecordAlignment == next, "records lie one behind the other");
    Require(note.size * kRecordAlignment >= sizeof(RecordHeader), "a record has a header");
    Require(note.size * kRecordAlignment <= RecordSize(kMaxKeySize, kMaxValueSize),
            "a record is not longer than any can be");
    Require(note.type == static_cast<uint8_t>(RecordType::kValue) ||
                note.type == static_cast<uint8_t>(RecordType::kTombstone),
            "what is noted is a value or a tombstone");
    next += note.size * kRecordAlignment;
  }
  Require(next == header.end, "the end is that of the last record");

  const ExactCopy again(EncodeHint(header.store, header.generation, header.end, notes));
  const std::span<const RecordNote> read =
      DecodeHint(again.view(), header.store, header.generation, header.end);
  Require(read.size() == notes.size() &&
              std::memcmp(read.data(), notes.data(), notes.size_bytes()) == 0,
          "notes that are written again are the same");
}

void RepairChecks(char* file, size_t size) {
  HintHeader header = HeaderOf({file, size});
  std::memcpy(header.magic, kHintMagic, sizeof header.magic);
  header.version %= 3;
  header.count = (size - sizeof header) / sizeof(RecordNote);
  header.notes_check = ExtendCrc32c(0, file + sizeof header, size - sizeof header);
  header.check = ExtendCrc32c(0, &header, offsetof(HintHeader, check));
  std::memcpy(file, &header, sizeof header);
}

}  // namespace
}  // namespace kvs

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kvs::ExactCopy file({reinterpret_cast<const char*>(data), size});
  kvs::Test(file.view());
  if (size < sizeof(kvs::HintHeader)) return 0;
  kvs::RepairChecks(file.data(), size);
  kvs::Test(file.view());
  return 0;
}
