// How a check says what it found.
#ifndef KVS_HARNESS_DOCTOR_VERDICT_H_
#define KVS_HARNESS_DOCTOR_VERDICT_H_

#include <string>
#include <string_view>
#include <utility>

#include "results/model.h"

namespace kvs::doctor {

inline Finding Ok(std::string_view name, std::string seen) {
  return {std::string(name), FindingStatus::kOk, std::move(seen), ""};
}

inline Finding Warn(std::string_view name, std::string seen, std::string remedy) {
  return {std::string(name), FindingStatus::kWarn, std::move(seen), std::move(remedy)};
}

inline Finding Fail(std::string_view name, std::string seen, std::string remedy) {
  return {std::string(name), FindingStatus::kFail, std::move(seen), std::move(remedy)};
}

// `why` says what did not tell.
inline Finding Unknown(std::string_view name, std::string why) {
  return {std::string(name), FindingStatus::kUnknown, std::move(why), ""};
}

}  // namespace kvs::doctor

#endif  // KVS_HARNESS_DOCTOR_VERDICT_H_
