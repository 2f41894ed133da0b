#include "harness/output/output_files.h"

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "harness/exit_code.h"
#include "harness/options/shell_words.h"
#include "harness/system/data_location.h"
#include "results/csv.h"
#include "results/result_file.h"

namespace kvs {
namespace {

constexpr const char* kResultDirectory = "kvs-bench-results";

// The n-th name of a run that begins now, n from 1 on.
std::filesystem::path DefaultResultFile(std::time_t now, unsigned n) {
  const std::string stem = fmt::format("{:%Y%m%d-%H%M%S}", fmt::localtime(now));
  return std::filesystem::path(kResultDirectory) /
         (n == 1 ? stem + ".json" : fmt::format("{}-{}.json", stem, n));
}

bool HoldsSomething(const std::filesystem::path& path) {
  std::error_code not_there;
  const std::uintmax_t bytes = std::filesystem::file_size(path, not_there);
  return !not_there && bytes > 0;
}

// Of an option that names a file that is there.
[[noreturn]] void RefuseToReplace(const char* option, const std::filesystem::path& path) {
  std::string what = "is there already";
  std::string instead;
  try {
    const Run run = ReadRun(path);
    what = fmt::format("holds a run of {}", run.started_at);
    if (!run.complete) {
      what = fmt::format("holds an interrupted run of {}: {}", run.started_at, run.FinishedPart());
      instead = fmt::format("go on with it (kvs-bench {}), or ",
                            ShellCommand({"--resume", path.string()}));
    }
  } catch (const ResultFileError&) {
    // Some other file.
  }
  throw UsageError(fmt::format("{}: {} {}; {}name another file, or replace it with --force", option,
                               path.string(), what, instead));
}

}  // namespace

OutputFiles::OutputFiles(std::filesystem::path result_file,
                         std::optional<std::filesystem::path> csv_file, FileClaim claim)
    : result_file_(std::move(result_file)),
      csv_file_(std::move(csv_file)),
      writer_(std::move(claim)) {
  if (!result_file_.empty()) {
    CheckWritable(result_file_);
  } else {
    MakeDefaultDirectory(kResultDirectory, "--out");
  }
  if (csv_file_) CheckWritable(*csv_file_);
}

OutputFiles OutputFiles::OfNewRun(std::optional<std::filesystem::path> result_file,
                                  std::optional<std::filesystem::path> csv_file, bool replace) {
  OutputFiles files(result_file.value_or(""), std::move(csv_file), FileClaim());
  files.must_be_new_ = result_file && !std::filesystem::exists(*result_file);
  if (result_file) {
    files.writer_.Claim(*result_file);
    if (!replace && HoldsSomething(*result_file)) RefuseToReplace("--out", *result_file);
  }
  if (files.csv_file_ && !replace && HoldsSomething(*files.csv_file_)) {
    RefuseToReplace("--csv", *files.csv_file_);
  }
  return files;
}

OutputFiles OutputFiles::OfResumedRun(std::filesystem::path result_file,
                                      std::optional<std::filesystem::path> csv_file,
                                      FileClaim claim) {
  if (csv_file) CheckCsvMayBeReplaced(*csv_file);
  return OutputFiles(std::move(result_file), std::move(csv_file), std::move(claim));
}

void OutputFiles::Begin(const Run& run) {
  if (result_file_.empty()) {
    const std::time_t now = std::time(nullptr);
    unsigned n = 1;
    while (!writer_.Make(DefaultResultFile(now, n))) ++n;
    result_file_ = DefaultResultFile(now, n);
  } else if (must_be_new_ && !writer_.Make(result_file_)) {
    RefuseToReplace("--out", result_file_);
  }
  Save(run);
}

void OutputFiles::Save(const Run& run) {
  writer_.Write(run, result_file_);
  if (csv_file_) WriteCsv(run, *csv_file_);
}

void CheckCsvMayBeReplaced(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string heading;
  if (!file || !std::getline(file, heading) || heading.starts_with("workload,engine,")) return;
  throw UsageError(fmt::format(
      "--csv: {} is there already, and no table of kvs-bench; name another file", path.string()));
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

}  // namespace kvs
