// Answers that no correct store gives: counted, and the first of them kept in words.
#ifndef KVS_HARNESS_DRIVER_WRONG_ANSWERS_H_
#define KVS_HARNESS_DRIVER_WRONG_ANSWERS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/driver/recent_writes.h"
#include "workloads/operation.h"
#include "workloads/value_codec.h"

namespace kvs {

// Thread safety: one thread at a time. Each worker has its own; Merge after the join.
struct WrongAnswers {
  static constexpr size_t kMaxExamples = 10;

  uint64_t count = 0;
  std::vector<std::string> examples;  // at most kMaxExamples

  // Counts a wrong answer of `operation` ("read") to `key`, and keeps it as
  //   read of key "user42" (number 7): expected ..., saw ...
  // when there is room.
  void Add(std::string_view operation, std::string_view key, uint64_t key_number,
           std::string_view expected, std::string_view seen);

  // Counts an older value of `written`'s key.
  void AddStale(std::string_view operation, std::string_view key, const AcknowledgedWrite& written,
                const ValueOrigin& found);

  void Merge(const WrongAnswers& other);
};

// `bytes` in quotes, other than printable ASCII as \xNN, cut after 64 bytes with the length told.
std::string Printable(std::string_view bytes);

// What is wrong with `value`, which failed its check: "a value of another key" or "a damaged
// value", its size and its first bytes. `verdict` is not kGood.
std::string DescribeValue(ValueVerdict verdict, std::string_view value);

}  // namespace kvs

#endif  // KVS_HARNESS_DRIVER_WRONG_ANSWERS_H_
