#include "harness/file_claim.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
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
  // Who holds the claim may have replaced the file since it was opened here.
  struct stat claimed {
  }, named{};
  if (fstat(fd, &claimed) != 0 || stat(path.c_str(), &named) != 0 ||
      claimed.st_ino != named.st_ino || claimed.st_dev != named.st_dev) {
    close(fd);
    return false;
  }
  if (const int before = std::exchange(fd_, fd); before >= 0) close(before);
  return true;
}

}  // namespace kvs
