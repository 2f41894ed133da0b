// The decoder of segment files: what recovery makes of the bytes that it finds in one.
#ifndef KVS_ENGINES_LOG_STORE_RECORD_SCAN_H_
#define KVS_ENGINES_LOG_STORE_RECORD_SCAN_H_

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engines/log_store/format.h"
#include "engines/log_store/hint.h"

namespace kvs {

// Throws kCorruption, met while opening `path`.
[[noreturn]] void ThrowDamage(std::string_view engine, const std::filesystem::path& path,
                              uint64_t offset, std::string_view reason);

// Throws EngineError unless `data`, the file at `path`, begins with the header of that segment of
// that store: kForeignStore for another store or a newer version, else kCorruption. `data` has
// room for a header.
void CheckSegmentHeader(std::string_view engine, const std::filesystem::path& path,
                        std::string_view data, const StoreId& store, uint64_t generation,
                        SegmentKind kind);

struct ScanResult {
  uint64_t end;         // where the last valid record ends
  bool is_whole;        // nothing can be missing behind `end`
  bool has_seal;        // the seal is what says so
  std::string problem;  // why the scan ended there, when it is not whole
};

// Walks the records of `data`, a segment file, and notes them, the seal left out. Looks at the
// first `limit` bytes only. With `ends_at_limit` the records must end exactly there; else the
// segment ends at its seal or at the first record that is not valid.
ScanResult ScanRecords(std::string_view data, const CheckBinding& binding, uint64_t limit,
                       bool ends_at_limit, uint64_t (*hash_of)(std::string_view),
                       std::vector<RecordNote>& notes);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_RECORD_SCAN_H_
