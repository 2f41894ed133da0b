#include "harness/verify/interval_drawing.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace kvs::verify {
namespace {

constexpr size_t kWidest = 60;  // columns for the bars

}  // namespace

std::string DrawIntervals(const Violation& violation) {
  const RegisterHistory& operations = violation.operations;
  std::vector<uint64_t> times;
  size_t widest = 0;
  for (const RegisterOperation& operation : operations) {
    times.push_back(operation.invoked_ns);
    times.push_back(operation.responded_ns);
    widest = std::max(widest, DescribeOperation(operation).size());
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  const size_t step = std::clamp<size_t>(kWidest / std::max<size_t>(times.size(), 1), 1, 6);
  const auto column = [&](uint64_t time_ns) {
    const auto found = std::lower_bound(times.begin(), times.end(), time_ns);
    return static_cast<size_t>(found - times.begin()) * step;
  };

  std::string text = "    at the beginning: ";
  for (size_t i = 0; i < violation.possible.size(); ++i) {
    text += (i == 0 ? "" : " or ") + DescribeValue(violation.possible[i]);
  }
  text += '\n';
  for (size_t i = 0; i < operations.size(); ++i) {
    const RegisterOperation& operation = operations[i];
    std::string bars(times.size() * step + 1, ' ');
    const size_t begin = column(operation.invoked_ns);
    const size_t end = column(operation.responded_ns);
    std::fill(bars.begin() + static_cast<ptrdiff_t>(begin),
              bars.begin() + static_cast<ptrdiff_t>(end), '-');
    bars[begin] = '|';
    bars[end] = '|';
    text += fmt::format("  {} thread {:<2} {}  {:<{}}  [{}, {}]\n",
                        i == violation.unexplained ? '>' : ' ', operation.thread, bars,
                        DescribeOperation(operation), widest, operation.invoked_ns - times.front(),
                        operation.responded_ns - times.front());
  }
  return text;
}

}  // namespace kvs::verify
