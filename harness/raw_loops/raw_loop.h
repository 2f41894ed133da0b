// What a program does that uses a library without an adapter: what adapters are measured against.
#ifndef KVS_HARNESS_RAW_LOOPS_RAW_LOOP_H_
#define KVS_HARNESS_RAW_LOOPS_RAW_LOOP_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engines/engine.h"

namespace kvs {

// A library opened on a store that its adapter made, with the adapter's settings.
//
// Thread safety: one thread at a time. Every method throws std::runtime_error, naming the call that
// failed.
class RawLoop {
 public:
  virtual ~RawLoop() = default;

  // Looks up one key after the other, each in a read of its own, and copies what is found into
  // `value`. Returns how many were found.
  virtual size_t Get(std::span<const std::string_view> keys, std::string& value) = 0;
  // Stores values[i] under keys[i] one after the other, each in a write of its own.
  virtual void Set(std::span<const std::string_view> keys,
                   std::span<const std::string_view> values) = 0;
};

// Opens the store that `options` describe and `info` describes as effective. The adapter must have
// closed it.
using OpenRawLoop = std::unique_ptr<RawLoop> (*)(const EngineOptions& options,
                                                 const EngineInfo& info);
std::unique_ptr<RawLoop> OpenRawLmdb(const EngineOptions& options, const EngineInfo& info);
std::unique_ptr<RawLoop> OpenRawRocksdb(const EngineOptions& options, const EngineInfo& info);
std::unique_ptr<RawLoop> OpenRawSqlite(const EngineOptions& options, const EngineInfo& info);

// The effective option called `name`. Throws std::runtime_error if there is none.
std::string EffectiveOption(const EngineInfo& info, std::string_view name);

}  // namespace kvs

#endif  // KVS_HARNESS_RAW_LOOPS_RAW_LOOP_H_
