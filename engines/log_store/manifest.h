// The list of a store's segments, replaced atomically.
#ifndef KVS_ENGINES_LOG_STORE_MANIFEST_H_
#define KVS_ENGINES_LOG_STORE_MANIFEST_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engines/log_store/file.h"
#include "engines/log_store/format.h"
#include "engines/thread_annotations.h"

namespace kvs {

struct ManifestEntry {
  SegmentKind kind = SegmentKind::kWrites;
  // Bytes from the start of the file that are known to be on the device. Damage before that is
  // corruption; beyond it, it may be the tail of a write that never finished.
  uint64_t synced_size = 0;
  // True when nothing follows `synced_size`.
  bool sealed = false;

  bool operator==(const ManifestEntry&) const = default;
};

using ManifestEntries = std::map<uint64_t, ManifestEntry>;  // by generation

// What a manifest file says.
struct ManifestContent {
  StoreId store{};
  uint64_t next_generation = 1;  // above every listed one
  ManifestEntries entries;

  bool operator==(const ManifestContent&) const = default;
};

// The text of a manifest file, and back. DecodeManifest throws EngineError about the file at
// `path`: kCorruption with the offset, kForeignStore on a newer version.
std::string EncodeManifest(const ManifestContent& content);
ManifestContent DecodeManifest(std::string_view engine, const std::filesystem::path& path,
                               std::string_view text);

// Thread safety: safe from any thread. Invariants:
//   1. The file on the device is always one complete manifest: the next one is written aside and
//      synced, then renamed over it, then the directory is synced.
//   2. What Update returned from is durable. An Update that throws leaves the entries in memory
//      as they were. On the device they are so, too, when the error is kFull (there was no room for
//      the file written aside); otherwise they are either the old or the new ones, and the store
//      must stop writing.
class Manifest {
 public:
  static constexpr const char* kFileName = "MANIFEST";
  static constexpr const char* kUnfinishedFileName = "MANIFEST.new";

  // Makes the manifest of a new, empty store.
  static std::unique_ptr<Manifest> Create(FileSystem& files, const std::filesystem::path& directory,
                                          const StoreId& store);
  // Reads an existing one. Throws what DecodeManifest does.
  static std::unique_ptr<Manifest> Load(FileSystem& files, const std::filesystem::path& directory,
                                        std::string_view engine);

  const StoreId& store() const { return store_; }
  ManifestEntries Entries() const KVS_EXCLUDES(mutex_);
  // A generation that no segment was ever listed with.
  uint64_t NextGeneration() const KVS_EXCLUDES(mutex_);
  // Applies `change` to the entries and makes the result durable.
  void Update(const std::function<void(ManifestEntries&)>& change) KVS_EXCLUDES(mutex_);

 private:
  Manifest(FileSystem& files, const std::filesystem::path& directory, const StoreId& store,
           uint64_t next_generation, ManifestEntries entries)
      : files_(files),
        directory_(directory),
        store_(store),
        next_generation_(next_generation),
        entries_(std::move(entries)) {}
  void Write(uint64_t next_generation, const ManifestEntries& entries) KVS_REQUIRES(mutex_);

  FileSystem& files_;
  const std::filesystem::path directory_;
  const StoreId store_;
  mutable Mutex mutex_;
  uint64_t next_generation_ KVS_GUARDED_BY(mutex_);
  ManifestEntries entries_ KVS_GUARDED_BY(mutex_);
};

// A random store identity from the operating system.
StoreId NewStoreId(std::string_view engine);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_MANIFEST_H_
