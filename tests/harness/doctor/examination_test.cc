#include "harness/doctor/examination.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/doctor/fingerprint.h"

namespace kvs::doctor {
namespace {

TEST(ExaminationTest, HasAllChecksByName) {
  const MachineReport report = Examine(MachineFacts{});
  std::vector<std::string> names;
  for (const Finding& finding : report.findings) names.push_back(finding.name);
  EXPECT_THAT(names, ::testing::ElementsAre("build_type", "sanitizers", "cpu_governor", "turbo",
                                            "smt", "virtualisation", "steal", "cgroup_cpu", "load",
                                            "pressure", "clock_source", "transparent_huge_pages",
                                            "cgroup_memory", "swap", "file_system", "fdatasync",
                                            "free_space", "open_files"));
  EXPECT_EQ(report.fingerprint, Fingerprint(MachineFacts{}));
}

TEST(ExaminationTest, OfAMachineThatTellsNothingNothingIsOkByGuess) {
  for (const Finding& finding : Examine(MachineFacts{}).findings) {
    if (finding.name == "sanitizers") continue;  // a build knows whether it has any
    EXPECT_EQ(finding.status, FindingStatus::kUnknown) << finding.name;
  }
}

}  // namespace
}  // namespace kvs::doctor
