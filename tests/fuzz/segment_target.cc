// The decoder of segment files (record_scan.h). An input is such a file.
#include <algorithm>
#include <cstring>
#include <span>

#include "engines/engine.h"
#include "engines/log_store/record_scan.h"
#include "tests/fuzz/fuzz_target.h"

namespace kvs {
namespace {

struct Scan {
  ScanResult result;
  std::vector<RecordNote> notes;
};

uint64_t HashOf(std::string_view key) {  // FNV-1a
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

SegmentHeader HeaderOf(std::string_view file) {
  SegmentHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

bool SameNotes(std::span<const RecordNote> a, std::span<const RecordNote> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RecordNote& x, const RecordNote& y) {
                      return x.hash == y.hash && x.sequence == y.sequence && x.offset == y.offset &&
                             x.size == y.size && x.type == y.type;
                    });
}

bool IsAccepted(std::string_view file, const StoreId& store, uint64_t generation,
                SegmentKind kind) {
  try {
    CheckSegmentHeader("test", "segment", file, store, generation, kind);
    return true;
  } catch (const EngineError& error) {
    Require(error.kind() == ErrorKind::kCorruption || error.kind() == ErrorKind::kForeignStore,
            "a refused header is damaged or foreign");
    return false;
  }
}

void TestHeader(std::string_view file) {
  const SegmentHeader header = HeaderOf(file);
  StoreId other = header.store;
  other[3] ^= 1;
  Require(!IsAccepted(file, other, header.generation, header.kind), "another store's is refused");
  Require(!IsAccepted(file, header.store, header.generation + 1, header.kind),
          "another generation's is refused");
  for (const SegmentKind kind : {SegmentKind::kWrites, SegmentKind::kCompacted}) {
    if (!IsAccepted(file, header.store, header.generation, kind)) continue;
    Require(header.version == kLogFormatVersion, "a header that is accepted has a known version");
    Require(header.kind == kind, "a header that is accepted is of the kind asked for");
  }
}

// Bytes behind the limit are not there. Nor are any behind `file`, which is a copy as well.
Scan ScanUpTo(std::string_view file, uint64_t limit, bool ends_at_limit) {
  const SegmentHeader header = HeaderOf(file);
  const CheckBinding binding(header.store, header.generation);
  Scan scan;
  const auto run = [&](std::string_view data) {
    scan.result = ScanRecords(data, binding, limit, ends_at_limit, HashOf, scan.notes);
  };
  if (limit == file.size()) {
    run(file);
  } else {
    run(ExactCopy(file.substr(0, limit)).view());
  }
  return scan;
}

void TestRecord(std::string_view file, const CheckBinding& binding, const RecordNote& note) {
  const Record record(file.data() + note.offset * kRecordAlignment);
  Require(note.size * kRecordAlignment == record.Size(), "a note has the record's size");
  Require(note.hash == HashOf(record.Key()), "a note has the key's hash");
  Require(note.sequence == record.Sequence(), "a note has the record's sequence");
  const RecordType type = record.GetShape().type;
  Require(note.type == static_cast<uint8_t>(type), "a note has the record's type");
  Require(type == RecordType::kValue || type == RecordType::kTombstone,
          "what is noted is a value or a tombstone");
  Require(record.Value().size() <= kMaxValueSize, "a value is not longer than any can be");
  Require(type == RecordType::kValue || record.Value().empty(), "a tombstone has no value");

  std::vector<char> again(record.Size());
  const uint32_t expected = binding.At(note.offset * kRecordAlignment);
  WriteRecord(again.data(), expected, type, record.Sequence(), record.Key(), record.Value());
  const Record written(again.data());
  Require(written.HeaderIsValid(expected) && written.PayloadIsValid(expected) &&
              written.Sequence() == record.Sequence() && written.GetShape().type == type &&
              written.Key() == record.Key() && written.Value() == record.Value(),
          "a record that is written again is the same");
}

void TestScan(std::string_view file, uint64_t limit) {
  const SegmentHeader header = HeaderOf(file);
  const Scan scan = ScanUpTo(file, limit, /*ends_at_limit=*/false);
  const uint64_t end = scan.result.end;
  Require(end >= sizeof(SegmentHeader) && end <= std::max(limit, sizeof(SegmentHeader)),
          "the end is inside the limit");
  Require(scan.result.is_whole == scan.result.has_seal, "without a limit only a seal ends it");
  Require(scan.result.is_whole == scan.result.problem.empty(), "what is not whole has a reason");
  uint64_t next = sizeof(SegmentHeader);
  for (const RecordNote& note : scan.notes) {
    Require(note.offset * kRecordAlignment == next, "records lie one behind the other");
    next += note.size * kRecordAlignment;
    Require(note.size > 0 && next <= end, "records lie before the end");
    if (limit == file.size()) TestRecord(file, CheckBinding(header.store, header.generation), note);
  }
  Require(next == end, "the end is that of the last record");

  // Once more, with the end known, as of a sealed segment.
  const Scan sealed = ScanUpTo(file, end, /*ends_at_limit=*/true);
  Require(sealed.result.is_whole && !sealed.result.has_seal && sealed.result.end == end &&
              SameNotes(sealed.notes, scan.notes),
          "up to its end a segment is whole");
  for (const uint64_t wrong : {end - 1, end + sizeof(RecordHeader), limit}) {
    if (wrong > limit || wrong == end) continue;
    Require(!ScanUpTo(file, wrong, /*ends_at_limit=*/true).result.is_whole,
            "up to any other place a segment is not whole");
  }

  const std::string hint = EncodeHint(header.store, header.generation, end, scan.notes);
  Require(SameNotes(DecodeHint(hint, header.store, header.generation, end), scan.notes),
          "the hint says what the segment does");
}

void Test(std::string_view file) {
  TestHeader(file);
  const uint64_t some = HashOf(file) % (file.size() + 1);
  for (const uint64_t limit : {uint64_t{0}, some, uint64_t{file.size()}}) TestScan(file, limit);
}

void RepairChecks(char* file, size_t size) {
  SegmentHeader header = HeaderOf({file, size});
  std::memcpy(header.magic, kSegmentMagic, sizeof header.magic);
  header.version %= 3;
  header.check = ExtendCrc32c(0, &header, offsetof(SegmentHeader, check));
  std::memcpy(file, &header, sizeof header);

  const CheckBinding binding(header.store, header.generation);
  for (size_t offset = sizeof header; size - offset >= sizeof(RecordHeader);) {
    const Record record(file + offset);
    const size_t record_size = record.Size();
    if (record_size > size - offset) return;
    RecordHeader fixed = record.Header();
    const uint32_t expected = binding.At(offset);
    fixed.payload_check = ExtendCrc32c(expected, record.KeyData(), record_size - sizeof fixed);
    constexpr size_t kCheckSize = sizeof fixed.header_check;
    fixed.header_check = ExtendCrc32c(expected, reinterpret_cast<const char*>(&fixed) + kCheckSize,
                                      sizeof fixed - kCheckSize);
    std::memcpy(file + offset, &fixed, sizeof fixed);
    offset += record_size;
  }
}

}  // namespace
}  // namespace kvs

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < sizeof(kvs::SegmentHeader)) return 0;  // refused before anything is decoded
  kvs::ExactCopy file({reinterpret_cast<const char*>(data), size});
  kvs::Test(file.view());
  kvs::RepairChecks(file.data(), size);
  kvs::Test(file.view());
  return 0;
}
