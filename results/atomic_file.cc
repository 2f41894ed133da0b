#include "results/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace kvs {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void Fail(const fs::path& path, std::string_view step, int error) {
  throw AtomicFileError(
      fmt::format("{}: {}: {}", path.string(), step, std::generic_category().message(error)));
}

// The file that a write to `path` replaces.
fs::path Target(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::none) Fail(path, "looking what is there", error.value());
  if (fs::exists(status) && !fs::is_regular_file(status)) {
    throw AtomicFileError(
        fmt::format("{}: there is something else than a regular file", path.string()));
  }
  // A link may point to a file that is yet to be made, which rules out canonical paths. Loops are
  // an error of status() above.
  fs::path target = path;
  while (fs::is_symlink(fs::symlink_status(target, error))) {
    const fs::path next = fs::read_symlink(target, error);
    if (error) Fail(target, "following the symbolic link", error.value());
    target = target.parent_path() / next;  // an absolute `next` replaces the parent
  }
  return target;
}

// The file aside; unlinked again unless it was renamed.
class Aside {
 public:
  Aside(const fs::path& target, fs::path path) : path_(std::move(path)) {
    descriptor_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0) Fail(target, "creating a file beside it", errno);
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  ~Aside() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!renamed_) unlink(path_.c_str());
  }

  const fs::path& path() const { return path_; }

  void Write(const fs::path& target, std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = write(descriptor_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) Fail(target, "writing", errno);
      content.remove_prefix(static_cast<size_t>(written));
    }
    if (fsync(descriptor_) != 0) Fail(target, "syncing", errno);
    const int closed = close(std::exchange(descriptor_, -1));
    if (closed != 0) Fail(target, "closing", errno);
  }

  void RenameTo(const fs::path& target) {
    if (rename(path_.c_str(), target.c_str()) != 0) Fail(target, "renaming to it", errno);
    renamed_ = true;
  }

 private:
  fs::path path_;
  int descriptor_ = -1;
  bool renamed_ = false;
};

void SyncDirectory(const fs::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) Fail(directory, "opening to sync", errno);
  const int failed = fsync(descriptor) == 0 ? 0 : errno;
  close(descriptor);
  // Some file systems cannot sync a directory and say EINVAL; the rename stands all the same.
  if (failed != 0 && failed != EINVAL) Fail(directory, "syncing", failed);
}

}  // namespace

void WriteFileAtomically(const fs::path& path, std::string_view content,
                         const std::function<void(const fs::path& aside)>& before_rename) {
  // Distinct per process and call, so that writers of one path do not share the file aside.
  static std::atomic<unsigned> calls = 0;
  const fs::path target = Target(path);
  Aside aside(target, fmt::format("{}.{}.{}.tmp", target.string(), getpid(), calls++));
  aside.Write(target, content);
  if (before_rename) before_rename(aside.path());
  aside.RenameTo(target);
  SyncDirectory(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

}  // namespace kvs
