// The beginning of a small file of the system, read at the edges of a window.
#ifndef KVS_HARNESS_SYSTEM_SHORT_FILE_H_
#define KVS_HARNESS_SYSTEM_SHORT_FILE_H_

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace kvs {

// Without allocation and locale.
struct ShortFile {
  explicit ShortFile(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    const ssize_t size = read(fd, buffer, sizeof buffer);
    close(fd);
    if (size >= 0) text = {buffer, static_cast<size_t>(size)};
  }
  ShortFile(const ShortFile&) = delete;
  ShortFile& operator=(const ShortFile&) = delete;

  char buffer[1024];
  std::string_view text;  // empty: could not be read
};

}  // namespace kvs

#endif  // KVS_HARNESS_SYSTEM_SHORT_FILE_H_
