#include "workloads/suggestion.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace kvs {
namespace {

char Lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool SameLetter(char a, char b) { return Lower(a) == Lower(b); }

}  // namespace

// The optimal string alignment distance: Levenshtein's with swaps of neighbours.
size_t EditDistance(std::string_view a, std::string_view b) {
  // Of the table of distances between beginnings of `a` and of `b`, the last three rows.
  std::vector<size_t> before_last(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before_last.swap(last);
    last.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = SameLetter(a[i - 1], b[j - 1]) ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && SameLetter(a[i - 1], b[j - 2]) && SameLetter(a[i - 2], b[j - 1])) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
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
