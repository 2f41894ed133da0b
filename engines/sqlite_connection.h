// One SQLite connection with the statements of the contract prepared on it.
#ifndef KVS_ENGINES_SQLITE_CONNECTION_H_
#define KVS_ENGINES_SQLITE_CONNECTION_H_

#include <sqlite3.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engines/engine.h"

namespace kvs {

// The row that the library must be able to hold, key and value and header together:
// SQLITE_MAX_LENGTH, which is this unless the library was built otherwise.
inline constexpr int kSqliteRowBytes = 1'000'000'000;

// What every connection of one store is opened with, and what they count together.
//
// Thread safety: the configuration is immutable once connections exist; the counters are atomic.
struct SqliteShared {
  std::filesystem::path file;  // absolute
  Durability durability = Durability::kProcess;
  uint64_t page_bytes = 4096;
  uint64_t cache_kib = 0;  // per connection; 0 leaves the library's default
  uint64_t mmap_bytes = 0;
  uint64_t wal_autocheckpoint_pages = 1000;
  std::chrono::seconds busy_timeout{600};

  // On a cache line of their own, and touched only by a connection that had to wait.
  alignas(64) std::atomic<uint64_t> busy_waits{0};
  std::atomic<uint64_t> busy_wait_ns{0};
};

// A connection to a database with the table
//   kv(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID
// in WAL mode. Each call but SetMany is one statement in autocommit: SQLite takes the write lock at
// once, and never has to raise a read lock, which could fail with BUSY_SNAPSHOT without a wait.
//
// A lock held by another connection is waited for, counted and timed in SqliteShared; after
// SqliteShared::busy_timeout the operation fails with kLocked.
//
// Thread safety: one thread at a time (opened with SQLITE_OPEN_NOMUTEX). Every method throws
// EngineError.
class SqliteConnection {
 public:
  // Opens the database, creating it and its table if missing. `shared` must outlive this.
  explicit SqliteConnection(SqliteShared& shared);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  void Set(std::string_view key, std::string_view value);
  // One transaction, all of it or nothing.
  void SetMany(std::span<const std::string_view> keys, std::span<const std::string_view> values);
  bool Get(std::string_view operation, std::string_view key, std::string& value);
  // True when there was an entry to remove.
  bool Remove(std::string_view key);
  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit);
  // Calls `read`, whose reads then see one version of the database and share its read lock.
  template <typename Read>
  void InOneRead(std::string_view operation, Read read) {
    Run(operation, begin_.get());
    const EndRead end(*this);
    read();
  }

  // Moves everything from the write-ahead log into the database and empties the log.
  void Checkpoint();

  // The pragmas that matter, as effective.
  std::vector<std::pair<std::string, std::string>> EffectiveOptions();

 private:
  struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

  // Ends the statement's use of its bound memory and its hold on locks.
  class ResetAtEnd {
   public:
    explicit ResetAtEnd(sqlite3_stmt* statement) : statement_(statement) {}
    ~ResetAtEnd() { sqlite3_reset(statement_); }
    ResetAtEnd(const ResetAtEnd&) = delete;
    ResetAtEnd& operator=(const ResetAtEnd&) = delete;

   private:
    sqlite3_stmt* const statement_;
  };

  // Ends a read transaction. There is nothing to commit, so nothing that could fail is lost.
  class EndRead {
   public:
    explicit EndRead(SqliteConnection& connection) : connection_(connection) {}
    ~EndRead() {
      sqlite3_step(connection_.commit_.get());
      sqlite3_reset(connection_.commit_.get());
    }
    EndRead(const EndRead&) = delete;
    EndRead& operator=(const EndRead&) = delete;

   private:
    SqliteConnection& connection_;
  };

  static int OnBusy(void* self, int previous_calls);

  void Configure();
  void CheckCreatedAsAsked();
  Statement Prepare(const char* sql);
  void Bind(std::string_view operation, sqlite3_stmt* statement, int index, std::string_view bytes);
  // Advances a statement; true when it has a row.
  bool Step(std::string_view operation, sqlite3_stmt* statement);
  // Runs a statement that has no rows.
  void Run(std::string_view operation, sqlite3_stmt* statement);
  // Runs one pragma and returns its first column, empty when it has no row.
  std::string Pragma(const std::string& pragma);
  void Check(std::string_view operation, int result) const;
  [[noreturn]] void Fail(std::string_view operation, int result) const;

  SqliteShared& shared_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;
  Statement set_;
  Statement get_;
  Statement remove_;
  Statement scan_;
  Statement begin_;
  Statement commit_;
  std::chrono::steady_clock::time_point wait_start_;  // of the wait that is going on
};

}  // namespace kvs

#endif  // KVS_ENGINES_SQLITE_CONNECTION_H_
