#include "harness/system/bus_error.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <string_view>

namespace kvs {
namespace {

// All of this but ReportBusErrors() runs in the handler of a signal, so it allocates nothing and
// calls nothing that signal-safety(7) does not list.

struct sigaction previous_action;  // a handler gets no argument of ours

void Write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    text.remove_prefix(static_cast<size_t>(n));
  }
}

// Lines of a file, of which only the first kLongest bytes are kept.
class LineReader {
 public:
  explicit LineReader(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  ~LineReader() { ::close(fd_); }
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // The next line without its end, valid until the next call; false at the end of the file.
  bool Next(std::string_view& line) {
    size_t size = 0;
    for (char c = 0; NextByte(c);) {
      if (c == '\n') {
        line = {line_, size};
        return true;
      }
      if (size < kLongest) line_[size++] = c;
    }
    return false;
  }

 private:
  static constexpr size_t kLongest = 1024;

  bool NextByte(char& c) {
    if (next_ == end_) {
      const ssize_t n = ::read(fd_, buffer_, sizeof buffer_);
      if (n <= 0) return false;
      next_ = 0;
      end_ = static_cast<size_t>(n);
    }
    c = buffer_[next_++];
    return true;
  }

  const int fd_;
  char buffer_[1024];
  size_t next_ = 0;
  size_t end_ = 0;
  char line_[kLongest];
};

// Takes a hexadecimal number and the character behind it off the front of `text`.
uint64_t TakeHex(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  const size_t taken = static_cast<size_t>(end - text.data()) + 1;
  text.remove_prefix(std::min(taken, text.size()));
  return error == std::errc() ? number : 0;
}

// A line of /proc/self/maps: "<begin>-<end> <permissions> <offset> <device> <inode>  <path>".
void ReportIn(std::string_view line, uint64_t address) {
  const uint64_t begin = TakeHex(line);
  const uint64_t end = TakeHex(line);
  if (address < begin || address >= end) return;
  line.remove_prefix(std::min(line.find(' ') + 1, line.size()));
  const uint64_t offset = TakeHex(line) + (address - begin);
  const size_t path = line.find('/');
  if (path == std::string_view::npos) return;
  char digits[20];
  const auto [digits_end, error] = std::to_chars(digits, digits + sizeof digits, offset);
  Write(line.substr(path));
  Write(": offset ");
  Write({digits, static_cast<size_t>(digits_end - digits)});
  Write(
      ": the mapped file cannot be read there: the device failed, or the file was cut short "
      "(SIGBUS)\n");
}

void Handle(int signal, siginfo_t* info, void*) {
  const int old_errno = errno;
  const bool is_of_a_mapping = info->si_code > 0;  // else sent by a process
  if (is_of_a_mapping) {
    LineReader maps("/proc/self/maps");
    for (std::string_view line; maps.Next(line);) {
      ReportIn(line, reinterpret_cast<uint64_t>(info->si_addr));
    }
  }
  ::sigaction(SIGBUS, &previous_action, nullptr);
  // What went wrong is tried again, and goes wrong again.
  if (!is_of_a_mapping) ::raise(signal);
  errno = old_errno;
}

}  // namespace

void ReportBusErrors() {
  struct sigaction action = {};
  action.sa_sigaction = Handle;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, &previous_action);
}

}  // namespace kvs
