// The decoder of segments on bytes that no damage makes of a store's own: their check values are
// right, and yet no store of this version wrote them. tests/fuzz/ looks for more.
#include "engines/log_store/record_scan.h"

#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engines/engine.h"

namespace kvs {
namespace {

using ::testing::HasSubstr;

// A segment in memory.
class SegmentBytes {
 public:
  SegmentBytes() {
    const SegmentHeader header = MakeSegmentHeader(kStore, kGeneration, SegmentKind::kWrites);
    bytes_.assign(reinterpret_cast<const char*>(&header), sizeof header);
  }

  void Append(RecordType type, uint64_t sequence, std::string_view key, std::string_view value) {
    const uint64_t offset = bytes_.size();
    bytes_.resize(offset + RecordSize(key.size(), value.size()));
    WriteRecord(bytes_.data() + offset, binding_.At(offset), type, sequence, key, value);
  }

  // A header whose check value is right, and nothing behind it.
  void AppendHeader(RecordHeader header) {
    const uint32_t binding = binding_.At(bytes_.size());
    header.payload_check = binding;  // of no bytes
    header.header_check =
        ExtendCrc32c(binding, reinterpret_cast<const char*>(&header) + sizeof header.header_check,
                     sizeof header - sizeof header.header_check);
    bytes_.append(reinterpret_cast<const char*>(&header), sizeof header);
  }

  ScanResult Scan(bool ends_at_limit) {
    notes_.clear();
    return ScanRecords(
        bytes_, binding_, bytes_.size(), ends_at_limit,
        [](std::string_view key) { return uint64_t{key.size()}; }, notes_);
  }

  uint64_t size() const { return bytes_.size(); }
  const std::vector<RecordNote>& notes() const { return notes_; }

  static constexpr StoreId kStore{7};
  static constexpr uint64_t kGeneration = 3;

 private:
  const CheckBinding binding_{kStore, kGeneration};
  std::string bytes_;
  std::vector<RecordNote> notes_;
};

TEST(RecordScanTest, NotesValuesAndTombstonesUpToTheSeal) {
  SegmentBytes segment;
  segment.Append(RecordType::kValue, 4, "key", "value");
  segment.Append(RecordType::kTombstone, 5, "", "");
  const uint64_t end = segment.size();
  EXPECT_TRUE(segment.Scan(/*ends_at_limit=*/true).is_whole);
  EXPECT_FALSE(segment.Scan(/*ends_at_limit=*/false).is_whole);
  segment.Append(RecordType::kSeal, 0, "", "");
  const ScanResult found = segment.Scan(/*ends_at_limit=*/false);
  EXPECT_TRUE(found.is_whole);
  EXPECT_TRUE(found.has_seal);
  EXPECT_EQ(found.end, end);
  ASSERT_EQ(segment.notes().size(), 2u);
  EXPECT_EQ(segment.notes()[0].hash, 3u);
  EXPECT_EQ(segment.notes()[1].sequence, 5u);
  EXPECT_EQ(segment.notes()[1].type, static_cast<uint8_t>(RecordType::kTombstone));
}

TEST(RecordScanTest, ARecordThatNoStoreWritesIsNotTaken) {
  const auto header = [](unsigned type, uint64_t sequence, uint32_t value_size, uint16_t key_size,
                         uint8_t reserved) {
    return RecordHeader{.header_check = 0,
                        .payload_check = 0,
                        .sequence = sequence,
                        .value_size = value_size,
                        .key_size = key_size,
                        .type = static_cast<RecordType>(type),
                        .reserved = reserved};
  };
  const RecordHeader wrong[] = {
      header(0, 1, 0, 0, 0),
      header(4, 1, 0, 0, 0),
      header(1, 1, 0, 0, 1),                  // reserved
      header(1, 1, kMaxValueSize + 1, 0, 0),  // more than a note can tell
      header(2, 1, 1, 0, 0),                  // a tombstone with a value
      header(3, 1, 0, 0, 0),                  // seals with something in them
      header(3, 0, 1, 0, 0),
      header(3, 0, 0, 1, 0),
  };
  for (const RecordHeader& record : wrong) {
    for (const bool ends_at_limit : {true, false}) {
      SegmentBytes segment;
      segment.Append(RecordType::kValue, 1, "key", "value");
      const uint64_t end = segment.size();
      segment.AppendHeader(record);
      const ScanResult found = segment.Scan(ends_at_limit);
      EXPECT_FALSE(found.is_whole);
      EXPECT_EQ(found.end, end);
      EXPECT_THAT(found.problem, HasSubstr("of no record of this version"));
    }
  }
}

TEST(RecordScanTest, ASealInsideASealedSegmentIsDamage) {
  SegmentBytes segment;
  segment.Append(RecordType::kValue, 1, "key", "value");
  segment.Append(RecordType::kSeal, 0, "", "");
  segment.Append(RecordType::kValue, 2, "key", "lost");
  const ScanResult found = segment.Scan(/*ends_at_limit=*/true);
  EXPECT_FALSE(found.is_whole);
  EXPECT_THAT(found.problem, HasSubstr("a seal stands before"));
}

TEST(RecordScanTest, ThereIsNoVersionZero) {
  SegmentHeader header =
      MakeSegmentHeader(SegmentBytes::kStore, SegmentBytes::kGeneration, SegmentKind::kWrites);
  header.version = 0;
  header.check = ExtendCrc32c(0, &header, offsetof(SegmentHeader, check));
  try {
    CheckSegmentHeader("test", "segment", {reinterpret_cast<const char*>(&header), sizeof header},
                       SegmentBytes::kStore, SegmentBytes::kGeneration, SegmentKind::kWrites);
    FAIL() << "accepted";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorruption);
    EXPECT_THAT(error.what(), HasSubstr("segment: offset 0: "));
  }
}

}  // namespace
}  // namespace kvs
