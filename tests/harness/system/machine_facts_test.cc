#include "harness/system/machine_facts.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/system/fake_system.h"

namespace kvs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The line of mountinfo for the file system on which the fake machine itself lies.
std::string MountLine(const std::filesystem::path& directory, std::string_view rest) {
  struct stat status {};
  EXPECT_EQ(stat(directory.c_str(), &status), 0);
  return fmt::format("27 1 {}:{} / / rw - {}", major(status.st_dev), minor(status.st_dev), rest);
}

TEST(MachineFactsTest, ReadsAMachineOfMetal) {
  test::FakeSystem system;
  system.Write("proc/cpuinfo",
               "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu vme");
  system.Write("sys/devices/system/cpu/online", "0-3");
  system.Write("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave");
  system.Write("sys/devices/system/cpu/cpu1/cpufreq/scaling_governor", "performance");
  system.Write("sys/devices/system/cpu/cpu12/cpufreq/scaling_governor", "powersave");
  system.Write("sys/devices/system/cpu/cpufreq/scaling_governor", "not of a CPU");
  system.Write("sys/devices/system/cpu/intel_pstate/no_turbo", "1");
  system.Write("sys/devices/system/cpu/smt/active", "1");
  system.Write("proc/stat", "cpu  10 20 30 900 5 6 7 22 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0");
  system.Write("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc");
  system.Write("proc/loadavg", "1.60 2.05 2.48 2/101 7182");
  system.Write("proc/pressure/cpu", "some avg10=4.32 avg60=6.44 avg300=20.66 total=3282385862");
  system.Write("proc/pressure/io", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0");
  system.Write("proc/meminfo",
               "MemTotal:       1024 kB\nSwapTotal:       100 kB\nSwapFree:         60 kB");
  system.Write("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never");
  system.Write("sys/class/block/nvme9n1/queue/rotational", "0");
  system.Write("proc/self/mountinfo", MountLine(system.root(), "ext4 /dev/nvme9n1 rw,discard"));
  system.Write("etc/os-release", "NAME=x\nPRETTY_NAME=\"Some Linux 12\"");

  const MachineFacts facts = ReadMachineFacts(system.root(), system.root());
  EXPECT_EQ(facts.cpu_model, "Some CPU @ 2 GHz");
  EXPECT_EQ(facts.cpus, 4u);
  EXPECT_THAT(facts.governors, ElementsAre("performance", "powersave"));
  EXPECT_EQ(facts.turbo, false);
  EXPECT_EQ(facts.smt, true);
  EXPECT_EQ(facts.is_virtual, false);
  EXPECT_EQ(facts.virtualisation, "");
  EXPECT_EQ(facts.steal_share, 0.022);
  EXPECT_EQ(facts.clock_source, "tsc");
  EXPECT_EQ(facts.load, 1.6);
  EXPECT_EQ(facts.pressure.cpu, 4.32);
  EXPECT_EQ(facts.pressure.memory, std::nullopt);
  EXPECT_EQ(facts.pressure.io, 0.0);
  EXPECT_EQ(facts.memory_bytes, 1u << 20);
  EXPECT_EQ(facts.swap_bytes, 100u << 10);
  EXPECT_EQ(facts.swap_used_bytes, 40u << 10);
  EXPECT_EQ(facts.huge_pages, "always [madvise] never");
  EXPECT_EQ(facts.mount.type, "ext4");
  EXPECT_EQ(facts.mount.source, "/dev/nvme9n1");
  EXPECT_EQ(facts.mount.options, "rw,discard");
  EXPECT_EQ(facts.device_kind, "non-rotational");
  EXPECT_EQ(facts.os, "Some Linux 12");
  EXPECT_EQ(facts.flush.median_ns, std::nullopt);
}

TEST(MachineFactsTest, ReadsAVirtualMachine) {
  test::FakeSystem system;
  system.Write("proc/cpuinfo", "flags\t\t: fpu hypervisor vme");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).virtualisation, "virtual machine");
  system.Write("sys/class/dmi/id/sys_vendor", "QEMU");
  system.Write("sys/class/dmi/id/product_name", "Standard PC");
  MachineFacts facts = ReadMachineFacts(system.root(), system.root());
  EXPECT_EQ(facts.is_virtual, true);
  EXPECT_EQ(facts.virtualisation, "virtual machine (QEMU Standard PC)");
  system.Write("sys/hypervisor/type", "xen");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).virtualisation, "xen");
}

