#include "harness/system/flush_probe.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "harness/system/clock.h"

namespace kvs {
namespace {

constexpr size_t kFlushBlockBytes = 4096;
constexpr unsigned kMostFlushes = 32;
constexpr uint64_t kFlushBudgetNs = 300'000'000;

using FlushBlock = std::array<char, kFlushBlockBytes>;

// A file that keeps its name until the end: without one, btrfs skips what fdatasync is for.
class ProbeFile {
 public:
  explicit ProbeFile(const std::filesystem::path& directory)
      : name_((directory / ".kvs-bench-flush-XXXXXX").string()),
        fd_(mkostemp(name_.data(), O_CLOEXEC)) {
    if (fd_ < 0) Fail("making a file");
  }
  ~ProbeFile() {
    close(fd_);
    unlink(name_.c_str());
  }
  ProbeFile(const ProbeFile&) = delete;
  ProbeFile& operator=(const ProbeFile&) = delete;

  void WriteBlock(unsigned number, const FlushBlock& block) {
    const auto offset = static_cast<off_t>(number * kFlushBlockBytes);
    errno = 0;
    if (pwrite(fd_, block.data(), block.size(), offset) != static_cast<ssize_t>(block.size())) {
      Fail("writing");
    }
  }
  void Flush() {
    if (fdatasync(fd_) != 0) Fail("fdatasync");
  }

 private:
  [[noreturn]] void Fail(std::string_view what) const {
    // A write that is cut short sets no error.
    const int error = errno == 0 ? ENOSPC : errno;
    throw std::system_error(error, std::generic_category(), fmt::format("{}: {}", name_, what));
  }

  std::string name_;
  int fd_;
};

std::vector<uint64_t> TimeFlushes(ProbeFile& file) {
  FlushBlock block{};
  // The blocks are written beforehand: a flush of newly allocated ones is one of the journal, too.
  for (unsigned number = 0; number < kMostFlushes; ++number) file.WriteBlock(number, block);
  file.Flush();
  std::vector<uint64_t> times_ns;
  const uint64_t begin_ns = NowNs();
  for (unsigned number = 0; number < kMostFlushes; ++number) {
    block.fill(static_cast<char>('a' + number % 26));
    file.WriteBlock(number, block);
    const uint64_t start_ns = NowNs();
    file.Flush();
    const uint64_t end_ns = NowNs();
    times_ns.push_back(end_ns - start_ns);
    if (end_ns - begin_ns > kFlushBudgetNs) break;
  }
  return times_ns;
}

}  // namespace

FlushProbe MeasureFlush(const std::filesystem::path& directory) {
  FlushProbe probe;
  try {
    ProbeFile file(directory);
    std::vector<uint64_t> times_ns = TimeFlushes(file);
    const auto middle = times_ns.begin() + static_cast<std::ptrdiff_t>(times_ns.size() / 2);
    std::nth_element(times_ns.begin(), middle, times_ns.end());
    probe.median_ns = *middle;
    probe.flushes = static_cast<unsigned>(times_ns.size());
  } catch (const std::system_error& error) {
    probe.problem = error.what();
  }
  return probe;
}

}  // namespace kvs
