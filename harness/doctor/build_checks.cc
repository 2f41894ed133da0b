#include "harness/doctor/build_checks.h"

#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/doctor/verdict.h"

namespace kvs::doctor {
namespace {

constexpr const char* kBuildRelease =
    "measure with the build release: cmake --preset release && cmake --build --preset release";

}  // namespace

Finding CheckBuildType(const MachineFacts& facts) {
  constexpr std::string_view kName = "build_type";
  if (facts.build_type.empty()) return Unknown(kName, "the build does not name it");
  if (facts.has_assertions) {
    return Fail(
        kName,
        fmt::format("{}, a debug build with assertions: its figures say nothing about speed",
                    facts.build_type),
        kBuildRelease);
  }
  if (facts.build_type == "Release") return Ok(kName, facts.build_type);
  return Warn(kName, facts.build_type + ": optimised otherwise than what is compared elsewhere",
              kBuildRelease);
}

Finding CheckSanitizers(const MachineFacts& facts) {
  constexpr std::string_view kName = "sanitizers";
  if (facts.sanitizer.empty()) return Ok(kName, "none");
  return Fail(kName,
              fmt::format("this build has sanitizers ({}): its figures say nothing about speed",
                          facts.sanitizer),
              kBuildRelease);
}

}  // namespace kvs::doctor
