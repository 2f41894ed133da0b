#include "engines/log_store/log_engine.h"

#include <fmt/format.h>

#include "engines/settings.h"

namespace kvs {
namespace {

constexpr uint64_t kMinSegmentSize = 4096;
constexpr uint64_t kMaxSegmentSize = uint64_t{4} << 30;

constexpr SettingDefinition kSettings[] = {
    {"segment_size", "64MiB", "bytes of a full-grown log file, from 4KiB to 4GiB"},
    {"garbage_percent", "50", "compaction starts when this part of the log is garbage, 5 to 95"},
    {"verify_reads", "false", "check each value's checksum when it is read"},
    {"hints", "true", "open from hint files; false: read and check every record at open"},
    {"ordered", "false",
     "keep the keys in order too, for scans: each value that a scan visits was current at some "
     "moment during the scan, and keys that are there throughout are visited, none twice"},
};

}  // namespace

const std::span<const SettingDefinition> kLogEngineSettings = kSettings;

LogStoreOptions ReadLogEngineOptions(std::string_view engine, const EngineOptions& options) {
  const SettingReader settings(engine, kSettings, options.settings);
  LogStoreOptions log_options;
  log_options.engine = engine;
  log_options.directory = options.directory;
  log_options.durability = options.durability;
  log_options.segment_size = settings.Bytes("segment_size", kMinSegmentSize, kMaxSegmentSize);
  log_options.garbage_percent = static_cast<unsigned>(settings.Count("garbage_percent", 5, 95));
  log_options.verify_reads = settings.Bool("verify_reads");
  log_options.hints = settings.Bool("hints");
  log_options.ordered = settings.Bool("ordered");
  return log_options;
}

EngineCapabilities LogEngineCapabilities(std::string_view engine, const EngineOptions& options) {
  EngineCapabilities capabilities;
  capabilities.ordered_scan = ReadLogEngineOptions(engine, options).ordered;
  capabilities.multi_get = true;
  capabilities.max_key_bytes = kMaxKeySize;
  capabilities.max_value_bytes = kMaxValueSize;
  return capabilities;
}

EngineInfo LogEngineInfo(const EngineOptions& options, const LogStore& store) {
  const LogStoreOptions& log = store.options();
  EngineInfo info{.library = log.engine,
                  .library_version = KVS_VERSION,
                  .effective_options = {{"segment_size", fmt::format("{}", log.segment_size)},
                                        {"garbage_percent", fmt::format("{}", log.garbage_percent)},
                                        {"verify_reads", log.verify_reads ? "true" : "false"},
                                        {"hints", log.hints ? "true" : "false"},
                                        {"ordered", log.ordered ? "true" : "false"},
                                        {"index_shards", fmt::format("{}", 1u << log.shard_bits)}},
                  .notes = {}};
  if (log.unlocked_readers) {
    info.effective_options.emplace_back("reader_barrier",
                                        store.uses_membarrier() ? "membarrier" : "fence");
  }
  if (options.memory_budget_bytes != 0) {
    info.notes.push_back(
        "the memory budget is not honoured: the log is mapped, so the page cache holds what fits, "
        "and the index takes what it needs");
  }
  if (log.durability == Durability::kNone) {
    info.notes.push_back(
        "durability 'none' is as 'process': the log is mapped, so there is nothing to buffer");
  }
  if (log.durability != Durability::kSync) {
    info.notes.push_back("after power loss: a suffix of the writes is lost");
  }
  return info;
}

void ThrowKeyTooLong(const LogStore& store, std::string_view operation, size_t size) {
  throw EngineError(
      ErrorKind::kLimit, store.options().engine, operation, {},
      fmt::format("the key has {} bytes, at most {} are possible", size, kMaxKeySize));
}

void ThrowValueTooLong(const LogStore& store, size_t size) {
  throw EngineError(
      ErrorKind::kLimit, store.options().engine, "set", {},
      fmt::format("the value has {} bytes, at most {} are possible", size, kMaxValueSize));
}

}  // namespace kvs
