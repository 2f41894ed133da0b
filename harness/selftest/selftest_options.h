// What `kvs-bench selftest` is asked for.
#ifndef KVS_HARNESS_SELFTEST_SELFTEST_OPTIONS_H_
#define KVS_HARNESS_SELFTEST_SELFTEST_OPTIONS_H_

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/driver/driver.h"
#include "harness/options/engine_choice.h"

namespace CLI {
class App;
}

namespace kvs::selftest {

// The values as they were written, "" where not given.
struct RawSelftestOptions {
  bool is_used = false;      // the command is `selftest`
  bool of_overhead = false;  // and its test is `overhead`
  bool of_detector = false;  // or `detector`
  std::vector<std::string> engines;
  std::string rounds, duration, sampling_period, seed, directory;
  bool smoke = false;
  std::string pool, record, blocks, runs;
  bool markdown = false;
  bool json = false;
  bool quiet = false;
};

// Of the test `overhead`.
struct OverheadOptions {
  EngineChoice floor;   // `null`
  EngineChoice engine;  // one whose reads sampling disturbs, too
  unsigned rounds = 11;
  uint64_t records = 1'000'000;
  double warmup_s = 0.25;
  double duration_s = 1;                  // measured in each trial; in pairs, of either kind
  std::optional<uint64_t> operations;     // instead
  std::optional<double> sampling_period;  // unset: as a run chooses it
  uint64_t seed = 1;
  bool judges = true;                              // false: of --smoke, whose figures say nothing
  std::optional<std::filesystem::path> directory;  // --dir
  bool json = false;
  bool quiet = false;
};

// Of the test `detector`.
struct DetectorOptions {
  std::filesystem::path pool = "results/detector";  // the directory of the recorded trials
  uint64_t seed = 1;                                // of what is drawn from them, or of recording
  enum class Output : uint8_t { kText, kMarkdown, kJson } output = Output::kText;

  // --record: adds to the pool instead of judging it.
  bool records = false;
  EngineTable engines;  // `slowed` among them
  unsigned blocks = 300;
  unsigned runs = 15;                              // of the sequential pool
  bool smoke = false;                              // --smoke: trials of a moment
  std::optional<std::filesystem::path> directory;  // --dir
  bool quiet = false;
};

using SelftestOptions = std::variant<OverheadOptions, DetectorOptions>;

// Adds the command `selftest` to `app`, which must not outlive `raw`.
void DefineSelftestCommand(CLI::App& app, RawSelftestOptions& raw);

// Throws UsageError.
SelftestOptions InterpretSelftest(const RawSelftestOptions& raw, EngineTable engines);

}  // namespace kvs::selftest

#endif  // KVS_HARNESS_SELFTEST_SELFTEST_OPTIONS_H_
