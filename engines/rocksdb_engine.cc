// RocksDB through its own C++ interface. All handles share one rocksdb::DB, which does its own
// locking; a handle keeps the buffers that an operation would otherwise allocate.
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "engines/registry.h"
#include "engines/rocksdb_options.h"
#include "engines/store_directory.h"

namespace kvs {

extern const EngineDefinition kRocksdbEngine;

namespace {

constexpr StoreFormat kFormat{.name = "rocksdb", .version = 1};

// RocksDB's FAQ, "What's the maximum key and value sizes supported?": 8 MB and 3 GB.
constexpr size_t kMaxKeyBytes = size_t{8} << 20;
constexpr size_t kMaxValueBytes = size_t{3} << 30;

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

ErrorKind KindOf(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return ErrorKind::kFull;
  if (status.IsCorruption()) return ErrorKind::kCorruption;
  return ErrorKind::kIo;
}

// Opening also fails on what was asked for: options that do not go together, or a compression that
// this build of the library lacks.
ErrorKind KindOfOpen(const rocksdb::Status& status) {
  if (status.IsInvalidArgument() || status.IsNotSupported()) return ErrorKind::kInvalidOption;
  // The library has no code of its own for its LOCK file.
  if (status.IsIOError() && status.ToString().find("/LOCK:") != std::string::npos) {
    return ErrorKind::kLocked;
  }
  return KindOf(status);
}

// The open database. Closed when the last handle lets go of it.
//
// Thread safety: as rocksdb::DB; everything else is immutable after construction.
class RocksdbStore {
 public:
  explicit RocksdbStore(const EngineOptions& options)
      : options_(options),
        library_options_(MakeRocksdbOptions(options)),
        directory_("rocksdb", options.directory, kFormat) {
    write_options_.sync = options.durability == Durability::kSync;
    // Scan promises every key in order, also when a setting gives the store a prefix extractor.
    read_options_.total_order_seek = true;
    rocksdb::DB* db = nullptr;
    const rocksdb::Status status =
        rocksdb::DB::Open(library_options_, options.directory.string(), &db);
    if (!status.ok()) Fail("open", KindOfOpen(status), status);
    db_.reset(db);
  }

  ~RocksdbStore() {
    // A clean close keeps what `none` has buffered. Settle() is there to see this fail.
    if (library_options_.manual_wal_flush) db_->FlushWAL(false).PermitUncheckedError();
    db_->Close().PermitUncheckedError();
  }

  rocksdb::DB& db() { return *db_; }
  bool is_plain() const { return WantsPlainTable(options_); }
  const rocksdb::ReadOptions& read_options() const { return read_options_; }
  const rocksdb::WriteOptions& write_options() const { return write_options_; }

  void Check(std::string_view operation, const rocksdb::Status& status) const {
    if (!status.ok()) Fail(operation, KindOf(status), status);
  }

  void CheckKey(std::string_view operation, std::string_view key) const {
    if (key.size() > kMaxKeyBytes) Limit(operation, "key", key.size(), kMaxKeyBytes);
  }

  void CheckValue(std::string_view operation, std::string_view value) const {
    if (value.size() > kMaxValueBytes) Limit(operation, "value", value.size(), kMaxValueBytes);
  }

