// LMDB: a copy-on-write B+tree in a memory map. All handles share one environment; a handle owns
// one read transaction and one cursor, which it renews for every operation and resets after it, so
// that between operations it holds no old version of the tree and no page is kept from reuse.
#include <lmdb.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "engines/registry.h"
#include "engines/settings.h"
#include "engines/store_directory.h"

namespace kvs {

extern const EngineDefinition kLmdbEngine;

namespace {

constexpr StoreFormat kFormat{.name = "lmdb", .version = 1};
constexpr const char* kDataFile = "data.mdb";

// MAXDATASIZE of the library: sizes of values are 32 bits wide.
constexpr size_t kMaxValueBytes = 0xFFFFFFFF;
// Reader slots beyond EngineOptions::max_handles: handles that a caller is about to drop.
constexpr unsigned kSpareReaders = 16;

constexpr uint64_t kMinMapBytes = uint64_t{1} << 20;

constexpr SettingDefinition kSettings[] = {
    {"map_size", "64GiB",
     "most bytes the store can hold, fixed at open; the file grows only as it is filled"},
    {"writemap", "false", "write through the map (MDB_WRITEMAP) instead of with pwrite"},
    {"readahead", "true", "let the system read ahead; false is MDB_NORDAHEAD"},
    {"meminit", "true", "zero new pages before they are written; false is MDB_NOMEMINIT"},
};

struct LmdbSettings {
  uint64_t map_bytes;
  bool map_bytes_given;
  bool writemap;
  bool readahead;
  bool meminit;
};

LmdbSettings ReadSettings(const EngineOptions& options) {
  const SettingReader reader("lmdb", kSettings, options.settings);
  return {.map_bytes = reader.Bytes("map_size", kMinMapBytes, uint64_t{1} << 46),
          .map_bytes_given = options.settings.contains("map_size"),
          .writemap = reader.Bool("writemap"),
          .readahead = reader.Bool("readahead"),
          .meminit = reader.Bool("meminit")};
}

ErrorKind KindOf(int error) {
  switch (error) {
    case MDB_MAP_FULL:
    case MDB_READERS_FULL:
    case ENOSPC:
    case EDQUOT:
      return ErrorKind::kFull;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return ErrorKind::kCorruption;
    case MDB_BAD_VALSIZE:
    case MDB_TXN_FULL:
      return ErrorKind::kLimit;
    default:
      return ErrorKind::kIo;
  }
}

MDB_val ToVal(std::string_view bytes) {
  // The library does not write through the pointer of a key or of a value to be stored.
  return {bytes.size(), const_cast<char*>(bytes.data())};
}

std::string_view ToView(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

struct CloseEnvironment {
  void operator()(MDB_env* environment) const { mdb_env_close(environment); }
};
using Environment = std::unique_ptr<MDB_env, CloseEnvironment>;

struct AbortTransaction {
  void operator()(MDB_txn* transaction) const { mdb_txn_abort(transaction); }
};
using Transaction = std::unique_ptr<MDB_txn, AbortTransaction>;

struct CloseCursor {
  void operator()(MDB_cursor* cursor) const { mdb_cursor_close(cursor); }
};
using Cursor = std::unique_ptr<MDB_cursor, CloseCursor>;

// The open environment. Closed when the last handle lets go of it.
//
// Thread safety: as MDB_env with MDB_NOTLS; everything else is immutable after construction.
class LmdbStore {
 public:
  explicit LmdbStore(const EngineOptions& options)
      : options_(options),
        settings_(ReadSettings(options)),
        directory_("lmdb", options.directory, kFormat) {
    MDB_env* environment = nullptr;
    Check("open", mdb_env_create(&environment));
    environment_.reset(environment);
    map_bytes_ = MapBytes();
    Check("open", mdb_env_set_mapsize(environment, map_bytes_));
    Check("open", mdb_env_set_maxreaders(environment, options.max_handles + kSpareReaders));
    Check("open", mdb_env_open(environment, options.directory.c_str(), Flags(), 0644));
    max_key_bytes_ = static_cast<size_t>(mdb_env_get_maxkeysize(environment));
    MDB_envinfo info{};
    Check("open", mdb_env_info(environment, &info));
    map_bytes_ = info.me_mapsize;  // at least what an existing store already uses

    Transaction transaction = BeginWrite("open");
    Check("open", mdb_dbi_open(transaction.get(), nullptr, 0, &table_));
    Commit("open", std::move(transaction));
  }

  MDB_env* environment() const { return environment_.get(); }
  MDB_dbi table() const { return table_; }

  // Waits for the one writer that LMDB allows. The library has no way to say how long that took.
  Transaction BeginWrite(std::string_view operation) const {
    MDB_txn* transaction = nullptr;
    Check(operation, mdb_txn_begin(environment_.get(), nullptr, 0, &transaction));
    return Transaction(transaction);
  }

  void Commit(std::string_view operation, Transaction transaction) const {
    // The library frees the transaction whether or not it commits.
    Check(operation, mdb_txn_commit(transaction.release()));
  }

  void Check(std::string_view operation, int error) const {
    if (error == MDB_SUCCESS) return;
    std::string reason = mdb_strerror(error);
    if (error == MDB_MAP_FULL) {
      reason = fmt::format(
          "{}: map_size is {} bytes; open the store with a larger one, as in "
          "--engine lmdb:map_size={}GiB",
          reason, map_bytes_, std::max<uint64_t>(1, (map_bytes_ * 2) >> 30));
    } else if (error == MDB_READERS_FULL) {
      reason = fmt::format("{}: {} handles read at the same time, max_handles promised {}", reason,
                           options_.max_handles + kSpareReaders + 1, options_.max_handles);
    }
    throw EngineError(KindOf(error), "lmdb", operation, options_.directory, reason);
  }

  void CheckKey(std::string_view operation, std::string_view key) const {
    if (key.empty()) Limit(operation, "an empty key; a key has at least 1 byte");
    if (key.size() > max_key_bytes_) {
      Limit(operation,
            fmt::format("a key of {} bytes; at most {} are taken", key.size(), max_key_bytes_));
    }
  }

  void CheckValue(std::string_view operation, std::string_view value) const {
    if (value.size() > kMaxValueBytes) {
      Limit(operation,
            fmt::format("a value of {} bytes; at most {} are taken", value.size(), kMaxValueBytes));
    }
  }

  EngineInfo Info() const {
    const auto text = [](bool value) { return value ? "true" : "false"; };
    const bool sync = options_.durability == Durability::kSync;
    EngineInfo info{
        .library = "LMDB",
        .library_version =
            fmt::format("{}.{}.{}", MDB_VERSION_MAJOR, MDB_VERSION_MINOR, MDB_VERSION_PATCH),
        .effective_options = {{"map_size", std::to_string(map_bytes_)},
                              {"maxreaders", std::to_string(options_.max_handles + kSpareReaders)},
                              {"MDB_NOSYNC", text(!sync)},
                              {"MDB_NOTLS", "true"},
                              {"MDB_WRITEMAP", text(settings_.writemap)},
                              {"MDB_NORDAHEAD", text(!settings_.readahead)},
                              {"MDB_NOMEMINIT", text(!settings_.meminit)}},
        .notes = {}};
    if (options_.memory_budget_bytes != 0) {
      info.notes.push_back(
          "memory budget not honoured: LMDB has no cache of its own, its map lives in the page "
          "cache");
    }
    if (options_.durability == Durability::kNone) info.notes.push_back("durability as process");
    if (!sync) info.notes.push_back("after power loss: the file may be corrupt");
    return info;
  }

 private:
  unsigned Flags() const {
    // MDB_NOTLS ties a reader slot to the transaction, not to the thread: a handle may move between
    // threads, and a thread may have several.
    unsigned flags = MDB_NOTLS;
    if (options_.durability != Durability::kSync) flags |= MDB_NOSYNC;
    if (settings_.writemap) flags |= MDB_WRITEMAP;
    if (!settings_.readahead) flags |= MDB_NORDAHEAD;
    if (!settings_.meminit) flags |= MDB_NOMEMINIT;
    return flags;
  }

  // The map's size in bytes, a whole number of pages. A default that does not fit is cut down; a
  // size that the user asked for is taken as it is or refused.
  uint64_t MapBytes() const {
    const uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    uint64_t bytes = settings_.map_bytes;
    if (!settings_.map_bytes_given) {
      rlimit address_space{};
      if (::getrlimit(RLIMIT_AS, &address_space) == 0 && address_space.rlim_cur != RLIM_INFINITY) {
        bytes = std::min<uint64_t>(bytes, address_space.rlim_cur / 4);
      }
    }
    // With MDB_WRITEMAP the file has the map's size, with holes. A hole that the disk cannot fill
    // would kill the process with SIGBUS; without it, pwrite reports the full disk.
    if (settings_.writemap) {
      const uint64_t available = DiskBytes();
      if (settings_.map_bytes_given && bytes > available) {
        throw EngineError(ErrorKind::kFull, "lmdb", "open", options_.directory,
                          fmt::format("with writemap=true the disk must have room for the whole "
                                      "map_size: {} bytes are asked for, {} are there",
                                      bytes, available));
      }
      bytes = std::min(bytes, available / 2);
    }
    return std::max(kMinMapBytes, (bytes + page - 1) / page * page);
  }

  // What the data file has and what it could still get.
  uint64_t DiskBytes() const {
    std::error_code error;
    const std::filesystem::space_info space = std::filesystem::space(options_.directory, error);
    if (error) {
      throw EngineError(ErrorKind::kIo, "lmdb", "open", options_.directory, error.message());
    }
    struct stat file {};
    const bool exists = ::stat((options_.directory / kDataFile).c_str(), &file) == 0;
    return space.available + (exists ? static_cast<uint64_t>(file.st_blocks) * 512 : 0);
  }

  [[noreturn]] void Limit(std::string_view operation, std::string_view reason) const {
    throw EngineError(ErrorKind::kLimit, "lmdb", operation, options_.directory, reason);
  }

  const EngineOptions options_;
  const LmdbSettings settings_;
  const StoreDirectory directory_;  // released after the environment is closed
  uint64_t map_bytes_ = 0;
  size_t max_key_bytes_ = 0;
  Environment environment_;
  MDB_dbi table_ = 0;
};

// A handle's read transaction and its cursor. Both are made by the first read and kept.
class LmdbReader {
 public:
  explicit LmdbReader(const LmdbStore& store) : store_(store) {}

  // The newest version of the tree, held until destruction.
  class View {
   public:
    View(LmdbReader& reader, std::string_view operation) : reader_(reader) {
      if (reader.transaction_ != nullptr) {
        reader.store_.Check(operation, mdb_txn_renew(reader.transaction_.get()));
        return;
      }
      MDB_txn* transaction = nullptr;
      reader.store_.Check(
          operation, mdb_txn_begin(reader.store_.environment(), nullptr, MDB_RDONLY, &transaction));
      reader.transaction_.reset(transaction);
    }
    ~View() { mdb_txn_reset(reader_.transaction_.get()); }
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    bool Get(std::string_view operation, std::string_view key, std::string& value) const {
      MDB_val wanted = ToVal(key);
      MDB_val stored{};
      const int error =
          mdb_get(reader_.transaction_.get(), reader_.store_.table(), &wanted, &stored);
      if (error == MDB_NOTFOUND) return false;
      reader_.store_.Check(operation, error);
      value.assign(ToView(stored));
      return true;
    }

    MDB_cursor* OpenCursor(std::string_view operation) const {
      MDB_txn* transaction = reader_.transaction_.get();
      if (reader_.cursor_ != nullptr) {
        reader_.store_.Check(operation, mdb_cursor_renew(transaction, reader_.cursor_.get()));
        return reader_.cursor_.get();
      }
      MDB_cursor* cursor = nullptr;
      reader_.store_.Check(operation,
                           mdb_cursor_open(transaction, reader_.store_.table(), &cursor));
      reader_.cursor_.reset(cursor);
      return cursor;
    }

   private:
    LmdbReader& reader_;
  };

 private:
  const LmdbStore& store_;
  Transaction transaction_;
  Cursor cursor_;  // closed before its transaction
};

class LmdbEngine final : public KvsEngine {
 public:
  explicit LmdbEngine(std::shared_ptr<const LmdbStore> store)
      : store_(std::move(store)), reader_(*store_) {}

  std::unique_ptr<KvsEngine> Clone() const override { return std::make_unique<LmdbEngine>(store_); }

  void Set(std::string_view key, std::string_view value) override {
    store_->CheckKey("set", key);
    store_->CheckValue("set", value);
    SetInTransaction({&key, 1}, {&value, 1});
  }

  // A transaction for every few: one leaves behind a list of the pages that it has freed, and as
  // long as that list is, every later commit writes it. After a load by 256 records in a
  // transaction an update takes 3 times as long as after one by 1 or 4.
  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    for (const std::string_view key : keys) store_->CheckKey("set", key);
    for (const std::string_view value : values) store_->CheckValue("set", value);
    for (size_t first = 0; first < keys.size(); first += kMostInTransaction) {
      const size_t count = std::min(kMostInTransaction, keys.size() - first);
      SetInTransaction(keys.subspan(first, count), values.subspan(first, count));
    }
  }

  bool Get(std::string_view key, std::string& value) override {
    store_->CheckKey("get", key);
    const LmdbReader::View view(reader_, "get");
    return view.Get("get", key, value);
  }

  RemoveResult Remove(std::string_view key) override {
    store_->CheckKey("remove", key);
    Transaction transaction = store_->BeginWrite("remove");
    MDB_val stored_key = ToVal(key);
    const int error = mdb_del(transaction.get(), store_->table(), &stored_key, nullptr);
    if (error == MDB_NOTFOUND) return RemoveResult::kAbsent;
    store_->Check("remove", error);
    store_->Commit("remove", std::move(transaction));
    return RemoveResult::kRemoved;
  }

  // The whole batch reads one version of the tree: the transaction is renewed once.
  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    for (const std::string_view key : keys) store_->CheckKey("multi-get", key);
    const LmdbReader::View view(reader_, "multi-get");
    for (size_t i = 0; i < keys.size(); ++i) found[i] = view.Get("multi-get", keys[i], values[i]);
  }

  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    const LmdbReader::View view(reader_, "scan");
    MDB_cursor* cursor = view.OpenCursor("scan");
    MDB_val key = ToVal(start);
    MDB_val value{};
    size_t visited = 0;
    // The library knows no empty key, so "from the beginning" is a move of its own.
    MDB_cursor_op move = start.empty() ? MDB_FIRST : MDB_SET_RANGE;
    while (visited < limit) {
      const int error = mdb_cursor_get(cursor, &key, &value, move);
      if (error == MDB_NOTFOUND) break;
      store_->Check("scan", error);
      visit(ToView(key), ToView(value));
      ++visited;
      move = MDB_NEXT;
    }
    return visited;
  }

