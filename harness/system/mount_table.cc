#include "harness/system/mount_table.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace kvs {
namespace {

// Blanks and backslashes of a path are written as three octal digits: "\040".
std::string WithoutEscapes(const std::string& text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 3 < text.size() &&
                         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                     text.begin() + static_cast<std::ptrdiff_t>(i) + 4, is_octal);
    if (!escaped) {
      plain += text[i];
      continue;
    }
    plain += static_cast<char>(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) |
                               (text[i + 3] - '0'));
    i += 3;
  }
  return plain;
}

}  // namespace

std::vector<Mount> ReadMountTable(const std::filesystem::path& system_root) {
  std::vector<Mount> table;
  std::ifstream file(system_root / "proc/self/mountinfo");
  // id parent major:minor root point options [optional ...] - type source super-options
  for (std::string line; std::getline(file, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash));
    std::istringstream after(line.substr(dash + 3));
    Mount mount;
    std::string id, parent;
    before >> id >> parent >> mount.device >> mount.root >> mount.point;
    after >> mount.type >> mount.source >> mount.options;
    if (!before || mount.type.empty()) continue;
    mount.root = WithoutEscapes(mount.root);
    mount.point = WithoutEscapes(mount.point);
    table.push_back(std::move(mount));
  }
  return table;
}

}  // namespace kvs
