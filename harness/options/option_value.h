// How the value of an option is read: lists, pairs and numbers.
#ifndef KVS_HARNESS_OPTIONS_OPTION_VALUE_H_
#define KVS_HARNESS_OPTIONS_OPTION_VALUE_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/exit_code.h"

namespace kvs {

// The items of `text` between its commas, empty ones too; at least one.
std::vector<std::string> SplitItems(const std::string& text);

// Both sides of the first '=' in `text`. Throws UsageError, naming `option`, when there is none or
// nothing stands before it.
std::pair<std::string, std::string> ParseProperty(std::string_view option, const std::string& text);

// Throws UsageError when `text` is anything but a whole number from `least` to `most`.
uint64_t ParseNumber(std::string_view text, uint64_t least, uint64_t most);

// Runs `parse` on the value of `option` if one was given; names the option in what it throws.
template <typename T, typename Parse>
void ParseOne(std::string_view option, const std::string& text, T& target, Parse parse) {
  if (text.empty()) return;
  try {
    target = parse(text);
  } catch (const UsageError& error) {
    throw UsageError(fmt::format("{}: {}", option, error.what()));
  }
}

// Calls `parse` on every comma-separated item of every value given to `option`. What `target` held
// is replaced if there is a value; an item that means the same as an earlier one is left out.
template <typename T, typename Parse>
void ParseList(std::string_view option, const std::vector<std::string>& values,
               std::vector<T>& target, Parse parse) {
  if (values.empty()) return;
  target.clear();
  for (const std::string& value : values) {
    for (const std::string& item : SplitItems(value)) {
      if (item.empty()) throw UsageError(fmt::format("{}: empty item in '{}'", option, value));
      const T parsed = parse(item);
      if (std::find(target.begin(), target.end(), parsed) == target.end()) target.push_back(parsed);
    }
  }
}

}  // namespace kvs

#endif  // KVS_HARNESS_OPTIONS_OPTION_VALUE_H_
