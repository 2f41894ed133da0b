#include "harness/driver/wrong_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace kvs {

void WrongAnswers::Add(std::string_view operation, std::string_view key, uint64_t key_number,
                       std::string_view expected, std::string_view seen) {
  ++count;
  if (examples.size() == kMaxExamples) return;
  examples.push_back(fmt::format("{} of key {} (number {}): expected {}, saw {}", operation,
                                 Printable(key), key_number, expected, seen));
}

void WrongAnswers::AddStale(std::string_view operation, std::string_view key,
                            const AcknowledgedWrite& written, const ValueOrigin& found) {
  Add(operation, key, written.key_number,
      fmt::format("version {} of writer {}, which was acknowledged, or a later one of another",
                  written.version, written.writer),
      found.version == kLoadVersion
          ? "the older value that was loaded"
          : fmt::format("an older value, version {} of writer {}", found.version, found.writer));
}

void WrongAnswers::Merge(const WrongAnswers& other) {
  count += other.count;
  const size_t room = std::min(kMaxExamples - examples.size(), other.examples.size());
  std::copy_n(other.examples.begin(), room, std::back_inserter(examples));
}

std::string Printable(std::string_view bytes) {
  constexpr size_t kMaxBytes = 64;
  std::string text = "\"";
  for (const char c : bytes.substr(0, kMaxBytes)) {
    if (c == '"' || c == '\\') {
      text += {'\\', c};
    } else if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  text += '"';
  if (bytes.size() > kMaxBytes) text += fmt::format("... ({} bytes)", bytes.size());
  return text;
}

std::string DescribeValue(ValueVerdict verdict, std::string_view value) {
  constexpr size_t kMaxBytes = 32;
  return fmt::format(
      "{} of {} bytes that begins {}",
      verdict == ValueVerdict::kForeign ? "a value of another key" : "a damaged value",
      value.size(), Printable(value.substr(0, kMaxBytes)));
}

}  // namespace kvs
