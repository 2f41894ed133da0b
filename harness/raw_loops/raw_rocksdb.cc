#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>

#include <memory>
#include <stdexcept>

#include "engines/rocksdb_options.h"
#include "harness/raw_loops/raw_loop.h"

namespace kvs {
namespace {

void Check(const char* call, const rocksdb::Status& status) {
  if (!status.ok()) throw std::runtime_error(fmt::format("{}: {}", call, status.ToString()));
}

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

class RawRocksdb final : public RawLoop {
 public:
  explicit RawRocksdb(const EngineOptions& options) {
    rocksdb::DB* database = nullptr;
    Check("DB::Open",
          rocksdb::DB::Open(MakeRocksdbOptions(options), options.directory.string(), &database));
    database_.reset(database);
    read_options_.total_order_seek = true;
  }

  size_t Get(std::span<const std::string_view> keys, std::string& value) override {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    size_t found = 0;
    rocksdb::PinnableSlice pinned;
    for (const std::string_view key : keys) {
      const rocksdb::Status status =
          database_->Get(read_options_, database_->DefaultColumnFamily(), ToSlice(key), &pinned);
      if (status.ok()) {
        value.assign(pinned.data(), pinned.size());
        ++found;
      } else if (!status.IsNotFound()) {
        Check("DB::Get", status);
      }
      pinned.Reset();
    }
    return found;
  }

  void Set(std::span<const std::string_view> keys,
           std::span<const std::string_view> values) override {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    for (size_t i = 0; i < keys.size(); ++i) {
      Check("DB::Put", database_->Put(write_options_, ToSlice(keys[i]), ToSlice(values[i])));
    }
  }

 private:
  std::unique_ptr<rocksdb::DB> database_;
  rocksdb::ReadOptions read_options_;
  const rocksdb::WriteOptions write_options_;  // not synced: tier `process`
};

}  // namespace

std::unique_ptr<RawLoop> OpenRawRocksdb(const EngineOptions& options, const EngineInfo&) {
  return std::make_unique<RawRocksdb>(options);
}

}  // namespace kvs
