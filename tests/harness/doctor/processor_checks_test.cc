#include "harness/doctor/processor_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/doctor/finding_matcher.h"

namespace kvs::doctor {
namespace {

using test::Found;

constexpr FindingStatus kOk = FindingStatus::kOk;
constexpr FindingStatus kWarn = FindingStatus::kWarn;
constexpr FindingStatus kUnknown = FindingStatus::kUnknown;

TEST(ProcessorChecksTest, Governor) {
  MachineFacts facts;
  EXPECT_THAT(CheckGovernor(facts), Found(kUnknown, "no frequency policy"));
  facts.governors = {"performance"};
  EXPECT_THAT(CheckGovernor(facts), Found(kOk, "performance"));
  facts.governors = {"powersave"};
  EXPECT_THAT(CheckGovernor(facts), Found(kWarn, "powersave"));
  facts.governors = {"performance", "powersave"};
  EXPECT_THAT(CheckGovernor(facts), Found(kWarn, "performance, powersave"));
}

TEST(ProcessorChecksTest, Turbo) {
  MachineFacts facts;
  EXPECT_THAT(CheckTurbo(facts), Found(kUnknown, "does not say"));
  facts.turbo = false;
  EXPECT_THAT(CheckTurbo(facts), Found(kOk, "off"));
  facts.turbo = true;
  EXPECT_THAT(CheckTurbo(facts), Found(kWarn, "on"));
}

TEST(ProcessorChecksTest, SmtMayBeHiddenByAHost) {
  MachineFacts facts;
  EXPECT_THAT(CheckSmt(facts), Found(kUnknown, "does not say"));
  facts.smt = true;
  EXPECT_THAT(CheckSmt(facts), Found(kWarn, "on"));
  facts.smt = false;
  EXPECT_THAT(CheckSmt(facts), Found(kUnknown, "may hide it"));
  facts.is_virtual = true;
  EXPECT_THAT(CheckSmt(facts), Found(kUnknown, "may hide it"));
  facts.is_virtual = false;
  EXPECT_THAT(CheckSmt(facts), Found(kOk, "off"));
}

TEST(ProcessorChecksTest, Virtualisation) {
  MachineFacts facts;
  EXPECT_THAT(CheckVirtualisation(facts), Found(kUnknown, "does not say"));
  facts.is_virtual = false;
  EXPECT_THAT(CheckVirtualisation(facts), Found(kOk, "none"));
  facts.is_virtual = true;
  facts.virtualisation = "virtual machine (QEMU)";
  EXPECT_THAT(CheckVirtualisation(facts), Found(kWarn, "virtual machine (QEMU)"));
}

TEST(ProcessorChecksTest, StealOfNothingSaysNothingInAVirtualMachine) {
  MachineFacts facts;
  EXPECT_THAT(CheckSteal(facts), Found(kUnknown, "does not count"));
  facts.steal_share = 0;
  EXPECT_THAT(CheckSteal(facts), Found(kUnknown, "looks the same"));
  facts.is_virtual = true;
  EXPECT_THAT(CheckSteal(facts), Found(kUnknown, "looks the same"));
  facts.is_virtual = false;
  EXPECT_THAT(CheckSteal(facts), Found(kOk, "0.00%"));
  facts.is_virtual = true;
  facts.steal_share = 0.01;
  EXPECT_THAT(CheckSteal(facts), Found(kOk, "1.00%"));
  facts.steal_share = 0.0101;
  EXPECT_THAT(CheckSteal(facts), Found(kWarn, "1.01%"));
}

TEST(ProcessorChecksTest, CpuLimit) {
  MachineFacts facts;
  facts.cpus = 4;
  EXPECT_THAT(CheckCpuLimit(facts), Found(kUnknown, "cannot be seen"));
  facts.cgroup.cpu_is_known = true;
  EXPECT_THAT(CheckCpuLimit(facts), Found(kOk, "no limit"));
  facts.cgroup.cpus = 4;
  EXPECT_THAT(CheckCpuLimit(facts), Found(kOk, "4 CPUs"));
  facts.cgroup.cpus = 1.5;
  EXPECT_THAT(CheckCpuLimit(facts), Found(kWarn, "1.5 of 4 CPUs"));
  facts.cpus.reset();
  EXPECT_THAT(CheckCpuLimit(facts), Found(kWarn, "1.5 of unknown"));
}

TEST(ProcessorChecksTest, LoadIsPerCpu) {
  MachineFacts facts;
  EXPECT_THAT(CheckLoad(facts), Found(kUnknown, "does not tell"));
  facts.load = 1;
  EXPECT_THAT(CheckLoad(facts), Found(kUnknown, "does not tell"));
  facts.cpus = 4;
  EXPECT_THAT(CheckLoad(facts), Found(kOk, "1.00 on 4 CPUs"));
  facts.cpus = 3;
  EXPECT_THAT(CheckLoad(facts), Found(kWarn, "1.00 on 3 CPUs"));
}

TEST(ProcessorChecksTest, Pressure) {
  MachineFacts facts;
  EXPECT_THAT(CheckPressure(facts), Found(kUnknown, "memory not told"));
  facts.pressure = {.cpu = 5, .memory = 1, .io = 5};
  EXPECT_THAT(CheckPressure(facts), Found(kOk, "cpu 5.0%, memory 1.0%, io 5.0%"));
  facts.pressure.cpu = 5.1;
  EXPECT_THAT(CheckPressure(facts), Found(kWarn, "cpu 5.1%"));
  facts.pressure = {.cpu = 0, .memory = 1.1, .io = 0};
  EXPECT_THAT(CheckPressure(facts), Found(kWarn, "memory 1.1%"));
  // What is known to be high is bad, whatever else is not known.
  facts.pressure = {.cpu = {}, .memory = 0, .io = 5.1};
  EXPECT_THAT(CheckPressure(facts), Found(kWarn, "cpu not told"));
  facts.pressure.io = 0;
  EXPECT_THAT(CheckPressure(facts), Found(kUnknown, "cpu not told"));
}

TEST(ProcessorChecksTest, ClockSource) {
  MachineFacts facts;
  EXPECT_THAT(CheckClockSource(facts), Found(kUnknown, "does not name"));
  for (const char* fast : {"tsc", "kvm-clock", "arch_sys_counter"}) {
    facts.clock_source = fast;
    EXPECT_THAT(CheckClockSource(facts), Found(kOk, fast));
  }
  for (const char* slow : {"hpet", "acpi_pm"}) {
    facts.clock_source = slow;
    EXPECT_THAT(CheckClockSource(facts), Found(kWarn, slow));
  }
  facts.clock_source = "sundial";
  EXPECT_THAT(CheckClockSource(facts), Found(kUnknown, "sundial"));
}

}  // namespace
}  // namespace kvs::doctor
