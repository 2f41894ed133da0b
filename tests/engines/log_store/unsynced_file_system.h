// The operating system's file system without its syncs, which cost milliseconds each and make no
// difference to a test that does not pull the plug. They are counted instead.
#ifndef KVS_TESTS_ENGINES_LOG_STORE_UNSYNCED_FILE_SYSTEM_H_
#define KVS_TESTS_ENGINES_LOG_STORE_UNSYNCED_FILE_SYSTEM_H_

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engines/engine.h"
#include "engines/log_store/file.h"
#include "engines/log_store/format.h"
#include "engines/store_directory.h"

namespace kvs {

// What the files do instead of syncing. Shared by a file system and its files.
struct SyncRecorder {
  std::atomic<uint64_t> file_syncs{0};
  std::atomic<uint64_t> directory_syncs{0};
  std::atomic<uint64_t> allocations{0};
  std::atomic<bool> hold_file_syncs{false};   // until it is cleared and notified
  std::atomic<bool> fail_file_syncs{false};   // with EIO
  std::atomic<bool> fail_allocations{false};  // with ENOSPC
  std::atomic<bool> fail_appends{false};      // with ENOSPC; to manifests
  std::atomic<bool> fail_hints{false};        // likewise, to hints
};

class UnsyncedFile final : public File {
 public:
  UnsyncedFile(std::unique_ptr<File> file, std::shared_ptr<SyncRecorder> recorder)
      : file_(std::move(file)), recorder_(std::move(recorder)) {}

  const std::filesystem::path& path() const override { return file_->path(); }
  uint64_t Size() const override { return file_->Size(); }
  void Append(std::string_view data) override {
    const bool fails = path().extension() == ".hint"  ? recorder_->fail_hints.load()
                       : path().extension() == ".log" ? false
                                                      : recorder_->fail_appends.load();
    if (fails) {
      throw EngineError(ErrorKind::kFull, "test", "write", path(), "no space (injected)");
    }
    file_->Append(data);
  }
  std::string ReadAll() const override { return file_->ReadAll(); }
  void Allocate(uint64_t size, CachedAs cached_as) override {
    ++recorder_->allocations;
    if (recorder_->fail_allocations) {
      throw EngineError(ErrorKind::kFull, "test", "allocate", path(), "no space (injected)");
    }
    file_->Allocate(size, cached_as);
  }
  void Truncate(uint64_t size) override { file_->Truncate(size); }
  void Sync() override {
    ++recorder_->file_syncs;
    recorder_->hold_file_syncs.wait(true);
    if (recorder_->fail_file_syncs) {
      throw EngineError(ErrorKind::kIo, "test", "fdatasync", path(), "I/O error (injected)");
    }
  }
  void Rewrite(uint64_t begin, uint64_t end) override { file_->Rewrite(begin, end); }
  std::unique_ptr<Mapping> Map(size_t size, bool writable, bool prefault) override {
    return file_->Map(size, writable, prefault);
  }
  void Close() override { file_->Close(); }

 private:
  const std::unique_ptr<File> file_;
  const std::shared_ptr<SyncRecorder> recorder_;
};

class UnsyncedFileSystem final : public FileSystem {
 public:
  explicit UnsyncedFileSystem(std::string_view engine) : files_(PosixFileSystem(engine)) {}

  SyncRecorder& recorder() { return *recorder_; }

  std::unique_ptr<File> Create(const std::filesystem::path& path) override {
    return std::make_unique<UnsyncedFile>(files_->Create(path), recorder_);
  }
  std::unique_ptr<File> Open(const std::filesystem::path& path) override {
    return std::make_unique<UnsyncedFile>(files_->Open(path), recorder_);
  }
  bool Exists(const std::filesystem::path& path) override { return files_->Exists(path); }
  void Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    files_->Rename(from, to);
  }
  void Remove(const std::filesystem::path& path) override { files_->Remove(path); }
  std::vector<std::string> List(const std::filesystem::path& directory) override {
    return files_->List(directory);
  }
  void SyncDirectory(const std::filesystem::path&) override { ++recorder_->directory_syncs; }

 private:
  const std::unique_ptr<FileSystem> files_;
  const std::shared_ptr<SyncRecorder> recorder_ = std::make_shared<SyncRecorder>();
};

// Makes `directory` claimed by the log-structured format, as StoreDirectory does, but without
// syncs.
inline void ClaimWithoutSync(const std::filesystem::path& directory) {
  std::filesystem::create_directory(directory);
  std::ofstream(directory / StoreDirectory::kMarkerName)
      << "kvs-bench store\nformat: " << kLogFormatName << "\nversion: " << kLogFormatVersion
      << "\n";
}

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_LOG_STORE_UNSYNCED_FILE_SYSTEM_H_
