// The contract between kvs-bench and a key-value engine.
//
// An engine is one file that defines an EngineDefinition (see registry.h). The harness opens a
// store through it and gets a KvsEngine: a handle. Everything that the harness does to a store goes
// through that handle, so two engines differ in nothing but their own work.
#ifndef KVS_ENGINES_ENGINE_H_
#define KVS_ENGINES_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvs {

// What an acknowledged write survives. The promise is the same for every engine; how each keeps it
// is its adapter's matter and is said in EngineInfo.
enum class Durability : uint8_t {
  kNone,     // may be lost when the process dies
  kProcess,  // survives kill -9: in the kernel before the reply
  kSync,     // survives power loss: flushed to the device before the reply
};

// "none", "process", "sync".
std::string_view ToString(Durability durability);

// The outcome of Remove. An engine that deletes blindly (RocksDB) answers kUnknown rather than pay
// for, or fake, an answer.
enum class RemoveResult : uint8_t { kRemoved, kAbsent, kUnknown };

// Why an operation failed. It decides the exit code and lets tests tell one refusal from another.
enum class ErrorKind : uint8_t {
  kInvalidOption,  // a setting the engine does not know, or a value it does not take
  kLimit,          // a key or a value beyond what the engine declares
  kUnsupported,    // the engine declares that it cannot do this
  kForeignStore,   // the directory holds something that this engine did not write
  kLocked,         // another handle family, in this process or another, has the store open
  kFull,           // the disk, the map or the reader table is full
  kCorruption,     // stored data fails its own checks
  kIo,             // any other failure reported by the system or the library
};

// The one exception type of the contract. what() reads
//   "<engine>: <operation>: <path>: <reason>"
// with the system's or the library's own reason in it. Absent keys are never errors.
class EngineError : public std::runtime_error {
 public:
  EngineError(ErrorKind kind, std::string_view engine, std::string_view operation,
              const std::filesystem::path& path, std::string_view reason);

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

// How a store is opened.
struct EngineOptions {
  // The store's own directory: created when missing (its parent must exist), refused when it holds
  // anything but a store of this engine's format.
  std::filesystem::path directory;
  Durability durability = Durability::kProcess;
  // Upper bound in bytes on the memory that the engine may use for caches and buffers; 0 leaves the
  // engine's own default. The page cache is not bound by it. An engine that cannot honour it says
  // so in EngineInfo::notes.
  uint64_t memory_budget_bytes = 0;
  // Handles that will exist at the same time, so that an engine can size its tables.
  unsigned max_handles = 64;
  // Settings of this engine, "--engine lmdb:map_size=4GiB" -> {"map_size", "4GiB"}. Unknown names
  // and unreadable values are refused with kInvalidOption.
  std::map<std::string, std::string> settings;
};

inline constexpr unsigned kAnyNumberOfThreads = std::numeric_limits<unsigned>::max();

// What an engine can do. Declared, never emulated: a workload that needs more is "unsupported".
struct EngineCapabilities {
  bool stores_data = true;  // only `null` may say no
  bool ordered_scan = false;
  bool multi_get = false;                      // a batched lookup that is more than a loop over Get
  unsigned max_threads = kAnyNumberOfThreads;  // threads that may hold a handle each
  size_t min_key_bytes = 0;
  size_t max_key_bytes = 0;
  size_t max_value_bytes = 0;
  // Tiers whose promise the engine keeps. A weaker tier than asked for is never used; a stronger
  // one may be, and Info() then says so ("as process").
  std::vector<Durability> tiers = {Durability::kNone, Durability::kProcess, Durability::kSync};
};

// What was really opened. Travels with every result.
struct EngineInfo {
  std::string library;          // "RocksDB"; the engine's own name for a home-made store
  std::string library_version;  // "7.8.3"
  // Options as effective, library defaults included where they matter, in a stable order.
  std::vector<std::pair<std::string, std::string>> effective_options;
  // Sentences a reader of the result must know: a budget that is not honoured, a tier that is
  // stronger than asked for.
  std::vector<std::string> notes;
};

// Counters since the store was opened, summed over all handles.
struct EngineCounters {
  uint64_t busy_waits = 0;  // times a handle had to wait for a lock held by another (SQLite's busy)
  uint64_t busy_wait_ns = 0;  // total time of those waits
};

// Receives one entry of a scan. The views are valid during the call only.
using ScanVisitor = std::function<void(std::string_view key, std::string_view value)>;

// A handle on one open store.
//
// Thread safety: one thread at a time per handle, except Clone(), which is safe from any thread at
// any time. Handles of one store may be used at the same time by up to
// EngineCapabilities::max_threads threads; each engine protects what they share in its own way, and
// that difference is what kvs-bench measures.
//
// Lifetime: the store closes when its last handle is destroyed. Destructors do not throw, so call
// Settle() first where a failure to write buffered data matters.
//
// Keys and values are arbitrary bytes, NUL included. Every operation throws EngineError on failure;
// none retries a failure into success. A key or value beyond the declared limits throws kLimit and
// changes nothing.
class KvsEngine {
 public:
  KvsEngine() = default;
  KvsEngine(const KvsEngine&) = delete;
  KvsEngine& operator=(const KvsEngine&) = delete;
  virtual ~KvsEngine() = default;

