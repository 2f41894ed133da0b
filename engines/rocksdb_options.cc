#include "engines/rocksdb_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <unordered_map>

#include <fmt/format.h>

#include "engines/settings.h"

namespace kvs {
namespace {

using OptionMap = std::unordered_map<std::string, std::string>;

constexpr std::string_view kPlainTable = "plain_table";

// Options that belong to the harness, and why.
constexpr std::pair<std::string_view, std::string_view> kReserved[] = {
    {"comparator", "the contract orders keys by their bytes"},
    {"compaction_filter", "it could drop entries"},
    {"compaction_filter_factory", "it could drop entries"},
    {"table_factory", "plain_table chooses it; options of block-based tables are settings"},
    {"manual_wal_flush", "the durability tier decides it"},
    {"best_efforts_recovery", "it could drop acknowledged writes"},
    {"wal_filter", "it could drop acknowledged writes"},
    {"create_if_missing", "the harness decides it"},
    {"error_if_exists", "the harness decides it"},
    {"env", "the store lives on the disk of its directory"},
    {"wal_dir", "a store stays in its directory"},
    {"db_log_dir", "a store stays in its directory"},
    {"db_paths", "a store stays in its directory"},
    {"cf_paths", "a store stays in its directory"},
};

// Short names for RocksDB's names of compression types.
constexpr std::pair<std::string_view, std::string_view> kCompressionNames[] = {
    {"none", "kNoCompression"},
    {"snappy", "kSnappyCompression"},
    {"lz4", "kLZ4Compression"},
    {"lz4hc", "kLZ4HCCompression"},
    {"zlib", "kZlibCompression"},
    {"bzip2", "kBZip2Compression"},
    {"zstd", "kZSTD"},
};

[[noreturn]] void Refuse(std::string_view name, std::string_view value, std::string_view reason) {
  throw EngineError(ErrorKind::kInvalidOption, "rocksdb", "open", {},
                    fmt::format("setting '{}' is '{}': {}", name, value, reason));
}

rocksdb::ConfigOptions StrictConfig() {
  rocksdb::ConfigOptions config;
  config.ignore_unknown_options = false;
  config.ignore_unsupported_options = false;
  return config;
}

// The options of one of RocksDB's option structures by name, with their values as text.
OptionMap Parse(const std::string& serialized) {
  OptionMap map;
  const rocksdb::Status status = rocksdb::StringToMap(serialized, &map);
  if (!status.ok()) {
    throw EngineError(ErrorKind::kIo, "rocksdb", "read options", {}, status.ToString());
  }
  return map;
}

OptionMap OptionsOf(const rocksdb::DBOptions& options) {
  std::string text;
  rocksdb::GetStringFromDBOptions(StrictConfig(), options, &text).PermitUncheckedError();
  OptionMap map = Parse(text);
  map.emplace("rate_limiter_bytes_per_sec", "0");  // accepted, but never written by the library
  return map;
}

OptionMap OptionsOf(const rocksdb::ColumnFamilyOptions& options) {
  std::string text;
  rocksdb::GetStringFromColumnFamilyOptions(StrictConfig(), options, &text).PermitUncheckedError();
  return Parse(text);
}

OptionMap OptionsOf(const rocksdb::TableFactory& factory) {
  std::string text;
  factory.GetOptionString(StrictConfig(), &text).PermitUncheckedError();
  OptionMap map = Parse(text);
  map.emplace("block_cache", "0");  // accepted, but never written by the library
  return map;
}

bool IsInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool IsDecimal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Returns `value` as the library is to read it. The library's own number parser takes "12zz" for 12
// and "-5" for 2^64 - 5, so numbers are read here; a number is one if the option's current value
// is.
std::string LibraryValue(const std::string& name, const std::string& value,
                         std::string_view current) {
  if (name.ends_with("compression")) {
    for (const auto& [short_name, library_name] : kCompressionNames) {
      if (value == short_name) return std::string(library_name);
    }
  }
  if (value.starts_with('{')) return value;  // the library's own nested syntax
  if (IsInteger(current)) {
    if (const auto bytes = ParseByteSize(value)) return std::to_string(*bytes);
    if (current.starts_with('-') && IsInteger(value)) return value;
    Refuse(name, value, "it takes a whole number or a size such as 64MiB");
  }
  if (IsDecimal(current) && !IsDecimal(value)) Refuse(name, value, "it takes a number");
  return value;
}

void RefuseUnfit(const std::string& name, const std::string& value) {
  for (const auto& [reserved, reason] : kReserved) {
    if (name == reserved) Refuse(name, value, fmt::format("it cannot be set: {}", reason));
  }
  // The library takes a policy that it does not know for one that reads filters and writes none.
  if (name == "filter_policy" && !value.starts_with("bloomfilter:") &&
      !value.starts_with("ribbonfilter:") && value != "nullptr") {
    Refuse(name, value,
           "it takes bloomfilter:<bits>:false, ribbonfilter:<bits>:<level> or nullptr");
  }
  if (name == "compaction_style" && value == "kCompactionStyleFIFO") {
    Refuse(name, value, "it drops the oldest entries");
  }
}

// RocksDB's three groups of options, as one set of names.
class OptionGroups {
 public:
  OptionGroups(rocksdb::Options& options, rocksdb::BlockBasedTableOptions& table, bool is_plain)
      : options_(options),
        table_(table),
        is_plain_(is_plain),
        db_names_(OptionsOf(static_cast<const rocksdb::DBOptions&>(options))),
        family_names_(OptionsOf(static_cast<const rocksdb::ColumnFamilyOptions&>(options))),
        table_names_(OptionsOf(
            *std::unique_ptr<rocksdb::TableFactory>(rocksdb::NewBlockBasedTableFactory(table)))) {}

