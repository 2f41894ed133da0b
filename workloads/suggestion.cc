#include "workloads/suggestion.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kvs {
namespace {

char Lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameLetter(char a, char b) { return Lower(a) == Lower(b); }

}  // namespace

// The optimal string alignment distance: Levenshtein's with swaps of neighbours.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = SameLetter(a[i - 1], b[j - 1]) ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      if (i > 1 && j > 1 && SameLetter(a[i - 1], b[j - 2]) && SameLetter(a[i - 2], b[j - 1])) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::string NearestName(std::string_view wrong, const std::vector<std::string>& names) {
  const size_t near_enough = std::max<size_t>(1, wrong.size() / 3);
  std::string nearest;
  size_t least = near_enough + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(wrong, name);
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string DidYouMean(std::string_view wrong, const std::vector<std::string>& names) {
  if (names.empty()) return "";
  const std::string nearest = NearestName(wrong, names);
  const std::string known = fmt::format("known: {}", fmt::join(names, ", "));
  if (nearest.empty()) return fmt::format(" ({})", known);
  return fmt::format(": did you mean '{}'? ({})", nearest, known);
}

}  // namespace kvs
