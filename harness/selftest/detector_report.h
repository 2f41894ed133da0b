// What `kvs-bench selftest detector` found, for people and for programs.
#ifndef KVS_HARNESS_SELFTEST_DETECTOR_REPORT_H_
#define KVS_HARNESS_SELFTEST_DETECTOR_REPORT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/exit_code.h"
#include "harness/selftest/detector.h"

namespace kvs::detector {

// What the verdicts are to keep, of one cell and comparisons of the rules' main length.
struct Aim {
  enum class State : uint8_t {
    kKept,     // the interval is within the limit
    kMissed,   // it is beyond
    kUnknown,  // it holds the limit, or there are no comparisons
  };
  std::string cell;
  std::string what;     // "false verdicts where nothing changed"
  bool is_most = true;  // otherwise the limit is the least
  double limit = 0;     // a share
  // Of the drawn comparisons, with its interval at kShareConfidence; nothing without any.
  std::optional<double> share = {};
  Interval interval = {};
  State state = State::kUnknown;
};
// At most 2% of comparisons with a false verdict where nothing changed; at least 90% that find a
// loss of 5% of the throughput. No arm has lost 5% exactly, whatever was injected: the share, and
// its interval, are on the straight line between the two arms that by all blocks lost a little less
// and a little more.
std::vector<Aim> JudgeAims(const DetectorReport& report);

// Tables: how often `compare` was right, by its length, and beside others. As aligned text, or in
// Markdown.
enum class Layout : uint8_t { kText, kMarkdown };
std::string ReportAsText(const DetectorReport& report, Layout layout);
std::string ReportAsJson(const DetectorReport& report);

// kRegression when an aim is missed, kInconclusive when none is but one is unknown.
ExitCode ExitCodeOf(const DetectorReport& report);

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_DETECTOR_REPORT_H_
