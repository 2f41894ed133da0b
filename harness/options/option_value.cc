#include "harness/options/option_value.h"

#include <charconv>
#include <system_error>

namespace kvs {

std::vector<std::string> SplitItems(const std::string& text) {
  std::vector<std::string> items;
  size_t begin = 0;
  for (;;) {
    const size_t end = text.find(',', begin);
    items.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return items;
    begin = end + 1;
  }
}

std::pair<std::string, std::string> ParseProperty(std::string_view option,
                                                  const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw UsageError(fmt::format("{}: '{}' is not of the form KEY=VALUE", option, text));
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

uint64_t ParseNumber(std::string_view text, uint64_t least, uint64_t most) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    throw UsageError(fmt::format("'{}' is not a whole number from {} to {}", text, least, most));
  }
  return number;
}

}  // namespace kvs
