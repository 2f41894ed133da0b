#include "harness/system/page_cache.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace kvs {
namespace {

using std::filesystem::path;

// Of a file that is mapped and looked at at once.
constexpr uint64_t kPieceBytes = uint64_t{256} << 20;

[[noreturn]] void Fail(const char* what, const path& file, int error) {
  throw std::filesystem::filesystem_error(what, file,
                                          std::error_code(error, std::generic_category()));
}

class OpenFile {
 public:
  OpenFile(const path& file, int flags) : fd_(::open(file.c_str(), flags | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  const int fd_;
};

// Runs `work` on a thread with a table of descriptors of its own. Closing a descriptor ends all
// locks of fcntl(2) that its table has on the file, whoever took them: an engine that is open has
// such locks on the files that are looked at here, and they are in the table of the process.
void WithOwnDescriptors(const std::function<void()>& work) {
  std::exception_ptr failure;
  std::thread thread([&] {
    try {
      if (::unshare(CLONE_FILES) != 0) {
        throw std::system_error(errno, std::generic_category(), "unshare");
      }
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
}

// Calls `action` with each regular file that is still there.
void ForEachFile(const path& directory, const std::function<void(const path&, int fd)>& action) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    std::error_code vanished;
    if (!entry.is_regular_file(vanished) || entry.is_symlink(vanished)) continue;
    const OpenFile file(entry.path(), O_RDONLY | O_NOFOLLOW);
    if (file.fd() < 0) {
      if (errno == ENOENT) continue;
      Fail("open", entry.path(), errno);
    }
    action(entry.path(), file.fd());
  }
}

// Bytes of the file from `offset` on, `size` of them, that are resident.
std::optional<uint64_t> ResidentBytes(int fd, uint64_t offset, uint64_t size, uint64_t page_bytes) {
  // No page is touched, so no permission is needed of the mapping.
  void* address = ::mmap(nullptr, size, PROT_NONE, MAP_SHARED, fd, static_cast<off_t>(offset));
  if (address == MAP_FAILED) return std::nullopt;
  std::vector<unsigned char> pages((size + page_bytes - 1) / page_bytes);
  const bool told = ::mincore(address, size, pages.data()) == 0;
  ::munmap(address, size);
  if (!told) return std::nullopt;
  const auto resident = static_cast<uint64_t>(
      std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return page & 1; }));
  const uint64_t beyond_end = pages.size() * page_bytes - size;
  const bool last_is_resident = (pages.back() & 1) != 0;
  return resident * page_bytes - (last_is_resident ? beyond_end : 0);
}

}  // namespace

std::string_view ToString(ColdStart cold) { return cold == ColdStart::kDrop ? "drop" : "evict"; }

std::optional<ColdStart> ParseColdStart(std::string_view text) {
  for (const ColdStart cold : {ColdStart::kEvict, ColdStart::kDrop}) {
    if (ToString(cold) == text) return cold;
  }
  return std::nullopt;
}

std::optional<PageCacheShare> ReadPageCacheShare(const path& directory) {
  const auto page_bytes = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  PageCacheShare share;
  bool told = true;
  WithOwnDescriptors([&] {
    ForEachFile(directory, [&](const path&, int fd) {
      struct stat status {};
      if (::fstat(fd, &status) != 0) {
        told = false;
        return;
      }
      const auto size = static_cast<uint64_t>(status.st_size);
      share.file_bytes += size;
      for (uint64_t offset = 0; offset < size; offset += kPieceBytes) {
        const std::optional<uint64_t> resident =
            ResidentBytes(fd, offset, std::min(kPieceBytes, size - offset), page_bytes);
        told = told && resident.has_value();
        share.resident_bytes += resident.value_or(0);
      }
    });
  });
  return told ? std::optional(share) : std::nullopt;
}

void EvictFromPageCache(const path& directory) {
  WithOwnDescriptors([&] {
    ForEachFile(directory, [](const path& file, int fd) {
      // Dirty pages stay.
      if (::fsync(fd) != 0) Fail("fsync", file, errno);
      const int error = ::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      if (error != 0) Fail("posix_fadvise", file, error);
    });
  });
}

void DropCachesOfMachine(const path& file) {
  const OpenFile drop(file, O_WRONLY);
  if (drop.fd() < 0) Fail("open", file, errno);
  constexpr char kPagesAndInodes[] = {'3', '\n'};
  if (::write(drop.fd(), kPagesAndInodes, sizeof kPagesAndInodes) < 0) Fail("write", file, errno);
}

int WhyCachesCannotBeDropped(const path& file) {
  return ::access(file.c_str(), W_OK) == 0 ? 0 : errno;
}

}  // namespace kvs
