// The bytes of a segment file: its header and its records. docs/log-format.md draws them.
//
// Integers are little-endian, as on every machine this builds for.
#ifndef KVS_ENGINES_LOG_STORE_FORMAT_H_
#define KVS_ENGINES_LOG_STORE_FORMAT_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engines/log_store/crc32c.h"

namespace kvs {

static_assert(std::endian::native == std::endian::little);

inline constexpr unsigned kLogFormatVersion = 1;
inline constexpr std::string_view kLogFormatName = "log-structured store";

// A random name given to a store at birth. It is in every file, so that a file that strayed in
// from another store is not taken for ours.
using StoreId = std::array<unsigned char, 16>;

// "00112233..." and back. ParseStoreId returns false on anything but 32 hexadecimal digits.
std::string ToHex(const StoreId& id);
bool ParseStoreId(std::string_view text, StoreId& id);

// Who fills a segment.
enum class SegmentKind : uint32_t {
  kWrites = 1,     // users' writes, in the order of their sequence numbers
  kCompacted = 2,  // records that compaction moved, in any order
};

struct SegmentHeader {
  char magic[8];
  uint32_t version;
  SegmentKind kind;
  StoreId store;
  uint64_t generation;  // never given twice in a store; also the file's name
  uint64_t reserved[2];
  uint32_t reserved2;
  uint32_t check;  // CRC-32C of the bytes before
};
static_assert(sizeof(SegmentHeader) == 64);

inline constexpr char kSegmentMagic[8] = {'K', 'V', 'S', 'L', 'O', 'G', '\r', '\n'};

SegmentHeader MakeSegmentHeader(const StoreId& store, uint64_t generation, SegmentKind kind);

enum class RecordType : uint8_t {
  kValue = 1,
  kTombstone = 2,  // the key was removed
  kSeal = 3,       // nothing follows in this segment
};

// Stands before key, value and up to 7 zero bytes that align the next record to 8 bytes.
struct RecordHeader {
  uint32_t header_check;   // CRC-32C of the binding and of the rest of this header
  uint32_t payload_check;  // CRC-32C of the binding and of what follows, padding included
  uint64_t sequence;       // the order of writes: of two records of a key the higher one holds
  uint32_t value_size;
  uint16_t key_size;
  RecordType type;
  uint8_t reserved;
};
static_assert(sizeof(RecordHeader) == 24);

inline constexpr size_t kRecordAlignment = 8;
inline constexpr size_t kMaxKeySize = 65535;
inline constexpr size_t kMaxValueSize = size_t{16} << 20;

// Bytes that a record takes in the log.
constexpr size_t RecordSize(size_t key_size, size_t value_size) {
  return (sizeof(RecordHeader) + key_size + value_size + kRecordAlignment - 1) &
         ~(kRecordAlignment - 1);
}

// What binds check values to one place of one segment of one store, so that neither a record of a
// recycled file nor one that was written to the wrong place is taken for valid.
class CheckBinding {
 public:
  CheckBinding() = default;
  CheckBinding(const StoreId& store, uint64_t generation)
      : state_(ExtendCrc32c(ExtendCrc32c(0, store.data(), store.size()), &generation,
                            sizeof generation)) {}
  uint32_t At(uint64_t offset) const { return ExtendCrc32c(state_, &offset, sizeof offset); }

 private:
  uint32_t state_ = 0;
};

// A record in memory. Borrows the bytes.
class Record {
 public:
  explicit Record(const char* data) : data_(data) {}

  RecordHeader Header() const {
    RecordHeader header;
    std::memcpy(&header, data_, sizeof header);
    return header;
  }
  // Key size, value size and type, in one load.
  struct Shape {
    uint32_t value_size;
    uint16_t key_size;
    RecordType type;
    uint8_t reserved;
  };
  Shape GetShape() const {
    Shape shape;
    std::memcpy(&shape, data_ + offsetof(RecordHeader, value_size), sizeof shape);
    return shape;
  }
  uint64_t Sequence() const {
    uint64_t sequence;
    std::memcpy(&sequence, data_ + offsetof(RecordHeader, sequence), sizeof sequence);
    return sequence;
  }
  const char* KeyData() const { return data_ + sizeof(RecordHeader); }
  std::string_view Key() const { return {KeyData(), GetShape().key_size}; }
  std::string_view Value() const {
    const Shape shape = GetShape();
    return {KeyData() + shape.key_size, shape.value_size};
  }
  size_t Size() const {
    const Shape shape = GetShape();
    return RecordSize(shape.key_size, shape.value_size);
  }

  // Whether the header is one that was written here. Needs sizeof(RecordHeader) readable bytes.
  bool HeaderIsValid(uint32_t binding) const;
  // Whether key, value and padding are what was written. Needs Size() readable bytes.
  bool PayloadIsValid(uint32_t binding) const;

 private:
  const char* data_;
};

// Writes a record to `out`, which has room for RecordSize() bytes.
void WriteRecord(char* out, uint32_t binding, RecordType type, uint64_t sequence,
                 std::string_view key, std::string_view value);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_FORMAT_H_
