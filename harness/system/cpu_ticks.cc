#include "harness/system/cpu_ticks.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "harness/system/short_file.h"

namespace kvs {
namespace {

// With fewer, a tick more or less would be percents.
constexpr uint64_t kFewestTicks = 50;

}  // namespace

// proc(5): "cpu  user nice system idle iowait irq softirq steal ..."; guests are in user and nice.
std::optional<CpuTicks> ParseCpuTicks(std::string_view text) {
  constexpr std::string_view kTitle = "cpu ";
  if (!text.starts_with(kTitle)) return std::nullopt;
  text = text.substr(kTitle.size(), text.find('\n') - kTitle.size());
  uint64_t ticks[8] = {};
  for (uint64_t& count : ticks) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || (stop != end && *stop != ' ')) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(stop - text.data()));
  }
  return CpuTicks{.busy = ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6],
                  .idle = ticks[3] + ticks[4],
                  .steal = ticks[7]};
}

std::optional<CpuTicks> ReadCpuTicks(const std::string& path) {
  return ParseCpuTicks(ShortFile(path).text);
}

std::optional<CpuShares> CpuSharesBetween(const CpuTicks& begin, const CpuTicks& end,
                                          double own_cpu_s, double ticks_per_s) {
  // Counts of idle time have been seen to go back.
  if (end.busy < begin.busy || end.idle < begin.idle || end.steal < begin.steal ||
      end.total() - begin.total() < kFewestTicks) {
    return std::nullopt;
  }
  const auto total = static_cast<double>(end.total() - begin.total());
  const auto idle = static_cast<double>(end.idle - begin.idle);
  return CpuShares{.others = std::clamp((total - idle - own_cpu_s * ticks_per_s) / total, 0.0, 1.0),
                   .idle = idle / total};
}

}  // namespace kvs
