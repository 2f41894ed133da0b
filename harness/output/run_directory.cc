#include "harness/output/run_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/trial/trial.h"
#include "results/human_units.h"

namespace kvs {
namespace {

constexpr std::string_view kNamePrefix = "run-";
constexpr std::string_view kMarkerName = "KVS-BENCH-RUN";
constexpr std::string_view kMarkerTitle = "A directory of kvs-bench.";
constexpr std::string_view kKeptLine = "kept: yes\n";

[[noreturn]] void Refuse(const std::filesystem::path& path, std::string_view what, int error) {
  throw EnvironmentError(
      fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(error)));
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteText(int fd, const std::filesystem::path& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) Refuse(path, "writing", errno);
    text.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

RunDirectory::RunDirectory(const std::filesystem::path& parent)
    : parent_(std::filesystem::absolute(parent)) {
  std::error_code error;
  if (std::filesystem::exists(parent_, error) && !std::filesystem::is_directory(parent_, error)) {
    throw EnvironmentError(
        fmt::format("{}: is no directory; name one for the data with --dir", parent_.string()));
  }
  if (!std::filesystem::exists(parent_.parent_path(), error) && !error) {
    throw EnvironmentError(
        fmt::format("{}: cannot be made, as {} does not exist; make that first, or name another "
                    "directory with --dir",
                    parent_.string(), parent_.parent_path().string()));
  }
  made_parent_ = std::filesystem::create_directory(parent_, error);
  if (error) Refuse(parent_, "making the directory", error.value());
  std::string name = (parent_ / fmt::format("{}XXXXXX", kNamePrefix)).string();
  if (mkdtemp(name.data()) == nullptr) Refuse(parent_, "making a directory in it", errno);
  path_ = name;

  std::random_device random;
  marker_text_ = fmt::format("{}\nprocess: {}\ntoken: {:08x}{:08x}{:08x}{:08x}\n", kMarkerTitle,
                             getpid(), random(), random(), random(), random());
  const std::filesystem::path marker = path_ / kMarkerName;
  marker_fd_ = open(marker.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (marker_fd_ < 0) Refuse(marker, "making", errno);
  if (flock(marker_fd_, LOCK_EX | LOCK_NB) != 0) Refuse(marker, "locking", errno);
  WriteText(marker_fd_, marker, marker_text_);
}

RunDirectory::~RunDirectory() {
  std::error_code error;
  if (!keep_ && IsStillOurs()) std::filesystem::remove_all(path_, error);
  if (error) fmt::print(stderr, "{}: removing: {}\n", path_.string(), error.message());
  close(marker_fd_);
  if (made_parent_ && !keep_) std::filesystem::remove(parent_, error);  // only when empty
}

bool RunDirectory::IsStillOurs() const { return ReadText(path_ / kMarkerName) == marker_text_; }

void RunDirectory::RemoveStore(std::string_view name) const {
  if (!IsStillOurs()) {
    throw EnvironmentError(fmt::format(
        "{}: its marker is no longer the one that this run wrote; nothing in it is removed",
        path_.string()));
  }
  std::error_code error;
  std::filesystem::remove_all(StorePath(name), error);
  if (error) Refuse(StorePath(name), "removing", error.value());
}

void RunDirectory::Keep() {
  keep_ = true;
  WriteText(marker_fd_, path_ / kMarkerName, kKeptLine);
  marker_text_ += kKeptLine;
}

std::vector<std::filesystem::path> FindLeftOvers(const std::filesystem::path& parent) {
  std::vector<std::filesystem::path> left_overs;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(parent, error)) {
    const std::filesystem::path marker = entry.path() / kMarkerName;
    const std::string text = ReadText(marker);
    if (!entry.path().filename().string().starts_with(kNamePrefix) ||
        !text.starts_with(kMarkerTitle) || text.ends_with(kKeptLine)) {
      continue;
    }
    const int fd = open(marker.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    if (flock(fd, LOCK_SH | LOCK_NB) == 0) left_overs.push_back(entry.path());
    close(fd);
  }
  return left_overs;
}

std::string DescribeLeftOver(const std::filesystem::path& path) {
  return fmt::format("{} ({}) was left by a run that was killed; to remove it: rm -r '{}'",
                     path.string(), HumanBytes(AllocatedBytes(path)), path.string());
}

}  // namespace kvs
