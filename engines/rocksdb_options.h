// From EngineOptions to the options of RocksDB.
#ifndef KVS_ENGINES_ROCKSDB_OPTIONS_H_
#define KVS_ENGINES_ROCKSDB_OPTIONS_H_

#include <rocksdb/options.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engines/engine.h"
#include "engines/registry.h"

namespace kvs {

// The settings worth naming in a listing. Every other option of the library is taken as well.
inline constexpr SettingDefinition kRocksdbSettings[] = {
    {"compression", "none", "none, snappy, lz4, lz4hc, zlib, bzip2, zstd or RocksDB's own name"},
    {"block_size", "4KiB", "uncompressed size of a data block"},
    {"block_cache", "8MiB", "size of the block cache; set by the memory budget when there is one"},
    {"write_buffer_size", "64MiB", "size of a memtable; set by the memory budget likewise"},
    {"max_background_jobs", "2", "flushes and compactions at the same time"},
    {"use_direct_reads", "false", "read tables past the page cache"},
    {"plain_table", "false", "PlainTables over mmap, found by a hash of the key; no ordered scan"},
};

// Whether `options` ask for PlainTables. Throws EngineError(kInvalidOption).
bool WantsPlainTable(const EngineOptions& options);

// Builds the options of a store. They are the library's defaults, except for:
//   create_if_missing=true
//   compression=kNoCompression       so that no engine gains by compressing what others do not
//   filter_policy=bloomfilter:10     ten bits per key, about 1% false positives
//   manual_wal_flush=true            in tier `none` only
//   listeners={ErrorHandlerListener} a failed flush or compaction stays one: RocksDB would try
//   again
//                                    by itself once the disk has room, and count that as success
//   block_cache, write_buffer_size   when there is a memory budget, see SplitRocksdbBudget()
//   PlainTable, allow_mmap_reads=true, prefix_extractor=rocksdb.Noop
//                                    with plain_table=true, the one setting that is not RocksDB's
//   whatever `options.settings` says
// Throws EngineError(kInvalidOption) for a setting that is no option of RocksDB, that RocksDB
// cannot read, or that would break the contract (its order of keys, its durability, its directory).
rocksdb::Options MakeRocksdbOptions(const EngineOptions& options);

// How a memory budget is divided, in bytes.
struct RocksdbBudget {
  uint64_t block_cache;
  uint64_t write_buffer;  // one of two, the library's max_write_buffer_number
};

// An eighth of the budget for each of two write buffers, at most the library's default of 64 MiB
// each and at least the 64 KiB below which RocksDB does not go; the rest is block cache.
RocksdbBudget SplitRocksdbBudget(uint64_t budget_bytes);

// The options in `options` that a reader of a result needs, and those that `settings` named.
std::vector<std::pair<std::string, std::string>> DescribeRocksdbOptions(
    const rocksdb::Options& options, const std::map<std::string, std::string>& settings);

}  // namespace kvs

#endif  // KVS_ENGINES_ROCKSDB_OPTIONS_H_
