#include "harness/output/file_claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace kvs {
namespace {

// Whether the open file is the one at `path`.
bool IsAt(int fd, const std::filesystem::path& path) {
  struct stat opened {
  }, named{};
  return fd >= 0 && fstat(fd, &opened) == 0 && stat(path.c_str(), &named) == 0 &&
         opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

}  // namespace

FileClaim::FileClaim(FileClaim&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileClaim& FileClaim::operator=(FileClaim&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileClaim::~FileClaim() {
  if (fd_ >= 0) close(fd_);
}

bool FileClaim::Take(const std::filesystem::path& path) {
  if (IsAt(fd_, path)) return true;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(fd);
    return false;
  }
  // Who holds the claim may have replaced the file since it was opened here.
  if (!IsAt(fd, path)) {
    close(fd);
    return false;
  }
  if (const int before = std::exchange(fd_, fd); before >= 0) close(before);
  return true;
}

}  // namespace kvs
