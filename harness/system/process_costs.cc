#include "harness/system/process_costs.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

#include "harness/system/short_file.h"

namespace kvs {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

std::optional<uint64_t> WholeNumber(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  uint64_t bytes = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, bytes);
  if (error != std::errc() || stop != end) return std::nullopt;
  return bytes;
}

}  // namespace

std::optional<ProcessIo> ParseProcessIo(std::string_view text) {
  ProcessIo io;
  const std::pair<std::string_view, uint64_t*> members[] = {
      {"rchar", &io.call_read_bytes},
      {"wchar", &io.call_write_bytes},
      {"read_bytes", &io.device_read_bytes},
      {"write_bytes", &io.device_write_bytes},
  };
  bool found[std::size(members)] = {};
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == text.npos ? "" : text.substr(end + 1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    for (size_t i = 0; i < std::size(members); ++i) {
      if (line.substr(0, colon) != members[i].first) continue;
      const std::optional<uint64_t> bytes = WholeNumber(line.substr(colon + 1));
      if (!bytes || found[i]) return std::nullopt;
      *members[i].second = *bytes;
      found[i] = true;
    }
  }
  for (const bool one : found) {
    if (!one) return std::nullopt;
  }
  return io;
}

ProcessCosts ReadProcessCosts(const std::string& io_path) {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return {.user_cpu_s = Seconds(usage.ru_utime),
          .system_cpu_s = Seconds(usage.ru_stime),
          .voluntary_switches = static_cast<uint64_t>(usage.ru_nvcsw),
          .involuntary_switches = static_cast<uint64_t>(usage.ru_nivcsw),
          .minor_faults = static_cast<uint64_t>(usage.ru_minflt),
          .major_faults = static_cast<uint64_t>(usage.ru_majflt),
          .io = ParseProcessIo(ShortFile(io_path).text)};
}

std::optional<uint64_t> ParseAnonymousBytes(std::string_view text, uint64_t page_bytes) {
  // Pages in all, resident, and of these in files; then others.
  uint64_t pages[3] = {};
  for (uint64_t& count : pages) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::optional<uint64_t> number = WholeNumber(text.substr(0, end));
    if (!number) return std::nullopt;
    count = *number;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (pages[1] < pages[2]) return std::nullopt;
  return (pages[1] - pages[2]) * page_bytes;
}

std::optional<uint64_t> ReadAnonymousBytes(const std::string& statm_path) {
  return ParseAnonymousBytes(ShortFile(statm_path).text,
                             static_cast<uint64_t>(sysconf(_SC_PAGESIZE)));
}

ProcessCosts CostsBetween(const ProcessCosts& begin, const ProcessCosts& end) {
  ProcessCosts costs = end;
  costs.user_cpu_s -= begin.user_cpu_s;
  costs.system_cpu_s -= begin.system_cpu_s;
  costs.voluntary_switches -= begin.voluntary_switches;
  costs.involuntary_switches -= begin.involuntary_switches;
  costs.minor_faults -= begin.minor_faults;
  costs.major_faults -= begin.major_faults;
  if (!begin.io) costs.io.reset();
  if (costs.io) {
    costs.io->call_read_bytes -= begin.io->call_read_bytes;
    costs.io->call_write_bytes -= begin.io->call_write_bytes;
    costs.io->device_read_bytes -= begin.io->device_read_bytes;
    costs.io->device_write_bytes -= begin.io->device_write_bytes;
  }
  return costs;
}

}  // namespace kvs
