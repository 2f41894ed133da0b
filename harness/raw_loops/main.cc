// kvs-adapter-cost: what an adapter adds to its library. See --help.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "engines/registry.h"
#include "harness/driver/driver.h"
#include "harness/microbench/fresh_directory.h"
#include "harness/raw_loops/raw_loop.h"
#include "results/order_statistics.h"
#include "results/statistics.h"
#include "workloads/key_renderer.h"
#include "workloads/random.h"
#include "workloads/spec.h"
#include "workloads/value_codec.h"

namespace kvs {

std::string EffectiveOption(const EngineInfo& info, std::string_view name) {
  for (const auto& [known, value] : info.effective_options) {
    if (known == name) return value;
  }
  throw std::runtime_error(fmt::format("{} tells nothing of {}", info.library, name));
}

constexpr int kMissed = 1;
constexpr int kDidNotRun = 2;
constexpr int kInconclusive = 3;

namespace {

constexpr double kLimit = 1.10;

// The better ones first.
enum class Verdict : uint8_t { kOk, kInconclusive, kMissed };

std::string_view ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "OK";
    case Verdict::kInconclusive:
      return "INCONCLUSIVE";
    case Verdict::kMissed:
      return "MISSED";
  }
  return "";
}

// By the whole interval of the ratio; without one, nothing can be said.
Verdict VerdictOf(const std::optional<Interval>& interval) {
  if (!interval) return Verdict::kInconclusive;
  if (interval->high <= kLimit) return Verdict::kOk;
  return interval->low > kLimit ? Verdict::kMissed : Verdict::kInconclusive;
}

struct Library {
  std::string_view engine;
  OpenRawLoop open_raw;
};
constexpr Library kLibraries[] = {
    {"lmdb", OpenRawLmdb}, {"rocksdb", OpenRawRocksdb}, {"sqlite", OpenRawSqlite}};

struct Options {
  std::string directory = std::filesystem::temp_directory_path();
  uint64_t records = 100'000;
  uint64_t operations = 20'000;
  unsigned repetitions = 21;
  bool smoke = false;
};

enum class Side { kAdapter, kRaw };
enum class Kind { kGet, kSet };

// Processor time of this thread: nothing here waits for a device, and a machine that is busy with
// other things lengthens it less than the time on the clock.
uint64_t ThreadCpuNs() {
  timespec time{};
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) != 0) {
    throw std::system_error(errno, std::generic_category(), "clock_gettime");
  }
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
}

// Keys and values for one turn of both sides, made before the clock runs.
class Batch {
 public:
  Batch(const Spec& spec, const KeyRenderer& keys, const ValueCodec& values, uint64_t operations,
        uint32_t turn)
      : bytes_(new char[operations * (keys.max_size() + values.buffer_size())]) {
    Random random(turn);
    char* place = bytes_.get();
    for (uint64_t i = 0; i < operations; ++i) {
      const uint64_t number = random.Below(spec.insert_count);
      keys_.push_back(keys.Render(number, place));
      place += keys.max_size();
      values_.push_back(values.Encode(number, /*writer=*/0, turn + 1, place));
      place += values.buffer_size();
    }
  }

  std::span<const std::string_view> keys() const { return keys_; }
  std::span<const std::string_view> values() const { return values_; }

 private:
  const std::unique_ptr<char[]> bytes_;
  std::vector<std::string_view> keys_;
  std::vector<std::string_view> values_;
};

// The same calls through the interface, as the driver makes them.
class AdapterLoop final : public RawLoop {
 public:
  explicit AdapterLoop(std::unique_ptr<KvsEngine> engine) : engine_(std::move(engine)) {}

  size_t Get(std::span<const std::string_view> keys, std::string& value) override {
    size_t found = 0;
    for (const std::string_view key : keys) {
      if (engine_->Get(key, value)) ++found;
    }
    return found;
  }
  void Set(std::span<const std::string_view> keys,
           std::span<const std::string_view> values) override {
    for (size_t i = 0; i < keys.size(); ++i) engine_->Set(keys[i], values[i]);
  }

 private:
  const std::unique_ptr<KvsEngine> engine_;
};

// One library: both sides take turns on the same store, each alone in it.
class Comparison {
 public:
  Comparison(const Library& library, const EngineDefinition& engine, const Options& options,
             const std::filesystem::path& parent)
      : library_(library),
        engine_(engine),
        options_(options),
        spec_(ParseSpec(fmt::format("recordcount={}\nvaluesize=100\n", options.records),
                        "kvs-adapter-cost", "adapter-cost", {})),
        keys_(spec_.keys),
        values_(spec_.value_size, 0) {
    engine_options_.directory = parent / std::string(engine.name);
    const std::unique_ptr<KvsEngine> root = engine.open(engine_options_);
    DriverOptions one_thread;
    one_thread.threads = 1;
    Load(*root, spec_, keys_, values_, one_thread);
    root->Settle();
    info_ = root->Info();
  }

