#include "harness/output_files.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/data_location.h"
#include "harness/exit_code.h"
#include "results/csv.h"
#include "results/result_file.h"

namespace kvs {
namespace {

std::filesystem::path DefaultResultFile() {
  const std::time_t now = std::time(nullptr);
  const std::filesystem::path directory = "kvs-bench-results";
  const std::string stem = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(now));
  std::filesystem::path path = directory / (stem + ".json");
  for (int i = 2; std::filesystem::exists(path); ++i) {
    path = directory / fmt::format("{}-{}.json", stem, i);
  }
  return path;
}

void WriteCsv(const Run& run, const std::filesystem::path& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "we"), std::fclose);
  const std::string text = TrialsToCsv(run);
  if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0) {
    throw EnvironmentError(fmt::format("{}: cannot be written: {}", path.string(),
                                       std::generic_category().message(errno)));
  }
}

}  // namespace

OutputFiles::OutputFiles(std::optional<std::filesystem::path> result_file,
                         std::optional<std::filesystem::path> csv_file)
    : result_file_(result_file ? std::move(*result_file) : DefaultResultFile()),
      csv_file_(std::move(csv_file)) {
  CheckWritable(result_file_, !result_file);
  if (csv_file_) CheckWritable(*csv_file_, false);
}

void OutputFiles::Save(const Run& run) {
  try {
    WriteRun(run, result_file_);
    if (!claim_.Take(result_file_)) {
      throw EnvironmentError(fmt::format("{}: another run writes it, too", result_file_.string()));
    }
  } catch (const ResultFileError& error) {
    throw EnvironmentError(error.what());
  }
  if (csv_file_) WriteCsv(run, *csv_file_);
}

}  // namespace kvs
