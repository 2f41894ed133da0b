#include "engines/sqlite_connection.h"

#include <algorithm>
#include <limits>
#include <new>
#include <system_error>
#include <thread>

#include <fmt/format.h>

namespace kvs {
namespace {

ErrorKind KindOf(int result) {
  switch (result & 0xFF) {  // the primary code of an extended one
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::kLocked;
    case SQLITE_FULL:
      return ErrorKind::kFull;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorKind::kCorruption;
    case SQLITE_TOOBIG:
      return ErrorKind::kLimit;
    default:
      return ErrorKind::kIo;
  }
}

std::string_view BlobOf(sqlite3_stmt* statement, int column) {
  // The pointer first: asking for it may convert the value, and that decides the size.
  const void* bytes = sqlite3_column_blob(statement, column);
  const int size = sqlite3_column_bytes(statement, column);
  return {static_cast<const char*>(bytes), static_cast<size_t>(size)};  // {nullptr, 0} if empty
}

}  // namespace

SqliteConnection::SqliteConnection(SqliteShared& shared) : shared_(shared) {
  // Memory statistics would take one process-wide mutex in every allocation of every connection.
  // Refused, without harm, once the library is initialised.
  [[maybe_unused]] static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3* database = nullptr;
  const int result =
      sqlite3_open_v2(shared.file.c_str(), &database,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(database);
  if (database == nullptr) throw std::bad_alloc();
  Check("open", result);
  sqlite3_extended_result_codes(database, 1);
  Check("open", sqlite3_busy_handler(database, &SqliteConnection::OnBusy, this));
  if (sqlite3_limit(database, SQLITE_LIMIT_LENGTH, -1) < kSqliteRowBytes) {
    throw EngineError(
        ErrorKind::kUnsupported, "sqlite", "open", shared.file,
        fmt::format("this build of the library takes less than {} bytes per row", kSqliteRowBytes));
  }
  Configure();
  // An upsert overwrites an entry in place; REPLACE deletes and inserts, at twice the time.
  set_ = Prepare(
      "INSERT INTO kv(key, value) VALUES(?1, ?2) "
      "ON CONFLICT(key) DO UPDATE SET value = excluded.value");
  get_ = Prepare("SELECT value FROM kv WHERE key = ?1");
  remove_ = Prepare("DELETE FROM kv WHERE key = ?1");
  scan_ = Prepare("SELECT key, value FROM kv WHERE key >= ?1 ORDER BY key LIMIT ?2");
  begin_ = Prepare("BEGIN");
  commit_ = Prepare("COMMIT");
}

SqliteConnection::~SqliteConnection() = default;

void SqliteConnection::Configure() {
  Pragma(fmt::format("page_size={}", shared_.page_bytes));  // only a new database takes it
  const std::string journal = Pragma("journal_mode=WAL");
  if (journal != "wal") {
    throw EngineError(ErrorKind::kIo, "sqlite", "open", shared_.file,
                      fmt::format("the library cannot use a write-ahead log here and fell back to "
                                  "journal_mode={}",
                                  journal));
  }
  Pragma(shared_.durability == Durability::kSync ? "synchronous=FULL" : "synchronous=OFF");
  if (shared_.cache_kib != 0) Pragma(fmt::format("cache_size=-{}", shared_.cache_kib));
  Pragma(fmt::format("mmap_size={}", shared_.mmap_bytes));
  Pragma(fmt::format("wal_autocheckpoint={}", shared_.wal_autocheckpoint_pages));
  Run("open", Prepare("CREATE TABLE IF NOT EXISTS kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) "
                      "WITHOUT ROWID")
                  .get());
  CheckCreatedAsAsked();
}

void SqliteConnection::CheckCreatedAsAsked() {
  const std::string page_size = Pragma("page_size");
  if (page_size == std::to_string(shared_.page_bytes)) return;
  throw EngineError(ErrorKind::kInvalidOption, "sqlite", "open", shared_.file,
                    fmt::format("setting 'page_size' is {}, but the store was created with {}",
                                shared_.page_bytes, page_size));
}

int SqliteConnection::OnBusy(void* self, int previous_calls) {
  auto* connection = static_cast<SqliteConnection*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (previous_calls == 0) {
    connection->wait_start_ = now;
    connection->shared_.busy_waits.fetch_add(1);
  }
  if (now - connection->wait_start_ >= connection->shared_.busy_timeout) return 0;
  // A write takes tens of microseconds, so sleeps begin there and double up to a millisecond;
  // sqlite3_busy_timeout's own sleeps begin at a whole millisecond.
  constexpr int kDoublings = 5;
  std::this_thread::sleep_for(
      std::chrono::microseconds(32 << std::min(previous_calls, kDoublings)));
  const auto waited = std::chrono::steady_clock::now() - now;
  connection->shared_.busy_wait_ns.fetch_add(
      static_cast<uint64_t>(std::chrono::nanoseconds(waited).count()));
  return 1;
}

void SqliteConnection::Set(std::string_view key, std::string_view value) {
  const ResetAtEnd reset(set_.get());
  Bind("set", set_.get(), 1, key);
  Bind("set", set_.get(), 2, value);
  Step("set", set_.get());
}

void SqliteConnection::SetMany(std::span<const std::string_view> keys,
                               std::span<const std::string_view> values) {
  Run("set", Prepare("BEGIN IMMEDIATE").get());  // the write lock now: it is waited for
  try {
    for (size_t i = 0; i < keys.size(); ++i) Set(keys[i], values[i]);
    Run("set", commit_.get());
  } catch (...) {
    // Refused when the failure has ended the transaction itself.
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

bool SqliteConnection::Get(std::string_view operation, std::string_view key, std::string& value) {
  const ResetAtEnd reset(get_.get());
  Bind(operation, get_.get(), 1, key);
  if (!Step(operation, get_.get())) return false;
  value.assign(BlobOf(get_.get(), 0));
  return true;
}

bool SqliteConnection::Remove(std::string_view key) {
  const ResetAtEnd reset(remove_.get());
  Bind("remove", remove_.get(), 1, key);
  Step("remove", remove_.get());
  return sqlite3_changes(database_.get()) != 0;
}

size_t SqliteConnection::Scan(std::string_view start, size_t limit, const ScanVisitor& visit) {
  const ResetAtEnd reset(scan_.get());
  Bind("scan", scan_.get(), 1, start);
  constexpr auto kMax = static_cast<size_t>(std::numeric_limits<sqlite3_int64>::max());
  Check("scan",
        sqlite3_bind_int64(scan_.get(), 2, static_cast<sqlite3_int64>(std::min(limit, kMax))));
  size_t visited = 0;
  while (Step("scan", scan_.get())) {
    visit(BlobOf(scan_.get(), 0), BlobOf(scan_.get(), 1));
    ++visited;
  }
  return visited;
}

void SqliteConnection::Checkpoint() {
  // Beside another connection's checkpoint the library answers SQLITE_BUSY without asking the busy
  // handler (sqlite3_wal_checkpoint_v2, its documentation).
  for (int calls = 0;; ++calls) {
    const int result = sqlite3_wal_checkpoint_v2(database_.get(), nullptr,
                                                 SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    if ((result & 0xFF) == SQLITE_BUSY && OnBusy(this, calls) != 0) continue;
    Check("settle", result);
    return;
  }
}

std::vector<std::pair<std::string, std::string>> SqliteConnection::EffectiveOptions() {
  std::vector<std::pair<std::string, std::string>> options;
  for (const char* pragma : {"journal_mode", "synchronous", "page_size", "cache_size", "mmap_size",
                             "wal_autocheckpoint", "locking_mode"}) {
    options.emplace_back(pragma, Pragma(pragma));
  }
  return options;
}

SqliteConnection::Statement SqliteConnection::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  Check("open", sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                                   nullptr));
  return Statement(statement);
}

void SqliteConnection::Bind(std::string_view operation, sqlite3_stmt* statement, int index,
                            std::string_view bytes) {
  // A null pointer would bind NULL, not an empty blob.
  const char* data = bytes.empty() ? "" : bytes.data();
  Check(operation, sqlite3_bind_blob64(statement, index, data, bytes.size(), SQLITE_STATIC));
}

bool SqliteConnection::Step(std::string_view operation, sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  Fail(operation, result);
}

void SqliteConnection::Run(std::string_view operation, sqlite3_stmt* statement) {
  const ResetAtEnd reset(statement);
  Step(operation, statement);
}

std::string SqliteConnection::Pragma(const std::string& pragma) {
  sqlite3_stmt* raw = nullptr;
  const std::string sql = "PRAGMA " + pragma;
  Check("open", sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &raw, nullptr));
  const Statement statement(raw);
  if (!Step("open", raw)) return "";
  const unsigned char* text = sqlite3_column_text(raw, 0);
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

void SqliteConnection::Check(std::string_view operation, int result) const {
  if (result != SQLITE_OK) Fail(operation, result);
}

void SqliteConnection::Fail(std::string_view operation, int result) const {
  std::string reason = sqlite3_errmsg(database_.get());
  if ((result & 0xFF) == SQLITE_BUSY) {
    reason +=
        fmt::format(" (waited {} s for another connection's lock)", shared_.busy_timeout.count());
  }
  const int system_error = sqlite3_system_errno(database_.get());
  if (system_error != 0 && KindOf(result) != ErrorKind::kLocked) {
    reason += fmt::format(" ({})", std::system_category().message(system_error));
  }
  throw EngineError(KindOf(result), "sqlite", operation, shared_.file, reason);
}

}  // namespace kvs