  // RocksDB 7.8 has no public call that waits for compactions that are due (WaitForCompact came
  // with 8.x), so this polls, as `waitforcompaction` of db_bench does.
  void Settle() {
    Check("settle", db_->FlushWAL(true));
    Check("settle", db_->Flush(rocksdb::FlushOptions()));
    while (Property(rocksdb::DB::Properties::kNumRunningFlushes) != 0 ||
           Property(rocksdb::DB::Properties::kMemTableFlushPending) != 0 ||
           Property(rocksdb::DB::Properties::kNumRunningCompactions) != 0 || CompactionIsDue()) {
      if (Property(rocksdb::DB::Properties::kBackgroundErrors) != 0) {
        throw EngineError(ErrorKind::kIo, "rocksdb", "settle", options_.directory,
                          "a background flush or compaction failed; the store's LOG says why");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  EngineInfo Info() const {
    EngineInfo info{
        .library = "RocksDB",
        .library_version = rocksdb::GetRocksVersionAsString(),
        .effective_options = DescribeRocksdbOptions(db_->GetOptions(), options_.settings),
        .notes = {}};
    info.effective_options.emplace_back("WriteOptions.sync",
                                        write_options_.sync ? "true" : "false");
    info.effective_options.emplace_back("PerfLevel", "kDisable");
    if (options_.memory_budget_bytes != 0) {
      info.notes.push_back(
          "memory budget: write_buffer_size is an eighth of it, at most 64 MiB, two of them may be "
          "alive; the rest is block cache; index and filter blocks of open tables come on top");
    }
    if (options_.durability == Durability::kProcess) {
      info.notes.push_back("after power loss: a suffix of the writes is lost");
    }
    return info;
  }

 private:
  uint64_t Property(const std::string& name) {
    uint64_t value = 0;
    if (!db_->GetIntProperty(name, &value)) {
      throw EngineError(ErrorKind::kIo, "rocksdb", "settle", options_.directory,
                        fmt::format("the library does not know the property '{}'", name));
    }
    return value;
  }

  bool CompactionIsDue() {
    if (library_options_.disable_auto_compactions) return false;
    return Property(rocksdb::DB::Properties::kCompactionPending) != 0;
  }

  [[noreturn]] void Fail(std::string_view operation, ErrorKind kind,
                         const rocksdb::Status& status) const {
    throw EngineError(kind, "rocksdb", operation, options_.directory, status.ToString());
  }

  [[noreturn]] void Limit(std::string_view operation, std::string_view what, size_t bytes,
                          size_t limit) const {
    throw EngineError(ErrorKind::kLimit, "rocksdb", operation, options_.directory,
                      fmt::format("a {} of {} bytes, at most {} are taken", what, bytes, limit));
  }

  const EngineOptions options_;
  const rocksdb::Options library_options_;
  const StoreDirectory directory_;  // released after the database is closed
  rocksdb::ReadOptions read_options_;
  rocksdb::WriteOptions write_options_;
  std::unique_ptr<rocksdb::DB> db_;
};

class RocksdbEngine final : public KvsEngine {
 public:
  explicit RocksdbEngine(std::shared_ptr<RocksdbStore> store) : store_(std::move(store)) {}

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<RocksdbEngine>(store_);
  }

  void Set(std::string_view key, std::string_view value) override {
    store_->CheckKey("set", key);
    store_->CheckValue("set", value);
    store_->Check("set", Library().Put(store_->write_options(), ToSlice(key), ToSlice(value)));
  }

  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    rocksdb::WriteBatch batch;
    for (size_t i = 0; i < keys.size(); ++i) {
      store_->CheckKey("set", keys[i]);
      store_->CheckValue("set", values[i]);
      store_->Check("set", batch.Put(ToSlice(keys[i]), ToSlice(values[i])));
    }
    store_->Check("set", Library().Write(store_->write_options(), &batch));
  }

  bool Get(std::string_view key, std::string& value) override {
    store_->CheckKey("get", key);
    rocksdb::DB& db = Library();
    const rocksdb::Status status =
        db.Get(store_->read_options(), db.DefaultColumnFamily(), ToSlice(key), &pinned_);
    if (status.IsNotFound()) return false;
    store_->Check("get", status);
    value.assign(pinned_.data(), pinned_.size());
    pinned_.Reset();
    return true;
  }

  RemoveResult Remove(std::string_view key) override {
    store_->CheckKey("remove", key);
    store_->Check("remove", Library().Delete(store_->write_options(), ToSlice(key)));
    return RemoveResult::kUnknown;  // a tombstone is written without a look
  }

  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    batch_keys_.clear();
    for (const std::string_view key : keys) {
      store_->CheckKey("multi-get", key);
      batch_keys_.push_back(ToSlice(key));
    }
    if (batch_values_.size() < keys.size()) {
      batch_values_.resize(keys.size());
      batch_statuses_.resize(keys.size());
    }
    for (rocksdb::PinnableSlice& value : batch_values_) value.Reset();
    rocksdb::DB& db = Library();
    db.MultiGet(store_->read_options(), db.DefaultColumnFamily(), keys.size(), batch_keys_.data(),
                batch_values_.data(), batch_statuses_.data());
    for (size_t i = 0; i < keys.size(); ++i) {
      found[i] = !batch_statuses_[i].IsNotFound();
      if (!found[i]) continue;
      store_->Check("multi-get", batch_statuses_[i]);
      values[i].assign(batch_values_[i].data(), batch_values_[i].size());
      batch_values_[i].Reset();
    }
  }

  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    if (store_->is_plain()) return KvsEngine::Scan(start, limit, visit);  // throws
    // A new iterator each time: one that is kept would pin its memtables and files between scans.
    const std::unique_ptr<rocksdb::Iterator> iterator(
        Library().NewIterator(store_->read_options()));
    size_t visited = 0;
    if (limit == 0) return 0;
    for (iterator->Seek(ToSlice(start)); iterator->Valid(); iterator->Next()) {
      visit(iterator->key().ToStringView(), iterator->value().ToStringView());
      if (++visited == limit) break;
    }
    store_->Check("scan", iterator->status());
    return visited;
  }

  void Settle() override { store_->Settle(); }
  EngineInfo Info() const override { return store_->Info(); }

 private:
  // The database, for an operation of the calling thread. Unless a thread declines, the library
  // counts what it does (comparisons, filters, cache hits): nobody here reads that, and it takes
  // time from every get. db_bench declines, too.
  rocksdb::DB& Library() const {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    return store_->db();
  }

  const std::shared_ptr<RocksdbStore> store_;
  rocksdb::PinnableSlice pinned_;
  std::vector<rocksdb::Slice> batch_keys_;
  std::vector<rocksdb::PinnableSlice> batch_values_;
  std::vector<rocksdb::Status> batch_statuses_;
};

EngineCapabilities RocksdbCapabilities(const EngineOptions& options) {
  MakeRocksdbOptions(options);  // throws on a setting that is not one
  return {.ordered_scan = !WantsPlainTable(options),
          .multi_get = true,
          .min_key_bytes = 0,
          .max_key_bytes = kMaxKeyBytes,
          .max_value_bytes = kMaxValueBytes};
}

std::unique_ptr<KvsEngine> OpenRocksdb(const EngineOptions& options) {
  return std::make_unique<RocksdbEngine>(std::make_shared<RocksdbStore>(options));
}

}  // namespace

const EngineDefinition kRocksdbEngine{
    .name = "rocksdb",
    .summary = "RocksDB: a log-structured merge tree",
    .settings = kRocksdbSettings,
    .passes_settings_through = true,
    .capabilities = RocksdbCapabilities,
    .open = OpenRocksdb,
};

}  // namespace kvs
