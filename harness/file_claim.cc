#include "harness/file_claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace kvs {

FileClaim::~FileClaim() {
  if (fd_ >= 0) close(fd_);
}

bool FileClaim::Take(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    close(fd);
    return false;
  }
  if (const int before = std::exchange(fd_, fd); before >= 0) close(before);
  return true;
}

}  // namespace kvs
