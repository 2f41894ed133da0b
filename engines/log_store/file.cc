#include "engines/log_store/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "engines/engine.h"
#include "engines/sanitizers.h"
#if KVS_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace kvs {
namespace {

[[noreturn]] void Fail(std::string_view engine, std::string_view operation,
                       const std::filesystem::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  throw EngineError(full ? ErrorKind::kFull : ErrorKind::kIo, engine, operation, path,
                    std::system_category().message(error));
}

[[noreturn]] void FailSync(std::string_view engine, std::string_view operation,
                           const std::filesystem::path& path, int error) {
  throw EngineError(ErrorKind::kIo, engine, operation, path, std::system_category().message(error));
}

// Repeats `call` while a signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result == -1 && errno == EINTR);
  return result;
}

const size_t kPage = static_cast<size_t>(::getpagesize());
constexpr size_t kHugePiece = size_t{2} << 20;

class PosixFile final : public File {
 public:
  PosixFile(std::string_view engine, const std::filesystem::path& path, int flags)
      : engine_(engine), path_(path) {
    fd_ = Uninterrupted([&] { return ::open(path_.c_str(), flags | O_CLOEXEC, 0666); });
    if (fd_ < 0) Fail(engine_, (flags & O_CREAT) != 0 ? "create" : "open", path_, errno);
  }
  ~PosixFile() override { Close(); }

  const std::filesystem::path& path() const override { return path_; }

  uint64_t Size() const override {
    struct stat status;
    if (::fstat(fd_, &status) != 0) Fail(engine_, "stat", path_, errno);
    return static_cast<uint64_t>(status.st_size);
  }

  void Append(std::string_view data) override {
    while (!data.empty()) {
      const ssize_t n = Uninterrupted([&] { return ::write(fd_, data.data(), data.size()); });
      if (n < 0) Fail(engine_, "write", path_, errno);
      data.remove_prefix(static_cast<size_t>(n));
    }
  }

  std::string ReadAll() const override {
    std::string data(Size(), '\0');
    size_t done = 0;
    while (done < data.size()) {
      const ssize_t n = Uninterrupted([&] {
        return ::pread(fd_, data.data() + done, data.size() - done, static_cast<off_t>(done));
      });
      if (n < 0) Fail(engine_, "read", path_, errno);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    data.resize(done);
    return data;
  }

  void Allocate(uint64_t size, CachedAs cached_as) override {
    const uint64_t old_size = Size();
    int error = 0;
    do {
      error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    } while (error == EINTR);
    if (error != 0) Fail(engine_, "allocate", path_, error);
    if (size <= old_size) return;
    const size_t at_once = cached_as == CachedAs::kHugePieces ? kHugePiece : kPage;
    const std::vector<char> zeros(std::min<uint64_t>(at_once, size - old_size));
    for (uint64_t done = old_size; done < size;) {
      const size_t piece = std::min<uint64_t>(at_once - done % at_once, size - done);
      const ssize_t n = Uninterrupted(
          [&] { return ::pwrite(fd_, zeros.data(), piece, static_cast<off_t>(done)); });
      if (n < 0) Fail(engine_, "write", path_, errno);
      done += static_cast<uint64_t>(n);
    }
  }

  void Truncate(uint64_t size) override {
    if (Uninterrupted([&] { return ::ftruncate(fd_, static_cast<off_t>(size)); }) != 0) {
      Fail(engine_, "truncate", path_, errno);
    }
  }

  void Rewrite(uint64_t begin, uint64_t end) override {
    std::vector<char> bytes(std::min<uint64_t>(end - begin, kHugePiece));
    while (begin < end) {
      const size_t piece = std::min<uint64_t>(end - begin, bytes.size());
      const ssize_t got = Uninterrupted(
          [&] { return ::pread(fd_, bytes.data(), piece, static_cast<off_t>(begin)); });
      if (got < 0) Fail(engine_, "read", path_, errno);
      if (got == 0) return;
      for (ssize_t done = 0; done < got;) {
        const ssize_t n = Uninterrupted([&] {
          return ::pwrite(fd_, bytes.data() + done, static_cast<size_t>(got - done),
                          static_cast<off_t>(begin) + done);
        });
        if (n < 0) Fail(engine_, "write", path_, errno);
        done += n;
      }
      begin += static_cast<uint64_t>(got);
    }
  }

  void Sync() override {
    // Not resumed after EINTR or any other error: what the kernel then knows of the dirty pages is
    // not defined.
    if (::fdatasync(fd_) != 0) FailSync(engine_, "fdatasync", path_, errno);
  }

  std::unique_ptr<Mapping> Map(size_t size, bool writable, bool prefault) override {
    const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    // Linux chooses an address that suits huge pages (since 5.18, on file systems that can).
    void* address = ::mmap(nullptr, size, protection, MAP_SHARED, fd_, 0);
    if (address == MAP_FAILED) Fail(engine_, "mmap", path_, errno);
    auto mapping = std::make_unique<Mapping>(static_cast<char*>(address), size);
#if defined(MADV_POPULATE_WRITE)
    // An optimisation only: a kernel that cannot (before 5.14) faults the pages in one by one.
    if (prefault) (void)::madvise(address, size, MADV_POPULATE_WRITE);
#else
    (void)prefault;
#endif
    return mapping;
  }

  // What close reports is no news: whatever had to be on the device was synced.
  void Close() override {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  const std::string engine_;
  const std::filesystem::path path_;
  int fd_ = -1;
};

class Posix final : public FileSystem {
 public:
  explicit Posix(std::string_view engine) : engine_(engine) {}

  std::unique_ptr<File> Create(const std::filesystem::path& path) override {
    return std::make_unique<PosixFile>(engine_, path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW);
  }

  std::unique_ptr<File> Open(const std::filesystem::path& path) override {
    return std::make_unique<PosixFile>(engine_, path, O_RDWR | O_NOFOLLOW);
  }

  bool Exists(const std::filesystem::path& path) override {
    struct stat status;
    if (::lstat(path.c_str(), &status) == 0) return true;
    if (errno != ENOENT) Fail(engine_, "stat", path, errno);
    return false;
  }

  void Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) Fail(engine_, "rename", from, errno);
  }

  void Remove(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0) Fail(engine_, "unlink", path, errno);
  }

  std::vector<std::string> List(const std::filesystem::path& directory) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    while (!error && entries != std::filesystem::directory_iterator()) {
      names.push_back(entries->path().filename().string());
      entries.increment(error);
    }
    if (error) Fail(engine_, "list", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  void SyncDirectory(const std::filesystem::path& directory) override {
    const int fd = Uninterrupted(
        [&] { return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) Fail(engine_, "open", directory, errno);
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    if (error != 0) FailSync(engine_, "fsync", directory, error);
  }

 private:
  const std::string engine_;
};

}  // namespace

void Mapping::Poison() {
#if KVS_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(data_, size_);
#endif
}

void Mapping::Unpoison() {
#if KVS_ADDRESS_SANITIZER
  ASAN_UNPOISON_MEMORY_REGION(data_, size_);
#endif
}

Mapping::~Mapping() {
  Unpoison();  // the addresses may be given to somebody else
  ::munmap(data_, size_);
}

std::unique_ptr<FileSystem> PosixFileSystem(std::string_view engine) {
  return std::make_unique<Posix>(engine);
}

}  // namespace kvs
