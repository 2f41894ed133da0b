#include "harness/output/status_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>

#include <fmt/format.h>

namespace kvs {
namespace {

size_t TerminalColumns() {
  winsize size{};
  constexpr size_t kUsual = 80;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kUsual;
  return size.ws_col;
}

}  // namespace

void StatusLine::Say(std::string_view message) {
  if (!options_.quiet) SayAnyway(message);
}

void StatusLine::SayAnyway(std::string_view message) {
  Clear();
  fmt::print(stderr, "{}\n", message);
}

void StatusLine::Warn(std::string_view message) {
  Clear();
  fmt::print(stderr, "{}warning:{} {}\n", options_.color ? "\033[33m" : "",
             options_.color ? "\033[0m" : "", message);
}

void StatusLine::Show(std::string_view text) {
  if (!options_.live || options_.quiet) return;
  fmt::print(stderr, "\r\033[K{}", text.substr(0, TerminalColumns() - 1));
  std::fflush(stderr);
  is_shown_ = true;
}

void StatusLine::Clear() {
  if (!is_shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  is_shown_ = false;
}

}  // namespace kvs