  // Every acknowledged write is in the kernel already; what MDB_NOSYNC has put off is the flush.
  void Settle() override { store_->Check("settle", mdb_env_sync(store_->environment(), 1)); }

  EngineInfo Info() const override { return store_->Info(); }

 private:
  static constexpr size_t kMostInTransaction = 4;

  void SetInTransaction(std::span<const std::string_view> keys,
                        std::span<const std::string_view> values) const {
    Transaction transaction = store_->BeginWrite("set");
    for (size_t i = 0; i < keys.size(); ++i) {
      MDB_val key = ToVal(keys[i]);
      MDB_val value = ToVal(values[i]);
      store_->Check("set", mdb_put(transaction.get(), store_->table(), &key, &value, 0));
    }
    store_->Commit("set", std::move(transaction));
  }

  const std::shared_ptr<const LmdbStore> store_;
  LmdbReader reader_;
};

// Asks the library, which is built with a fixed limit, without opening anything.
size_t MaxKeyBytes() {
  MDB_env* environment = nullptr;
  const int error = mdb_env_create(&environment);
  if (error != MDB_SUCCESS) {
    throw EngineError(ErrorKind::kIo, "lmdb", "open", {}, mdb_strerror(error));
  }
  return static_cast<size_t>(mdb_env_get_maxkeysize(Environment(environment).get()));
}

EngineCapabilities LmdbCapabilities(const EngineOptions& options) {
  CheckSettings(kLmdbEngine, options);
  ReadSettings(options);
  return {.ordered_scan = true,
          .multi_get = true,
          .min_key_bytes = 1,
          .max_key_bytes = MaxKeyBytes(),
          .max_value_bytes = kMaxValueBytes};
}

std::unique_ptr<KvsEngine> OpenLmdb(const EngineOptions& options) {
  CheckSettings(kLmdbEngine, options);
  return std::make_unique<LmdbEngine>(std::make_shared<const LmdbStore>(options));
}

}  // namespace

const EngineDefinition kLmdbEngine{
    .name = "lmdb",
    .summary = "LMDB: a copy-on-write B+tree in a memory map, one writer",
    .settings = kSettings,
    .capabilities = LmdbCapabilities,
    .open = OpenLmdb,
};

}  // namespace kvs
