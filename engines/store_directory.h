// The claim that an open store has on its directory.
#ifndef KVS_ENGINES_STORE_DIRECTORY_H_
#define KVS_ENGINES_STORE_DIRECTORY_H_

#include <filesystem>
#include <string>
#include <string_view>

namespace kvs {

// The on-disk format that a store directory holds. Engines that read each other's stores share one.
struct StoreFormat {
  std::string_view name;  // one line: "rocksdb", "log-structured store"
  unsigned version = 1;   // the newest version that this build reads; older ones are accepted too
};

// Makes sure that a directory holds a store of one format, or nothing yet, and that nobody else
// has it open.
//
// The claim is a marker file that names the format, written when the directory is empty, and an
// advisory lock (flock) on the directory, held until destruction. The lock is taken before
// anything is looked at, so that two openers of an empty directory cannot both create a store. It
// is dropped by the kernel when the process dies, however it dies. A child made by fork() without
// exec() shares it.
//
// Nothing that was in the directory is ever deleted or overwritten.
//
// Thread safety: immutable after construction.
class StoreDirectory {
 public:
  // The marker's name inside the directory. It is the only file that this class makes and leaves.
  static constexpr std::string_view kMarkerName = "KVS_STORE";

  // Claims `directory`, which is created when missing (its parent must exist). `engine` is the name
  // used in errors. Throws EngineError:
  //   kLocked        another handle or another process has the store open
  //   kForeignStore  the directory holds something else, another format, or a newer version
  //   kCorruption    the marker is not readable
  //   kIo            it is a file, cannot be created, entered or written, or the system failed
  //   kFull          no space for the marker
  StoreDirectory(std::string_view engine, const std::filesystem::path& directory,
                 const StoreFormat& format);
  ~StoreDirectory();
  StoreDirectory(const StoreDirectory&) = delete;
  StoreDirectory& operator=(const StoreDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // True when the directory was empty: this is a new store.
  bool is_new() const { return is_new_; }
  // The version in the marker: at most StoreFormat::version.
  unsigned version() const { return version_; }

 private:
  void OpenAndLock();
  void CheckWritable() const;
  bool HoldsOnlyOurLeftovers() const;
  void ReadMarker(const StoreFormat& format);
  void WriteMarker(const StoreFormat& format) const;
  [[noreturn]] void Fail(int error, std::string_view what) const;

  const std::string engine_;
  const std::filesystem::path path_;
  int fd_ = -1;  // the directory itself; carries the lock
  bool is_new_ = false;
  unsigned version_ = 0;
};

}  // namespace kvs

#endif  // KVS_ENGINES_STORE_DIRECTORY_H_