  void Set(const std::string& name, const std::string& value) {
    const std::string base = name.substr(0, name.find('.'));  // "compression_opts.level"
    RefuseUnfit(base, value);
    rocksdb::Status status;
    if (const auto it = family_names_.find(base); it != family_names_.end()) {
      rocksdb::ColumnFamilyOptions changed;
      status = GetColumnFamilyOptionsFromMap(
          StrictConfig(), options_, {{name, LibraryValue(name, value, it->second)}}, &changed);
      static_cast<rocksdb::ColumnFamilyOptions&>(options_) = changed;
    } else if (const auto db = db_names_.find(base); db != db_names_.end()) {
      rocksdb::DBOptions changed;
      status = GetDBOptionsFromMap(StrictConfig(), options_,
                                   {{name, LibraryValue(name, value, db->second)}}, &changed);
      static_cast<rocksdb::DBOptions&>(options_) = changed;
    } else if (const auto of_table = table_names_.find(base); of_table != table_names_.end()) {
      if (is_plain_) Refuse(name, value, "PlainTables, which plain_table=true asks for, have none");
      rocksdb::BlockBasedTableOptions changed;
      status = GetBlockBasedTableOptionsFromMap(
          StrictConfig(), table_, {{name, LibraryValue(name, value, of_table->second)}}, &changed);
      table_ = changed;
    } else {
      throw EngineError(
          ErrorKind::kInvalidOption, "rocksdb", "open", {},
          fmt::format("unknown setting '{}': it is no option of RocksDB {} (DBOptions, "
                      "ColumnFamilyOptions or BlockBasedTableOptions)",
                      name, rocksdb::GetRocksVersionAsString()));
    }
    if (!status.ok()) Refuse(name, value, status.ToString());
  }

