#include "harness/doctor/doctor_command.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/harness/scratch_directory.h"

namespace kvs::doctor {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

MachineReport SomeReport() {
  return {.fingerprint = "0123456789abcdef",
          .facts = Properties{{"kernel", "Linux 6.1"}},
          .findings = {{"swap", FindingStatus::kOk, "none", ""},
                       {"turbo", FindingStatus::kWarn, "on", "switch it off"},
                       {"file_system", FindingStatus::kFail, "tmpfs", "name a disk"},
                       {"steal", FindingStatus::kUnknown, "not counted", ""}}};
}

TEST(DoctorCommandTest, ALineForEachFindingAndItsRemedyBelow) {
  EXPECT_EQ(ReportAsText(SomeReport()), R"(ok       swap: none
warn     turbo: on
         switch it off
fail     file_system: tmpfs
         name a disk
unknown  steal: not counted
4 checks: 1 ok, 1 warn, 1 fail, 1 unknown; fingerprint 0123456789abcdef
)");
}

TEST(DoctorCommandTest, JsonHasAllOfIt) {
  MachineFacts facts;
  facts.cpu_model = "Some CPU";
  const auto json = nlohmann::json::parse(ReportAsJson(SomeReport(), facts, "/a/../b/\xff"));
  EXPECT_EQ(json["fingerprint"], "0123456789abcdef");
  EXPECT_EQ(json["directory"], "/b/\uFFFD");
  EXPECT_EQ(json["version"], KVS_VERSION);
  EXPECT_EQ(json["host"]["cpu"], "Some CPU");
  EXPECT_EQ(json["counts"], (nlohmann::json{{"ok", 1}, {"warn", 1}, {"fail", 1}, {"unknown", 1}}));
  ASSERT_EQ(json["findings"].size(), 4u);
  EXPECT_EQ(
      json["findings"][1],
      (nlohmann::json{
          {"name", "turbo"}, {"status", "warn"}, {"seen", "on"}, {"remedy", "switch it off"}}));
}

TEST(DoctorCommandTest, ADirectoryThatCannotBeWrittenIsRefusedByName) {
  const kvs::test::ScratchDirectory scratch;
  const auto run = [](const std::filesystem::path& directory) {
    return [directory] { RunDoctor({.directory = directory, .json = false, .strict = false}); };
  };
  EXPECT_THAT(run(scratch.path() / "missing"),
              ThrowsMessage<EnvironmentError>(
                  AllOf(HasSubstr("missing: is no directory"), HasSubstr("--dir"))));
  // Not even root can write there.
  EXPECT_THAT(run("/proc"), ThrowsMessage<EnvironmentError>(HasSubstr("/proc: cannot be written")));
}

}  // namespace
}  // namespace kvs::doctor
