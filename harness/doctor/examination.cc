#include "harness/doctor/examination.h"

#include "harness/doctor/build_checks.h"
#include "harness/doctor/fingerprint.h"
#include "harness/doctor/memory_checks.h"
#include "harness/doctor/processor_checks.h"
#include "harness/doctor/storage_checks.h"

namespace kvs::doctor {
namespace {

using Check = Finding (*)(const MachineFacts& facts);

constexpr Check kChecks[] = {
    CheckBuildType,      CheckSanitizers, CheckGovernor,    CheckTurbo, CheckSmt,
    CheckVirtualisation, CheckSteal,      CheckCpuLimit,    CheckLoad,  CheckPressure,
    CheckClockSource,    CheckHugePages,  CheckMemoryLimit, CheckSwap,  CheckFileSystem,
    CheckFlush,          CheckFreeSpace,  CheckOpenFiles,
};

}  // namespace

MachineReport Examine(const MachineFacts& facts) {
  MachineReport report;
  report.fingerprint = Fingerprint(facts);
  report.facts = StableFacts(facts);
  for (const Check check : kChecks) report.findings.push_back(check(facts));
  return report;
}

}  // namespace kvs::doctor
