// Hint files: what start-up needs to know of the records of a sealed segment, written beside it, so
// that the index can be made without reading the log. A hint repeats what the log holds: one that
// is missing, torn or of another segment is passed over, and the log read instead.
#ifndef KVS_ENGINES_LOG_STORE_HINT_H_
#define KVS_ENGINES_LOG_STORE_HINT_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engines/log_store/format.h"

namespace kvs {

// A record, seen from the index. Also the form in which a hint file holds it.
struct RecordNote {
  uint64_t hash;       // of its key
  uint64_t sequence;   // as in its header
  uint32_t offset;     // in its segment, in units of kRecordAlignment
  uint32_t size : 24;  // with header and padding, in the same units
  uint32_t type : 8;   // a RecordType
};
static_assert(sizeof(RecordNote) == 24);
static_assert(RecordSize(kMaxKeySize, kMaxValueSize) / kRecordAlignment < (1 << 24));

struct HintHeader {
  char magic[8];
  uint32_t version;
  uint32_t notes_check;  // CRC-32C of the notes, which follow
  StoreId store;
  uint64_t generation;  // of the segment
  uint64_t end;         // bytes of the segment that the notes tell of
  uint64_t count;       // of notes
  uint32_t reserved;
  uint32_t check;  // CRC-32C of the bytes before
};
static_assert(sizeof(HintHeader) == 64);

inline constexpr char kHintMagic[8] = {'K', 'V', 'S', 'H', 'I', 'N', 'T', '\n'};

std::string HintFileName(uint64_t generation);
// The generation in a hint's file name, or false for any other name.
bool ParseHintFileName(std::string_view name, uint64_t& generation);

// The bytes of the hint of a segment whose records end at `end`.
std::string EncodeHint(const StoreId& store, uint64_t generation, uint64_t end,
                       std::span<const RecordNote> notes);
// The notes in `data` if it is that segment's hint, whole and unharmed; else nothing. They borrow
// the bytes, which are aligned to 8.
std::span<const RecordNote> DecodeHint(std::string_view data, const StoreId& store,
                                       uint64_t generation, uint64_t end);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_HINT_H_