TEST(MachineFactsTest, TurboWhereverItIsSaid) {
  test::FakeSystem system;
  system.Write("sys/devices/system/cpu/cpufreq/boost", "1");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).turbo, true);
  system.Write("sys/devices/system/cpu/cpufreq/boost", "perhaps");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).turbo, std::nullopt);
  system.Write("sys/devices/system/cpu/intel_pstate/no_turbo", "0");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).turbo, true);
}

TEST(MachineFactsTest, ADeviceOfPartitionsHasItsKindAboveThem) {
  test::FakeSystem system;
  system.Write("proc/self/mountinfo", MountLine(system.root(), "xfs /dev/sdz1 rw"));
  system.Write("sys/devices/sdz/queue/rotational", "1");
  system.Write("sys/devices/sdz/sdz1/partition", "1");
  std::filesystem::create_directories(system.root() / "sys/class/block");
  std::filesystem::create_directory_symlink("../../devices/sdz/sdz1",
                                            system.root() / "sys/class/block/sdz1");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).device_kind, "rotational");
}

TEST(MachineFactsTest, WhatIsNotToldIsAbsent) {
  test::FakeSystem system;
  const MachineFacts facts = ReadMachineFacts(system.root(), system.root());
  EXPECT_EQ(facts.cpu_model, "");
  EXPECT_EQ(facts.cpus, std::nullopt);
  EXPECT_THAT(facts.governors, IsEmpty());
  EXPECT_EQ(facts.turbo, std::nullopt);
  EXPECT_EQ(facts.smt, std::nullopt);
  EXPECT_EQ(facts.is_virtual, std::nullopt);
  EXPECT_EQ(facts.steal_share, std::nullopt);
  EXPECT_EQ(facts.clock_source, "");
  EXPECT_EQ(facts.load, std::nullopt);
  EXPECT_EQ(facts.pressure.cpu, std::nullopt);
  EXPECT_FALSE(facts.cgroup.cpu_is_known);
  EXPECT_EQ(facts.memory_bytes, std::nullopt);
  EXPECT_EQ(facts.swap_bytes, std::nullopt);
  EXPECT_EQ(facts.swap_used_bytes, std::nullopt);
  EXPECT_EQ(facts.huge_pages, "");
  EXPECT_EQ(facts.mount.type, "unknown");
  EXPECT_EQ(facts.device_kind, "");
  EXPECT_EQ(facts.os, "");
}

TEST(MachineFactsTest, NonsenseIsAbsentToo) {
  test::FakeSystem system;
  system.Write("proc/stat", "cpu 1 2 3");
  system.Write("proc/loadavg", "none");
  system.Write("proc/pressure/cpu", "full avg10=4.32");
  system.Write("proc/meminfo", "MemTotal: much\nSwapTotal: 10 kB\nSwapFree: 20 kB");
  const MachineFacts facts = ReadMachineFacts(system.root(), system.root());
  EXPECT_EQ(facts.steal_share, std::nullopt);
  EXPECT_EQ(facts.load, std::nullopt);
  EXPECT_EQ(facts.pressure.cpu, std::nullopt);
  EXPECT_EQ(facts.memory_bytes, std::nullopt);
  EXPECT_EQ(facts.swap_used_bytes, 0u);
  system.Write("proc/stat", "cpu 0 0 0 0 0 0 0 0");
  EXPECT_EQ(ReadMachineFacts(system.root(), system.root()).steal_share, std::nullopt);
}

TEST(MachineFactsTest, AsksTheRunningSystemForTheRest) {
  const test::ScratchDirectory scratch;
  const MachineFacts facts = ReadMachineFacts(scratch.path() / "not" / "there");
  EXPECT_TRUE(facts.free_bytes.has_value());
  EXPECT_TRUE(facts.open_files.has_value());
  EXPECT_THAT(facts.kernel, HasSubstr("Linux"));
  EXPECT_NE(facts.compiler, "");
  EXPECT_NE(facts.build_type, "");
}

}  // namespace
}  // namespace kvs