  // Prints a line, and returns its verdict.
  Verdict Run(Kind kind) {
    std::vector<double> adapter_ns;
    std::vector<double> raw_ns;
    std::vector<double> ratios;
    for (unsigned repetition = 0; repetition < options_.repetitions; ++repetition) {
      // In both orders, as the second side may pay for what the first one left: SQLite's sets are
      // dearer by a seventh then.
      double ratio = 1;
      for (const bool adapter_first : {true, false}) {
        const uint32_t turn = 2 * repetition + (adapter_first ? 0 : 1);
        const Batch batch(spec_, keys_, values_, options_.operations, turn);
        const double first = Measure(adapter_first ? Side::kAdapter : Side::kRaw, kind, batch);
        const double second = Measure(adapter_first ? Side::kRaw : Side::kAdapter, kind, batch);
        adapter_ns.push_back(adapter_first ? first : second);
        raw_ns.push_back(adapter_first ? second : first);
        ratio *= adapter_ns.back() / raw_ns.back();
      }
      ratios.push_back(std::sqrt(ratio));
    }
    const std::optional<Interval> interval = NestedIntervals::OfMedian(ratios).At(0.05);
    const Verdict verdict = VerdictOf(interval);
    fmt::print(
        "{:8} {:4} {:10.0f} {:10.0f}   {:.3f} {:13}  <= {:.2f}  {}\n", engine_.name,
        kind == Kind::kGet ? "get" : "set", Median(adapter_ns), Median(raw_ns), Median(ratios),
        interval ? fmt::format("[{:.3f}-{:.3f}]", interval->low, interval->high) : "[too few]",
        kLimit, ToString(verdict));
    std::fflush(stdout);
    return verdict;
  }

 private:
  // Opens the store, goes through the batch once to warm it up and once more to measure.
  // Returns ns per operation.
  double Measure(Side side, Kind kind, const Batch& batch) {
    const std::unique_ptr<RawLoop> loop =
        side == Side::kRaw ? library_.open_raw(engine_options_, info_)
                           : std::make_unique<AdapterLoop>(engine_.open(engine_options_));
    std::string value;
    uint64_t start_ns = 0;
    for (const bool timed : {false, true}) {
      if (timed) start_ns = ThreadCpuNs();
      if (kind == Kind::kSet) {
        loop->Set(batch.keys(), batch.values());
      } else if (loop->Get(batch.keys(), value) != batch.keys().size()) {
        throw std::runtime_error(fmt::format("{}: a record is missing", engine_.name));
      }
    }
    return static_cast<double>(ThreadCpuNs() - start_ns) / static_cast<double>(batch.keys().size());
  }

  const Library& library_;
  const EngineDefinition& engine_;
  const Options& options_;
  const Spec spec_;
  const KeyRenderer keys_;
  const ValueCodec values_;
  EngineOptions engine_options_;
  EngineInfo info_;
};

// Returns the worst verdict.
Verdict CompareAll(const Options& options, const std::filesystem::path& parent) {
  fmt::print(
      "CPU ns per operation, medians of {} repetitions in both orders, and the median ratio within "
      "a repetition with its interval of at least 95%\n{:8} {:4} {:>10} {:>10}   {}\n",
      options.repetitions, "", "", "adapter", "plain loop", "ratio");
  Verdict worst = Verdict::kOk;
  for (const Library& library : kLibraries) {
    const EngineDefinition* const engine = FindEngine(library.engine);
    Comparison comparison(library, *engine, options, parent);
    // Reads first: what writes leave to do in the background is not theirs.
    for (const Kind kind : {Kind::kGet, Kind::kSet}) worst = std::max(worst, comparison.Run(kind));
  }
  return worst;
}

int Main(int argc, char** argv) {
  CLI::App app{
      "What an adapter adds to its library: get and set through the engine interface against a "
      "plain loop over the library's own calls, on the same store with the same settings, in "
      "turns. Status: 0 the interval of every ratio is within 10%, 1 one is beyond (MISSED), 2 "
      "something did not run, 3 one contains the limit (INCONCLUSIVE: more --repetitions tell).",
      "kvs-adapter-cost"};
  Options options;
  app.add_option("--dir", options.directory, "where the stores go, in a fresh directory")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  app.add_option("--records", options.records, "records of 100 bytes in each store")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40))
      ->capture_default_str();
  app.add_option("--operations", options.operations, "per side and order in a repetition")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 24))
      ->capture_default_str();
  app.add_option("--repetitions", options.repetitions)
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_flag("--smoke", options.smoke,
               "only whether it works, in a second; its figures mean nothing and decide nothing");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kDidNotRun;
  }
  if (options.smoke) {
    options.records = 1000;
    options.operations = 200;
    options.repetitions = 3;
  }

  const FreshDirectory directory(options.directory, "kvs-adapter-cost");
  const Verdict worst = CompareAll(options, directory.path());
  if (options.smoke || worst == Verdict::kOk) return 0;
  return worst == Verdict::kMissed ? kMissed : kInconclusive;
}

}  // namespace
}  // namespace kvs

int main(int argc, char** argv) {
  try {
    return kvs::Main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "kvs-adapter-cost: {}\n", error.what());
    return kvs::kDidNotRun;
  }
}
