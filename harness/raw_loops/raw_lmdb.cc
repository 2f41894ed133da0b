#include <fmt/format.h>
#include <lmdb.h>

#include <memory>
#include <stdexcept>

#include "harness/raw_loops/raw_loop.h"

namespace kvs {
namespace {

void Check(const char* call, int error) {
  if (error != MDB_SUCCESS) {
    throw std::runtime_error(fmt::format("{}: {}", call, mdb_strerror(error)));
  }
}

MDB_val ToVal(std::string_view bytes) {
  return {bytes.size(), const_cast<char*>(bytes.data())};  // the library does not write there
}

class RawLmdb final : public RawLoop {
 public:
  RawLmdb(const EngineOptions& options, const EngineInfo& info) {
    unsigned flags = 0;
    for (const auto& [name, flag] : {std::pair("MDB_NOSYNC", MDB_NOSYNC),
                                     {"MDB_NOTLS", MDB_NOTLS},
                                     {"MDB_WRITEMAP", MDB_WRITEMAP},
                                     {"MDB_NORDAHEAD", MDB_NORDAHEAD},
                                     {"MDB_NOMEMINIT", MDB_NOMEMINIT}}) {
      if (EffectiveOption(info, name) == "true") flags |= static_cast<unsigned>(flag);
    }
    MDB_env* environment = nullptr;
    Check("mdb_env_create", mdb_env_create(&environment));
    environment_.reset(environment);
    Check("mdb_env_set_mapsize",
          mdb_env_set_mapsize(environment, std::stoull(EffectiveOption(info, "map_size"))));
    Check("mdb_env_set_maxreaders",
          mdb_env_set_maxreaders(
              environment, static_cast<unsigned>(std::stoul(EffectiveOption(info, "maxreaders")))));
    Check("mdb_env_open", mdb_env_open(environment, options.directory.c_str(), flags, 0644));
    MDB_txn* transaction = nullptr;
    Check("mdb_txn_begin", mdb_txn_begin(environment, nullptr, 0, &transaction));
    Check("mdb_dbi_open", mdb_dbi_open(transaction, nullptr, 0, &table_));
    Check("mdb_txn_commit", mdb_txn_commit(transaction));
    Check("mdb_txn_begin", mdb_txn_begin(environment, nullptr, MDB_RDONLY, &transaction));
    reader_.reset(transaction);
    mdb_txn_reset(transaction);
  }

  size_t Get(std::span<const std::string_view> keys, std::string& value) override {
    size_t found = 0;
    for (const std::string_view key : keys) {
      Check("mdb_txn_renew", mdb_txn_renew(reader_.get()));
      MDB_val wanted = ToVal(key);
      MDB_val stored{};
      const int error = mdb_get(reader_.get(), table_, &wanted, &stored);
      if (error == MDB_SUCCESS) {
        value.assign(static_cast<const char*>(stored.mv_data), stored.mv_size);
        ++found;
      } else if (error != MDB_NOTFOUND) {
        Check("mdb_get", error);
      }
      mdb_txn_reset(reader_.get());
    }
    return found;
  }

  void Set(std::span<const std::string_view> keys,
           std::span<const std::string_view> values) override {
    for (size_t i = 0; i < keys.size(); ++i) {
      MDB_txn* transaction = nullptr;
      Check("mdb_txn_begin", mdb_txn_begin(environment_.get(), nullptr, 0, &transaction));
      MDB_val key = ToVal(keys[i]);
      MDB_val value = ToVal(values[i]);
      Check("mdb_put", mdb_put(transaction, table_, &key, &value, 0));
      Check("mdb_txn_commit", mdb_txn_commit(transaction));
    }
  }

 private:
  std::unique_ptr<MDB_env, void (*)(MDB_env*)> environment_{nullptr, mdb_env_close};
  std::unique_ptr<MDB_txn, void (*)(MDB_txn*)> reader_{nullptr, mdb_txn_abort};
  MDB_dbi table_ = 0;
};

}  // namespace

std::unique_ptr<RawLoop> OpenRawLmdb(const EngineOptions& options, const EngineInfo& info) {
  return std::make_unique<RawLmdb>(options, info);
}

}  // namespace kvs
