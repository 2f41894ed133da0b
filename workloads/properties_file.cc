#include "workloads/properties_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "workloads/spec.h"

namespace kvs {
namespace {

constexpr std::string_view kBlank = " \t\f";

// Takes one natural line off `text`: up to LF, CR or CR LF.
std::string_view TakeNaturalLine(std::string_view& text) {
  const size_t end = text.find_first_of("\r\n");
  const std::string_view line = text.substr(0, end);
  if (end == std::string_view::npos) {
    text = {};
  } else {
    text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
  }
  return line;
}

std::string_view TrimLeft(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text;
}

// True when an odd number of backslashes ends the line, so that the next one belongs to it.
bool Continues(std::string_view line) {
  const size_t last = line.find_last_not_of('\\');
  return (line.size() - (last == std::string_view::npos ? 0 : last + 1)) % 2 == 1;
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

// Reads the four hexadecimal digits after "\u" off `text`.
uint32_t TakeUnicode(std::string_view& text, std::string_view where) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = text.empty() ? '\0' : text.front();
    const size_t digit = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
    if (c == '\0' || digit == std::string_view::npos) {
      throw SpecError(fmt::format("{}\\u must be followed by four hexadecimal digits", where));
    }
    code = code * 16 + static_cast<uint32_t>(digit);
    text.remove_prefix(1);
  }
  return code;
}

std::string Unescape(std::string_view text, std::string_view where) {
  std::string out;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '\\' && !text.empty()) {
      c = text.front();
      text.remove_prefix(1);
      if (c == 'u') {
        AppendUtf8(out, TakeUnicode(text, where));
        continue;
      }
      if (c == 't') c = '\t';
      if (c == 'n') c = '\n';
      if (c == 'r') c = '\r';
      if (c == 'f') c = '\f';
    }
    out += c;
  }
  return out;
}

// The end of the name: the first '=', ':' or blank that no backslash precedes.
size_t NameEnd(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '=' || line[i] == ':' || kBlank.find(line[i]) != std::string_view::npos) {
      return i;
    }
  }
  return line.size();
}

PropertyEntry SplitLine(std::string_view line, std::string where) {
  const size_t name_end = NameEnd(line);
  std::string_view value = TrimLeft(line.substr(name_end));
  if (value.starts_with('=') || value.starts_with(':')) value = TrimLeft(value.substr(1));
  // Java keeps white space at the end, and its number parsers then fail on it.
  while (!value.empty() && kBlank.find(value.back()) != std::string_view::npos &&
         !Continues(value.substr(0, value.size() - 1))) {
    value.remove_suffix(1);
  }
  std::string name = Unescape(line.substr(0, name_end), where);
  if (name.empty()) throw SpecError(fmt::format("{}a name is missing before '='", where));
  return {std::move(name), Unescape(value, where), std::move(where)};
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.starts_with(kMark) ? text.substr(kMark.size()) : text;
}

}  // namespace

std::vector<PropertyEntry> ReadProperties(std::string_view text, std::string_view origin) {
  std::vector<PropertyEntry> entries;
  text = WithoutByteOrderMark(text);
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    std::string line(TrimLeft(TakeNaturalLine(text)));
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const size_t first_line = line_number;
    while (Continues(line)) {
      line.pop_back();
      if (text.empty()) break;
      line += TrimLeft(TakeNaturalLine(text));
      ++line_number;
    }
    if (line.empty()) continue;
    entries.push_back(SplitLine(line, fmt::format("{}:{}: ", origin, first_line)));
  }
  return entries;
}

std::string FirstComment(std::string_view text) {
  const std::string_view line = TakeNaturalLine(text);
  if (!line.starts_with('#')) return {};
  return std::string(TrimLeft(line.substr(1)));
}

std::string WriteProperty(std::string_view name, std::string_view value) {
  std::string out;
  const auto append = [&out](std::string_view part, std::string_view special) {
    for (const char c : part) {
      switch (c) {
        case '\n':
          out += "\\n";
          break;
        case '\r':
          out += "\\r";
          break;
        default:
          if (special.find(c) != std::string_view::npos) out += '\\';
          out += c;
      }
    }
  };
  append(name, "\\=:#! \t\f");
  out += '=';
  // Blanks matter only at the ends, where they are rare: escape them all there.
  const bool blank_end = !value.empty() && (kBlank.find(value.front()) != std::string_view::npos ||
                                            kBlank.find(value.back()) != std::string_view::npos);
  append(value, blank_end ? "\\ \t\f" : "\\");
  out += '\n';
  return out;
}

}  // namespace kvs
