// SQLite: a B-tree file with a write-ahead log. Every handle has a connection of its own with its
// statements prepared; the library arbitrates between connections with file locks.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "engines/registry.h"
#include "engines/settings.h"
#include "engines/sqlite_connection.h"
#include "engines/store_directory.h"

namespace kvs {

extern const EngineDefinition kSqliteEngine;

namespace {

constexpr StoreFormat kFormat{.name = "sqlite", .version = 1};
constexpr const char* kDataFile = "store.sqlite";

constexpr size_t kMaxKeyBytes = size_t{1} << 20;
constexpr size_t kMaxRowHeaderBytes = 64;
constexpr size_t kMaxValueBytes = kSqliteRowBytes - kMaxKeyBytes - kMaxRowHeaderBytes;

// A table WITHOUT ROWID keeps at most a quarter of a page of a row in place, the rest in a page of
// its own: a row of 1000 bytes takes two pages of the library's default of 4096. A memory map makes
// one thread's reads faster, and two threads of ycsb-a four times slower.
constexpr SettingDefinition kSettings[] = {
    {"page_size", "8192", "bytes in a page, a power of two from 512 to 65536; fixed at creation"},
    {"mmap_size", "0", "bytes of the file read through a memory map, at most 2147418112"},
    {"wal_autocheckpoint", "1000", "pages in the log that start a checkpoint; 0 never"},
    {"busy_timeout", "600", "seconds to wait for another connection's lock before failing"},
};

// What a SqliteStore is opened with. Throws kInvalidOption.
void ReadSettings(const EngineOptions& options, SqliteShared& shared) {
  CheckSettings(kSqliteEngine, options);
  const SettingReader reader("sqlite", kSettings, options.settings);
  shared.page_bytes = reader.Bytes("page_size", 512, 65536);
  if ((shared.page_bytes & (shared.page_bytes - 1)) != 0) {
    throw EngineError(ErrorKind::kInvalidOption, "sqlite", "open", {},
                      fmt::format("setting 'page_size' is {}: it takes a power of two from 512 to "
                                  "65536",
                                  shared.page_bytes));
  }
  shared.mmap_bytes = reader.Bytes("mmap_size", 0, 0x7FFF0000);
  shared.wal_autocheckpoint_pages = reader.Count("wal_autocheckpoint", 0, 1'000'000'000);
  shared.busy_timeout = std::chrono::seconds(reader.Count("busy_timeout", 0, 1'000'000));
}

// What all handles of a store share: no connection, only what one is opened with.
//
// Thread safety: as SqliteShared.
class SqliteStore {
 public:
  explicit SqliteStore(const EngineOptions& options) : options_(options) {
    ReadSettings(options, shared_);
    shared_.durability = options.durability;
    if (options.memory_budget_bytes != 0) {
      const uint64_t share = options.memory_budget_bytes / std::max(1U, options.max_handles);
      shared_.cache_kib = std::max<uint64_t>(1, share >> 10);
    }
    directory_.emplace("sqlite", options.directory, kFormat);
    shared_.file = std::filesystem::absolute(options.directory) / kDataFile;
  }

  SqliteShared& shared() { return shared_; }
  const EngineOptions& options() const { return options_; }

  void CheckKey(std::string_view operation, std::string_view key) const {
    if (key.size() > kMaxKeyBytes) Limit(operation, "key", key.size(), kMaxKeyBytes);
  }

  void CheckValue(std::string_view operation, std::string_view value) const {
    if (value.size() > kMaxValueBytes) Limit(operation, "value", value.size(), kMaxValueBytes);
  }

 private:
  [[noreturn]] void Limit(std::string_view operation, std::string_view what, size_t bytes,
                          size_t limit) const {
    throw EngineError(ErrorKind::kLimit, "sqlite", operation, options_.directory,
                      fmt::format("a {} of {} bytes; at most {} are taken", what, bytes, limit));
  }

  const EngineOptions options_;
  std::optional<StoreDirectory> directory_;  // claimed once the settings are known to be right
  SqliteShared shared_;
};

class SqliteEngine final : public KvsEngine {
 public:
  explicit SqliteEngine(std::shared_ptr<SqliteStore> store)
      : store_(std::move(store)), connection_(store_->shared()) {}

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<SqliteEngine>(store_);
  }

  void Set(std::string_view key, std::string_view value) override {
    store_->CheckKey("set", key);
    store_->CheckValue("set", value);
    connection_.Set(key, value);
  }

  // One transaction.
  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    for (const std::string_view key : keys) store_->CheckKey("set", key);
    for (const std::string_view value : values) store_->CheckValue("set", value);
    connection_.SetMany(keys, values);
  }

  bool Get(std::string_view key, std::string& value) override {
    store_->CheckKey("get", key);
    return connection_.Get("get", key, value);
  }

  RemoveResult Remove(std::string_view key) override {
    store_->CheckKey("remove", key);
    return connection_.Remove(key) ? RemoveResult::kRemoved : RemoveResult::kAbsent;
  }

  // One read transaction, so the file locks are taken once for the batch.
  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    for (const std::string_view key : keys) store_->CheckKey("multi-get", key);
    connection_.InOneRead("multi-get", [&] {
      for (size_t i = 0; i < keys.size(); ++i) {
        found[i] = connection_.Get("multi-get", keys[i], values[i]);
      }
    });
  }

  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    return connection_.Scan(start, limit, visit);
  }

  void Settle() override { connection_.Checkpoint(); }

  EngineInfo Info() const override {
    const EngineOptions& options = store_->options();
    EngineInfo info{.library = "SQLite",
                    .library_version = sqlite3_libversion(),
                    .effective_options = connection_.EffectiveOptions(),
                    .notes = {}};
    info.effective_options.emplace_back("busy_timeout",
                                        std::to_string(store_->shared().busy_timeout.count()));
    if (options.memory_budget_bytes != 0) {
      info.notes.push_back(
          fmt::format("memory budget: divided by max_handles, {} KiB of page "
                      "cache for each of {} connections",
                      store_->shared().cache_kib, options.max_handles));
    }
    if (options.durability == Durability::kNone) info.notes.push_back("durability as process");
    if (options.durability != Durability::kSync) {
      info.notes.push_back("after power loss: the file may be corrupt");
    }
    return info;
  }

  EngineCounters Counters() const override {
    return {.busy_waits = store_->shared().busy_waits.load(),
            .busy_wait_ns = store_->shared().busy_wait_ns.load()};
  }

 private:
  const std::shared_ptr<SqliteStore> store_;  // outlives the connection
  mutable SqliteConnection connection_;  // Info() runs pragmas; a handle has one thread at a time
};

EngineCapabilities SqliteCapabilities(const EngineOptions& options) {
  SqliteShared shared;
  ReadSettings(options, shared);
  return {.ordered_scan = true,
          .multi_get = true,
          .min_key_bytes = 0,
          .max_key_bytes = kMaxKeyBytes,
          .max_value_bytes = kMaxValueBytes};
}

std::unique_ptr<KvsEngine> OpenSqlite(const EngineOptions& options) {
  return std::make_unique<SqliteEngine>(std::make_shared<SqliteStore>(options));
}

}  // namespace

const EngineDefinition kSqliteEngine{
    .name = "sqlite",
    .summary = "SQLite: a B-tree file with a write-ahead log, one writer",
    .settings = kSettings,
    .capabilities = SqliteCapabilities,
    .open = OpenSqlite,
};

}  // namespace kvs
