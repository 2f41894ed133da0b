#include "harness/output/claimed_run_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

#include "harness/exit_code.h"

namespace kvs {
namespace {

void TakeOrRefuse(FileClaim& claim, const std::filesystem::path& at,
                  const std::filesystem::path& named) {
  if (claim.Take(at)) return;
  throw EnvironmentError(
      fmt::format("{}: another run is writing it; name another file", named.string()));
}

}  // namespace

bool ClaimedRunWriter::Make(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) {
    if (errno == EEXIST) return false;
    throw EnvironmentError(fmt::format("{}: cannot be written: {}", path.string(),
                                       std::generic_category().message(errno)));
  }
  close(fd);
  Claim(path);
  return true;
}

void ClaimedRunWriter::Claim(const std::filesystem::path& path) {
  TakeOrRefuse(claim_, path, path);
}

void ClaimedRunWriter::Write(const Run& run, const std::filesystem::path& path) {
  Claim(path);
  FileClaim next;  // a moment without a claim would be one to --resume the run
  try {
    writer_.Write(run, path, [&](const std::filesystem::path& new_file) {
      TakeOrRefuse(next, new_file, path);
    });
  } catch (const ResultFileError& error) {
    throw EnvironmentError(error.what());
  }
  claim_ = std::move(next);
}

}  // namespace kvs
