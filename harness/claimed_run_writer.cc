#include "harness/claimed_run_writer.h"

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
