#include "harness/selftest/detector_command.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/selftest/detector.h"
#include "harness/selftest/detector_pool.h"
#include "harness/selftest/detector_record.h"
#include "harness/selftest/detector_report.h"

namespace kvs::detector {

ExitCode RunDetector(const selftest::DetectorOptions& options) {
  if (options.records) return RecordPools(options);
  const std::filesystem::path paired_path = options.pool / kPairedFile;
  const std::optional<Pool> paired = ReadPool(paired_path);
  if (!paired || paired->trials.empty()) {
    throw UsageError(fmt::format(
        "{}: there are no recorded trials: name their directory with --pool, or record some: "
        "kvs-bench-slowed selftest detector --record DIR",
        paired_path.string()));
  }
  const Pool sequential = ReadPool(options.pool / kSequentialFile).value_or(Pool());
  DetectorRules rules;
  rules.seed = options.seed;
  const DetectorReport report = MeasureDetector(*paired, sequential, rules);
  using Output = selftest::DetectorOptions::Output;
  if (options.output == Output::kJson) {
    fmt::print("{}", ReportAsJson(report));
  } else {
    const bool is_markdown = options.output == Output::kMarkdown;
    fmt::print("{}", ReportAsText(report, is_markdown ? Layout::kMarkdown : Layout::kText));
  }
  return ExitCodeOf(report);
}

}  // namespace kvs::detector
