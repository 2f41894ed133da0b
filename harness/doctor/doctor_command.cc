#include "harness/doctor/doctor_command.h"

#include <algorithm>
#include <system_error>

#include <fmt/format.h>

#include "harness/doctor/examination.h"
#include "harness/system/data_location.h"
#include "harness/system/environment.h"
#include "harness/system/flush_probe.h"
#include "results/model_json.h"

namespace kvs::doctor {
namespace {

constexpr FindingStatus kStatuses[] = {FindingStatus::kOk, FindingStatus::kWarn,
                                       FindingStatus::kFail, FindingStatus::kUnknown};

size_t Count(const MachineReport& report, FindingStatus status) {
  return static_cast<size_t>(
      std::count_if(report.findings.begin(), report.findings.end(),
                    [&](const Finding& finding) { return finding.status == status; }));
}

// Where the data would lie. A directory that is named has to be there.
std::filesystem::path ChooseDirectory(const DoctorOptions& options) {
  std::filesystem::path directory =
      options.directory ? *options.directory : NearestExisting(DefaultDataDirectory());
  std::error_code ignored;  // what cannot be looked at is none
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw EnvironmentError(fmt::format(
        "{}: is no directory; make it first, or name another one with --dir", directory.string()));
  }
  if (const int reason = WhyNotWritable(directory)) {
    throw EnvironmentError(
        fmt::format("{}: cannot be written: {}; name another directory with --dir",
                    directory.string(), std::generic_category().message(reason)));
  }
  return directory;
}

}  // namespace

std::string ReportAsText(const MachineReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) {
    text += fmt::format("{:<7}  {}: {}\n", ToString(finding.status), finding.name, finding.seen);
    if (!finding.remedy.empty()) text += fmt::format("{:<9}{}\n", "", finding.remedy);
  }
  text += fmt::format("{} checks:", report.findings.size());
  for (const FindingStatus status : kStatuses) {
    text += fmt::format(" {} {}{}", Count(report, status), ToString(status),
                        status == FindingStatus::kUnknown ? ";" : ",");
  }
  return text + fmt::format(" fingerprint {}\n", report.fingerprint);
}

std::string ReportAsJson(const MachineReport& report, const MachineFacts& facts,
                         const std::filesystem::path& directory) {
  Json object = Json::object();
  object["version"] = KVS_VERSION;
  object["directory"] = std::filesystem::absolute(directory).lexically_normal().string();
  object["host"] = ToJson(DescribeHost(facts));
  for (const FindingStatus status : kStatuses) {
    object["counts"][std::string(ToString(status))] = Count(report, status);
  }
  object.update(ToJson(report));
  // A path need not be UTF-8.
  return object.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ExitCode RunDoctor(const DoctorOptions& options) {
  const std::filesystem::path directory = ChooseDirectory(options);
  // Before the probe, whose own waiting is pressure on the disk.
  MachineFacts facts = ReadMachineFacts(directory);
  facts.flush = MeasureFlush(directory);
  const MachineReport report = Examine(facts);
  fmt::print("{}", options.json ? ReportAsJson(report, facts, directory) : ReportAsText(report));
  const bool any_bad = std::any_of(report.findings.begin(), report.findings.end(),
                                   [](const Finding& finding) { return finding.IsBad(); });
  return options.strict && any_bad ? ExitCode::kEnvironment : ExitCode::kOk;
}

}  // namespace kvs::doctor