  // Returns another handle on the same store. Cheap: no I/O on the data.
  virtual std::unique_ptr<KvsEngine> Clone() const = 0;

  // Stores `value` under `key`, replacing what was there. On return the write has what the store's
  // durability tier promises and is visible to every handle.
  virtual void Set(std::string_view key, std::string_view value) = 0;

  // As Set(keys[i], values[i]) for every i in turn; what Set promises holds for all of them on
  // return. Not atomic: a reader meanwhile, or a failure, may find any part of them stored. Both
  // spans have the same length. The load of a workload writes so. This calls Set; an engine that
  // can do better overrides it, and leaves a store that is as fast to use as Set would leave it.
  virtual void SetMany(std::span<const std::string_view> keys,
                       std::span<const std::string_view> values);

  // Looks `key` up. Returns true and replaces the contents of `value` with a copy of the stored
  // bytes, or returns false and leaves `value` unspecified. Callers reuse `value` so that a warm
  // call need not allocate.
  virtual bool Get(std::string_view key, std::string& value) = 0;

  // Removes `key`, with the same durability and visibility as Set.
  virtual RemoveResult Remove(std::string_view key) = 0;

  // Looks up keys[i] into values[i] and found[i], for every i. All three spans have the same
  // length. Not atomic across keys. Throws kUnsupported unless EngineCapabilities::multi_get.
  virtual void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                        std::span<bool> found);

  // Visits up to `limit` entries in ascending byte order of the key, from the first key not less
  // than `start`, which is a bound and no key: it may be empty, or longer than any key. Returns how
  // many were visited. Every visited entry was in the store at some moment during the call, not
  // necessarily the same one for all. Of the keys between `start` and the last one visited, or all
  // from `start` on when fewer than `limit` were visited, none that was in the store throughout the
  // call is left out, and none is visited twice. `visit` must not use this store, through any
  // handle, nor wait for a thread that does: an engine may call it with its lock held. What it
  // throws ends the scan and passes through. Throws kUnsupported unless
  // EngineCapabilities::ordered_scan.
  virtual size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit);

  // Finishes what the engine has put off: hands every acknowledged write to the kernel and waits
  // for background flushes and compactions that are due. Called between load and measurement, and
  // before a close whose success matters. May take long.
  virtual void Settle() = 0;

  virtual EngineInfo Info() const = 0;
  virtual EngineCounters Counters() const { return {}; }
};

}  // namespace kvs

#endif  // KVS_ENGINES_ENGINE_H_
