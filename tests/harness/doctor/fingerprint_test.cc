#include "harness/doctor/fingerprint.h"

#include <functional>
#include <set>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs::doctor {
namespace {

using ::testing::MatchesRegex;

using Change = std::function<void(MachineFacts&)>;

std::string FingerprintAfter(const Change& change) {
  MachineFacts facts;
  facts.memory_bytes = 25'276'510'208;
  change(facts);
  return Fingerprint(facts);
}

std::string Unchanged() {
  return FingerprintAfter([](MachineFacts&) {});
}

TEST(FingerprintTest, IsAShortWord) { EXPECT_THAT(Unchanged(), MatchesRegex("[0-9a-f]{16}")); }

TEST(FingerprintTest, IsTheSameForever) {
  // Results that lie in archives are compared by it.
  EXPECT_EQ(Fingerprint(MachineFacts{}), "28d24451243e8545");
}

TEST(FingerprintTest, EachStableFactChangesIt) {
  const Change changes[] = {
      [](MachineFacts& facts) { facts.cpu_model = "Other"; },
      [](MachineFacts& facts) { facts.cpus = 2; },
      [](MachineFacts& facts) { facts.memory_bytes = 1 << 30; },
      [](MachineFacts& facts) { facts.governors = {"performance"}; },
      [](MachineFacts& facts) { facts.turbo = true; },
      [](MachineFacts& facts) { facts.turbo = false; },
      [](MachineFacts& facts) { facts.smt = true; },
      [](MachineFacts& facts) { facts.is_virtual = true; },
      [](MachineFacts& facts) { facts.virtualisation = "xen"; },
      [](MachineFacts& facts) { facts.cgroup.cpu_is_known = true; },
      [](MachineFacts& facts) {
        facts.cgroup.cpu_is_known = true;
        facts.cgroup.cpus = 1.5;
      },
      [](MachineFacts& facts) { facts.cgroup.memory_is_known = true; },
      [](MachineFacts& facts) { facts.clock_source = "tsc"; },
      [](MachineFacts& facts) { facts.huge_pages = "[always] never"; },
      [](MachineFacts& facts) { facts.kernel = "Linux 7"; },
      [](MachineFacts& facts) { facts.mount.type = "xfs"; },
      [](MachineFacts& facts) { facts.device_kind = "rotational"; },
      [](MachineFacts& facts) { facts.compiler = "g++ 12"; },
      [](MachineFacts& facts) { facts.build_type = "Release"; },
      [](MachineFacts& facts) { facts.sanitizer = "thread"; },
      [](MachineFacts& facts) { facts.has_assertions = true; },
      [](MachineFacts& facts) { facts.fmt_version = "9.1.0"; },
  };
  std::set<std::string> seen = {Unchanged()};
  for (size_t i = 0; i < std::size(changes); ++i) {
    EXPECT_TRUE(seen.insert(FingerprintAfter(changes[i])).second) << "change " << i;
  }
}

TEST(FingerprintTest, WhatChangesByItselfDoesNot) {
  EXPECT_EQ(FingerprintAfter([](MachineFacts& facts) {
              facts.load = 7;
              facts.pressure = {.cpu = 1, .memory = 2, .io = 3};
              facts.steal_share = 0.5;
              facts.free_bytes = 1;
              facts.swap_bytes = 2;
              facts.swap_used_bytes = 1;
              facts.flush.median_ns = 100'000;
              facts.mount.source = "/dev/other";
              facts.open_files = 1;
              *facts.memory_bytes += 4096;  // less than its three digits show
            }),
            Unchanged());
}

}  // namespace
}  // namespace kvs::doctor
