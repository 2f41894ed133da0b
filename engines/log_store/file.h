// Every access of the log-structured store to the file system. Nothing else in the store makes a
// system call on a file, so that a test can stand between the store and the disk.
#ifndef KVS_ENGINES_LOG_STORE_FILE_H_
#define KVS_ENGINES_LOG_STORE_FILE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvs {

// A shared mapping of the beginning of a file. A completed store into it is in the kernel's hands:
// it survives the death of the process. Unmapped on destruction. The file is never truncated
// while it is mapped.
class Mapping {
 public:
  Mapping(char* data, size_t size) : data_(data), size_(size) {}
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return data_; }
  size_t size() const { return size_; }

  // Between them nobody may look at it: AddressSanitizer, if there, reports who does.
  void Poison();
  void Unpoison();

 private:
  char* const data_;
  const size_t size_;
};

// In what pieces the page cache shall hold a file. Linux takes pieces (folios) as large as the
// writes that fill a file, where the file system can (ext4 since 6.16, XFS): a processor finds its
// way in large ones with fewer loads, but one that was touched anywhere is flushed as a whole.
// docs/page-cache-pieces.md has the figures.
enum class CachedAs {
  kSmallPieces,  // of a page: for a file that is flushed after small writes
  kHugePieces,   // of 2 MiB, as a huge page has, for a file that is read at random
};

// An open file. Every failure is thrown as EngineError: kFull when the device or quota is full,
// kIo otherwise. Interrupted calls are resumed and short writes completed.
//
// Thread safety: Sync may be called beside anything; other calls one at a time.
class File {
 public:
  virtual ~File() = default;

  virtual const std::filesystem::path& path() const = 0;
  virtual uint64_t Size() const = 0;
  virtual void Append(std::string_view data) = 0;
  virtual std::string ReadAll() const = 0;
  // Makes the file `size` bytes long, with every block allocated and the bytes behind its end
  // written with zeros, so that a store into a mapping cannot fail for want of space, and the
  // fdatasync after it need not commit a journal, as it must for a block that is allocated but
  // unwritten.
  virtual void Allocate(uint64_t size, CachedAs cached_as) = 0;
  virtual void Truncate(uint64_t size) = 0;
  // Waits until the file's data is on the device (fdatasync), stores into mappings included. Fails
  // with kIo only, and is then not to be repeated: the kernel may have dropped what it could not
  // write.
  virtual void Sync() = 0;
  // Reads the bytes from `begin` to `end` and writes them again, so that the next Sync puts them on
  // the device even if an earlier one, perhaps of another process, failed: what the kernel could
  // not write stays readable, and counts as written.
  virtual void Rewrite(uint64_t begin, uint64_t end) = 0;
  // Maps the first `size` bytes, which must exist. `prefault` touches
  // every page for writing now rather than on first use; `size` must then be allocated.
  virtual std::unique_ptr<Mapping> Map(size_t size, bool writable, bool prefault) = 0;
  // Gives back the descriptor. Only path() may be called afterwards; mappings stay.
  virtual void Close() = 0;
};

// The directory of one store.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  virtual std::unique_ptr<File> Create(const std::filesystem::path& path) = 0;  // truncates
  virtual std::unique_ptr<File> Open(const std::filesystem::path& path) = 0;
  virtual bool Exists(const std::filesystem::path& path) = 0;
  virtual void Rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual void Remove(const std::filesystem::path& path) = 0;
  virtual std::vector<std::string> List(const std::filesystem::path& directory) = 0;
  // Waits until the names in `directory` are on the device. Fails with kIo only: unlike a write for
  // which there was no room, a failed sync leaves in the open what is on the device.
  virtual void SyncDirectory(const std::filesystem::path& directory) = 0;
};

// The operating system's. `engine` names the engine in errors.
std::unique_ptr<FileSystem> PosixFileSystem(std::string_view engine);

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_FILE_H_
