// Matches a finding by its status and a part of what was seen.
#ifndef KVS_TESTS_HARNESS_DOCTOR_FINDING_MATCHER_H_
#define KVS_TESTS_HARNESS_DOCTOR_FINDING_MATCHER_H_

#include <ostream>
#include <string>
#include <string_view>

#include <gmock/gmock.h>

#include "results/model.h"

namespace kvs {

inline void PrintTo(const Finding& finding, std::ostream* out) {
  *out << ToString(finding.status) << ' ' << finding.name << ": " << finding.seen << " ["
       << finding.remedy << ']';
}

namespace doctor::test {

// A warn and a fail have a remedy, and nothing else has.
MATCHER_P2(Found, status, seen, std::string(ToString(status)) + ": ..." + seen + "...") {
  return arg.status == status && arg.seen.find(seen) != std::string::npos && !arg.name.empty() &&
         arg.remedy.empty() != arg.IsBad();
}

}  // namespace doctor::test
}  // namespace kvs

#endif  // KVS_TESTS_HARNESS_DOCTOR_FINDING_MATCHER_H_