 private:
  rocksdb::Options& options_;
  rocksdb::BlockBasedTableOptions& table_;
  const bool is_plain_;
  const OptionMap db_names_;
  const OptionMap family_names_;
  const OptionMap table_names_;
};

// Called as db_bench calls its own, which can do the same: so the OPTIONS files of the two differ
// in nothing (scripts/compare-with-db-bench).
class ErrorHandlerListener final : public rocksdb::EventListener {
 public:
  const char* Name() const override { return "ErrorHandlerListener"; }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

}  // namespace

RocksdbBudget SplitRocksdbBudget(uint64_t budget_bytes) {
  const uint64_t write_buffer =
      std::clamp<uint64_t>(budget_bytes / 8, uint64_t{64} << 10, uint64_t{64} << 20);
  const uint64_t buffers = 2 * write_buffer;
  return {.block_cache = budget_bytes > buffers ? budget_bytes - buffers : 0,
          .write_buffer = write_buffer};
}

bool WantsPlainTable(const EngineOptions& options) {
  const auto setting = options.settings.find(std::string(kPlainTable));
  if (setting == options.settings.end() || setting->second == "false") return false;
  if (setting->second == "true") return true;
  Refuse(kPlainTable, setting->second, "it takes true or false");
}

rocksdb::Options MakeRocksdbOptions(const EngineOptions& options) {
  rocksdb::Options result;
  result.listeners = {std::make_shared<ErrorHandlerListener>()};
  result.create_if_missing = true;
  result.compression = rocksdb::kNoCompression;
  result.manual_wal_flush = options.durability == Durability::kNone;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  if (options.memory_budget_bytes != 0) {
    const RocksdbBudget budget = SplitRocksdbBudget(options.memory_budget_bytes);
    result.write_buffer_size = budget.write_buffer;
    table.block_cache = rocksdb::NewLRUCache(budget.block_cache);
  }
  const bool is_plain = WantsPlainTable(options);
  if (is_plain) {
    // As its authors advise for lookups alone: the whole key is the prefix, hence what is hashed.
    result.allow_mmap_reads = true;
    result.prefix_extractor.reset(rocksdb::NewNoopTransform());
  }
  OptionGroups groups(result, table, is_plain);
  for (const auto& [name, value] : options.settings) {
    if (name != kPlainTable) groups.Set(name, value);
  }
  result.table_factory.reset(is_plain ? rocksdb::NewPlainTableFactory()
                                      : rocksdb::NewBlockBasedTableFactory(table));
  return result;
}

std::vector<std::pair<std::string, std::string>> DescribeRocksdbOptions(
    const rocksdb::Options& options, const std::map<std::string, std::string>& settings) {
  OptionMap all = OptionsOf(static_cast<const rocksdb::ColumnFamilyOptions&>(options));
  all.merge(OptionsOf(static_cast<const rocksdb::DBOptions&>(options)));
  all.merge(OptionsOf(*options.table_factory));
  const auto* table = options.table_factory->GetOptions<rocksdb::BlockBasedTableOptions>();
  const bool cached = table != nullptr && table->block_cache != nullptr;
  all["block_cache"] = std::to_string(cached ? table->block_cache->GetCapacity() : 0);

  std::vector<std::string> names = {std::string(kPlainTable),
                                    "block_cache",
                                    "write_buffer_size",
                                    "max_write_buffer_number",
                                    "filter_policy",
                                    "compression",
                                    "block_size",
                                    "cache_index_and_filter_blocks",
                                    "manual_wal_flush",
                                    "max_background_jobs",
                                    "max_open_files",
                                    "use_direct_reads",
                                    "compaction_style",
                                    "level0_file_num_compaction_trigger",
                                    "target_file_size_base",
                                    "max_bytes_for_level_base"};
  all[std::string(kPlainTable)] = table != nullptr ? "false" : "true";
  for (const auto& setting : settings) {
    const std::string base = setting.first.substr(0, setting.first.find('.'));
    if (std::find(names.begin(), names.end(), base) == names.end()) names.push_back(base);
  }
  std::vector<std::pair<std::string, std::string>> described;
  described.reserve(names.size());
  // PlainTables have no block-based table's options.
  for (const std::string& name : names) {
    if (!all[name].empty()) described.emplace_back(name, all[name]);
  }
  return described;
}

}  // namespace kvs
