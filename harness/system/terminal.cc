#include "harness/system/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace kvs {

bool UsesColor(int fd, bool is_wanted) {
  const char* no_color = std::getenv("NO_COLOR");
  return is_wanted && (no_color == nullptr || *no_color == '\0') && isatty(fd) == 1;
}

}  // namespace kvs
