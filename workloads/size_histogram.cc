#include "workloads/size_histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <optional>
#include <utility>

namespace kvs {
namespace {

using std::string_view;

constexpr string_view kBlanks = " \t\r";
constexpr string_view kBlockSize = "BlockSize";
// So that no sum of weights overflows, and no file is taken for one by mistake.
constexpr uint64_t kMostWeight = uint64_t{1} << 40;
constexpr size_t kMostBuckets = 100'000;

string_view TakeLine(string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

string_view TakeWord(string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const size_t end = std::min(line.find_first_of(kBlanks), line.size());
  const string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::optional<uint64_t> ParseWhole(string_view word, uint64_t most) {
  uint64_t number = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end || number > most) return std::nullopt;
  return number;
}

}  // namespace

SizeHistogram ParseSizeHistogram(string_view text, string_view origin, uint64_t most_bytes) {
  size_t line_number = 1;
  const auto refuse = [&](string_view why) {
    throw SpecError(fmt::format("{}:{}: {}", origin, line_number, why));
  };
  // The two words of a line; the second as a number.
  const auto take_pair = [&](string_view line, string_view expected, uint64_t most) {
    const string_view name = TakeWord(line);
    const std::optional<uint64_t> number = ParseWhole(TakeWord(line), most);
    if (!number || !TakeWord(line).empty()) refuse(expected);
    return std::pair(name, *number);
  };

  SizeHistogram histogram;
  const std::string first = fmt::format("expected '{} <bytes>', 1 to {}", kBlockSize, most_bytes);
  const auto [name, block_bytes] = take_pair(TakeLine(text), first, most_bytes);
  if (name != kBlockSize || block_bytes == 0) refuse(first);
  histogram.block_bytes = static_cast<uint32_t>(block_bytes);
  while (!text.empty()) {
    ++line_number;
    string_view line = TakeLine(text);
    if (line.find_first_not_of(kBlanks) == string_view::npos) continue;
    const size_t bucket = histogram.weights.size();
    const std::string expected = fmt::format(
        "expected '{} <weight>': buckets stand in order, weights are whole numbers up "
        "to {}",
        bucket, kMostWeight);
    const auto [found, weight] = take_pair(line, expected, kMostWeight);
    if (ParseWhole(found, kMostBuckets) != bucket) refuse(expected);
    if (bucket >= kMostBuckets) refuse(fmt::format("more than {} buckets", kMostBuckets));
    if (weight > 0 && (bucket + 1) * block_bytes > most_bytes) {
      refuse(fmt::format("bucket {} means {} bytes, more than {}", bucket,
                         (bucket + 1) * block_bytes, most_bytes));
    }
    histogram.weights.push_back(weight);
  }
  // Empty buckets at the end say nothing.
  while (!histogram.weights.empty() && histogram.weights.back() == 0) histogram.weights.pop_back();
  if (histogram.weights.empty()) refuse("no bucket has a weight above 0");
  return histogram;
}

bool IsSizeHistogram(string_view text) { return TakeWord(text) == kBlockSize; }

std::string SizeHistogramText(const SizeHistogram& histogram) {
  std::string text = fmt::format("{}\t{}", kBlockSize, histogram.block_bytes);
  for (size_t bucket = 0; bucket < histogram.weights.size(); ++bucket) {
    text += fmt::format("\n{}\t{}", bucket, histogram.weights[bucket]);
  }
  return text;
}

}  // namespace kvs
