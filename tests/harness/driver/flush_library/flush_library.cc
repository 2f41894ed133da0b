#include <unistd.h>

// Stands for a foreign library that flushes on its own account.
extern "C" __attribute__((visibility("default"))) int FlushInLibrary(int fd) {
  return fsync(fd) == 0 && fdatasync(fd) == 0 ? 0 : -1;
}

extern "C" __attribute__((visibility("default"))) ssize_t WriteInLibrary(int fd, const void* data,
                                                                         size_t size) {
  return write(fd, data, size);
}
