#include "results/text_layout.h"

#include <fmt/format.h>

#include <algorithm>

namespace kvs {

std::string Painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::kPlain || text.empty()) return std::string(text);
  constexpr const char* kCodes[] = {"", "1", "2", "32", "33", "31"};
  return fmt::format("\033[{}m{}\033[0m", kCodes[static_cast<size_t>(paint)], text);
}

std::string Wrapped(std::string_view first, std::string_view text, Paint paint, bool colour) {
  std::string out;
  std::string line(first);
  bool line_is_empty = true;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!line_is_empty && line.size() + 1 + word.size() > kTextWidth) {
      out += Painted(line, paint, colour) + "\n";
      line.assign(first.size(), ' ');
      line_is_empty = true;
    }
    if (!line_is_empty) line += ' ';
    line += word;
    line_is_empty = false;
  }
  return out + Painted(line, paint, colour) + "\n";
}

}  // namespace kvs
