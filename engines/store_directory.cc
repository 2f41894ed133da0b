#include "engines/store_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include "engines/engine.h"

namespace kvs {
namespace {

constexpr std::string_view kMarkerTitle = "kvs-bench store\n";
constexpr std::string_view kFormatLine = "format: ";
constexpr std::string_view kVersionLine = "version: ";
// What a process that died while it claimed an empty directory may have left there.
constexpr const char* kUnfinishedMarkerName = "KVS_STORE.new";

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

std::string MarkerText(const StoreFormat& format) {
  return fmt::format("{}{}{}\n{}{}\n", kMarkerTitle, kFormatLine, format.name, kVersionLine,
                     format.version);
}

// Removes `prefix` and the rest of its line from `text` and returns that rest. False when `text`
// does not begin so.
bool TakeLine(std::string_view& text, std::string_view prefix, std::string_view& rest) {
  if (!text.starts_with(prefix)) return false;
  const size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  rest = text.substr(prefix.size(), end - prefix.size());
  text.remove_prefix(end + 1);
  return true;
}

bool ParseMarker(std::string_view text, std::string_view& name, unsigned& version) {
  if (!text.starts_with(kMarkerTitle)) return false;
  text.remove_prefix(kMarkerTitle.size());
  std::string_view digits;
  if (!TakeLine(text, kFormatLine, name) || !TakeLine(text, kVersionLine, digits)) return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return error == std::errc() && end == digits.data() + digits.size() && !name.empty();
}

bool WriteAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

StoreDirectory::StoreDirectory(std::string_view engine, const std::filesystem::path& directory,
                               const StoreFormat& format)
    : engine_(engine), path_(directory) {
  try {
    OpenAndLock();
    CheckWritable();
    is_new_ = HoldsOnlyOurLeftovers();
    if (is_new_) WriteMarker(format);
    ReadMarker(format);
  } catch (...) {
    if (fd_ >= 0) ::close(fd_);
    throw;
  }
}

StoreDirectory::~StoreDirectory() { ::close(fd_); }

void StoreDirectory::OpenAndLock() {
  if (path_.empty()) {
    throw EngineError(ErrorKind::kInvalidOption, engine_, "open", {}, "no directory was given");
  }
  if (::mkdir(path_.c_str(), 0777) == 0) {
    // The new name must survive a power loss as surely as what will be put below it.
    const std::filesystem::path parent = (path_ / ".." / ".").lexically_normal();
    const FileDescriptor fd(::open((path_ / "..").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.get() < 0 || ::fsync(fd.get()) != 0) {
      Fail(errno, fmt::format("cannot sync the parent directory {}", parent.string()));
    }
  } else if (errno != EEXIST) {
    Fail(errno, errno == ENOENT ? "cannot create the directory: its parent must exist"
                                : "cannot create the directory");
  }
  fd_ = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) {
    Fail(errno, errno == ENOTDIR
                    ? "a store needs a directory of its own and this is a file; name another path"
                    : "cannot open the directory");
  }
  int result = 0;
  do {
    result = ::flock(fd_, LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return;
  if (errno != EWOULDBLOCK) Fail(errno, "cannot lock the directory");
  throw EngineError(ErrorKind::kLocked, engine_, "open", path_,
                    "another handle, in this process or another, has the store open; close it, or "
                    "Clone() that handle");
}

void StoreDirectory::CheckWritable() const {
  if (::faccessat(fd_, ".", W_OK | X_OK, AT_EACCESS) != 0) {
    Fail(errno, "the directory is not writable; change its permissions or name another");
  }
}

bool StoreDirectory::HoldsOnlyOurLeftovers() const {
  std::error_code error;
  std::filesystem::directory_iterator entries(path_, error);
  bool marked = false;
  std::string first_foreign;
  while (!error && entries != std::filesystem::directory_iterator()) {
    const std::string name = entries->path().filename().string();
    if (name == kMarkerName) {
      marked = true;
    } else if (name != kUnfinishedMarkerName && first_foreign.empty()) {
      first_foreign = name;
    }
    entries.increment(error);
  }
  if (error) Fail(error.value(), "cannot list the directory");
  if (!marked && !first_foreign.empty()) {
    throw EngineError(
        ErrorKind::kForeignStore, engine_, "open", path_,
        fmt::format("the directory is not empty (it holds '{}') and has no {} file, so it is not a "
                    "store of ours; name an empty or a new directory",
                    first_foreign, kMarkerName));
  }
  return !marked;
}

void StoreDirectory::WriteMarker(const StoreFormat& format) const {
  {
    const FileDescriptor fd(::openat(fd_, kUnfinishedMarkerName,
                                     O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (fd.get() < 0) Fail(errno, "cannot create the marker file");
    if (!WriteAll(fd.get(), MarkerText(format)) || ::fsync(fd.get()) != 0) {
      Fail(errno, "cannot write the marker file");
    }
  }
  if (::renameat(fd_, kUnfinishedMarkerName, fd_, std::string(kMarkerName).c_str()) != 0) {
    Fail(errno, "cannot rename the marker file");
  }
  if (::fsync(fd_) != 0) Fail(errno, "cannot sync the directory");
}

void StoreDirectory::ReadMarker(const StoreFormat& format) {
  const FileDescriptor fd(
      ::openat(fd_, std::string(kMarkerName).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.get() < 0) Fail(errno, "cannot open the marker file");
  char buffer[512];
  ssize_t size = 0;
  do {
    size = ::pread(fd.get(), buffer, sizeof buffer, 0);
  } while (size < 0 && errno == EINTR);
  if (size < 0) Fail(errno, "cannot read the marker file");
  std::string_view name;
  if (!ParseMarker({buffer, static_cast<size_t>(size)}, name, version_)) {
    throw EngineError(ErrorKind::kCorruption, engine_, "open", path_ / kMarkerName,
                      "the marker file does not say which format the store has");
  }
  if (name != format.name) {
    throw EngineError(ErrorKind::kForeignStore, engine_, "open", path_,
                      fmt::format("the directory holds a store of format '{}', this engine uses "
                                  "'{}'; name another directory",
                                  name, format.name));
  }
  if (version_ > format.version) {
    throw EngineError(ErrorKind::kForeignStore, engine_, "open", path_,
                      fmt::format("the store has version {} of format '{}', this build reads up to "
                                  "{}; use a newer kvs-bench",
                                  version_, name, format.version));
  }
}

void StoreDirectory::Fail(int error, std::string_view what) const {
  const bool full = error == ENOSPC || error == EDQUOT;
  throw EngineError(full ? ErrorKind::kFull : ErrorKind::kIo, engine_, "open", path_,
                    fmt::format("{}: {}", what, std::system_category().message(error)));
}

}  // namespace kvs
