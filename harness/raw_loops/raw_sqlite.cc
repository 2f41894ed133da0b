#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <stdexcept>

#include "harness/raw_loops/raw_loop.h"

namespace kvs {
namespace {

class RawSqlite final : public RawLoop {
 public:
  RawSqlite(const EngineOptions& options, const EngineInfo& info) {
    sqlite3* database = nullptr;
    const std::string file = options.directory / "store.sqlite";
    const int opened = sqlite3_open_v2(file.c_str(), &database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(database);
    Check("sqlite3_open_v2", opened);
    for (const char* pragma :
         {"journal_mode", "synchronous", "cache_size", "mmap_size", "wal_autocheckpoint"}) {
      const std::string sql = fmt::format("PRAGMA {}={}", pragma, EffectiveOption(info, pragma));
      Check(sql.c_str(), sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr));
    }
    get_ = Prepare("SELECT value FROM kv WHERE key = ?1");
    set_ = Prepare(
        "INSERT INTO kv(key, value) VALUES(?1, ?2) "
        "ON CONFLICT(key) DO UPDATE SET value = excluded.value");
  }

  size_t Get(std::span<const std::string_view> keys, std::string& value) override {
    size_t found = 0;
    for (const std::string_view key : keys) {
      Bind(get_.get(), 1, key);
      const int result = sqlite3_step(get_.get());
      if (result == SQLITE_ROW) {
        const void* const bytes = sqlite3_column_blob(get_.get(), 0);
        value.assign(static_cast<const char*>(bytes),
                     static_cast<size_t>(sqlite3_column_bytes(get_.get(), 0)));
        ++found;
      } else if (result != SQLITE_DONE) {
        Check("sqlite3_step", result);
      }
      Check("sqlite3_reset", sqlite3_reset(get_.get()));
    }
    return found;
  }

  void Set(std::span<const std::string_view> keys,
           std::span<const std::string_view> values) override {
    for (size_t i = 0; i < keys.size(); ++i) {
      Bind(set_.get(), 1, keys[i]);
      Bind(set_.get(), 2, values[i]);
      const int result = sqlite3_step(set_.get());
      if (result != SQLITE_DONE) Check("sqlite3_step", result);
      Check("sqlite3_reset", sqlite3_reset(set_.get()));
    }
  }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

  void Check(const char* call, int result) const {
    if (result == SQLITE_OK) return;
    throw std::runtime_error(fmt::format("{}: {}", call, sqlite3_errmsg(database_.get())));
  }

  Statement Prepare(const char* sql) const {
    sqlite3_stmt* statement = nullptr;
    Check("sqlite3_prepare_v3", sqlite3_prepare_v3(database_.get(), sql, -1,
                                                   SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return {statement, sqlite3_finalize};
  }

  void Bind(sqlite3_stmt* statement, int index, std::string_view bytes) const {
    Check("sqlite3_bind_blob64",
          sqlite3_bind_blob64(statement, index, bytes.data(), bytes.size(), SQLITE_STATIC));
  }

  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_{nullptr, sqlite3_close};
  Statement get_{nullptr, sqlite3_finalize};
  Statement set_{nullptr, sqlite3_finalize};
};

}  // namespace

std::unique_ptr<RawLoop> OpenRawSqlite(const EngineOptions& options, const EngineInfo& info) {
  return std::make_unique<RawSqlite>(options, info);
}

}  // namespace kvs
