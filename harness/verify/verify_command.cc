#include "harness/verify/verify_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/output/run_directory.h"
#include "harness/system/data_location.h"
#include "harness/system/stop_requests.h"
#include "harness/verify/contract_suite.h"
#include "harness/verify/property_check.h"

namespace kvs::verify {
namespace {

// One engine in one tier.
struct Target {
  const EngineChoice* engine;
  Durability tier;
  unsigned threads;

  std::string Label() const { return fmt::format("{}, {}", engine->Label(), kvs::ToString(tier)); }
};

// What standard error says meanwhile: on a terminal one line that is rewritten, elsewhere one line
// for each tenth.
class ProgressLine {
 public:
  explicit ProgressLine(bool quiet) : quiet_(quiet), live_(isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() { Clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void Show(const std::string& target, uint64_t done, uint64_t all, std::string_view what) {
    if (quiet_ || done == done_) return;
    const bool is_a_tenth = done * 10 / all != done_ * 10 / all && done < all;
    done_ = done;
    if (live_) {
      fmt::print(stderr, "\r\033[K{}: {} of {} {}", target, done, all, what);
      is_shown_ = true;
    } else if (is_a_tenth) {
      fmt::print(stderr, "{}: {} of {} {}\n", target, done, all, what);
    }
    std::fflush(stderr);
  }
  // A line of its own.
  void Say(const std::string& text) {
    Clear();
    if (!quiet_) fmt::print(stderr, "{}\n", text);
  }
  void Clear() {
    if (is_shown_) fmt::print(stderr, "\r\033[K");
    std::fflush(stderr);
    is_shown_ = false;
    done_ = 0;
  }

 private:
  const bool quiet_;
  const bool live_;
  bool is_shown_ = false;
  uint64_t done_ = 0;
};

// "" when it can.
std::string WhyNot(Property property, const EngineCapabilities& can, Durability tier) {
  if (property != Property::kContract && !can.stores_data) return "it stores no data";
  if (std::find(can.tiers.begin(), can.tiers.end(), tier) == can.tiers.end()) {
    return fmt::format("it does not offer durability '{}'", kvs::ToString(tier));
  }
  return "";
}

CheckResult CheckProperty(CheckContext& context) {
  switch (context.options.property) {
    case Property::kLinearizability:
      return CheckLinearizability(context);
    case Property::kCrash:
      return CheckCrashes(context);
    case Property::kContract:
      break;
  }
  return CheckContract(context);
}

class VerifyRun {
 public:
  explicit VerifyRun(const VerifyOptions& options) : options_(options), progress_(options.quiet) {
    ChooseTargets();
    if (options_.property == Property::kContract) CheckContractSuiteIsThere();
    ChooseFiles();
  }

  ExitCode Execute() {
    StopRequests stop;
    RunDirectory directory(data_parent_);
    bool violated = false, interrupted = false;
    for (size_t i = 0; i < targets_.size() && !interrupted; ++i) {
      const CheckResult result =
          Check(targets_[i], fmt::format("store-{:02}", i + 1), directory, stop);
      violated |= result.verdict == CheckResult::Verdict::kViolated;
      interrupted |= result.verdict == CheckResult::Verdict::kInterrupted || stop.Count() > 0;
    }
    if (interrupted) return ExitCode::kInterrupted;
    return violated ? ExitCode::kEngineFailed : ExitCode::kOk;
  }

 private:
  void ChooseTargets() {
    std::string refused;
    for (const Durability tier : options_.tiers) {
      for (const EngineChoice& engine : options_.engines) {
        EngineOptions open;
        open.durability = tier;
        open.settings = engine.settings;
        const EngineCapabilities can = engine.definition->capabilities(open);
        Target target{&engine, tier, std::min(options_.threads, can.max_threads)};
        if (const std::string why = WhyNot(options_.property, can, tier); !why.empty()) {
          refused += fmt::format("\n  {}: unsupported: {}", target.Label(), why);
          continue;
        }
        targets_.push_back(target);
      }
    }
    if (targets_.empty()) throw UsageError(fmt::format("nothing can be verified:{}", refused));
    if (!refused.empty()) progress_.Say(fmt::format("left out:{}", refused));
  }

  void ChooseFiles() {
    data_parent_ = options_.directory.value_or(DefaultDataDirectory());
    if (options_.evidence) {
      evidence_file_ = *options_.evidence;
      CheckWritable(evidence_file_);
    } else {
      evidence_file_ = fmt::format("kvs-bench-results/verify-{:%Y%m%d-%H%M%S}-{}.json",
                                   fmt::localtime(std::time(nullptr)), getpid());
    }
  }

  CheckResult Check(const Target& target, const std::string& store, RunDirectory& directory,
                    StopRequests& stop) {
    const std::string label = target.Label();
    if (options_.property != Property::kContract && target.threads < options_.threads) {
      progress_.Say(fmt::format("{}: {} thread{}, as it serves no more", label, target.threads,
                                target.threads == 1 ? "" : "s"));
    }
    CheckContext context{.options = options_,
                         .plan = {.engine = std::string(target.engine->definition->name),
                                  .settings = target.engine->settings,
                                  .durability = target.tier,
                                  .directory = directory.StorePath(store),
                                  .threads = target.threads,
                                  .keys = options_.keys,
                                  .seed = options_.seed,
                                  .first = {}},
                         .stop = stop,
                         .show_progress = [&](uint64_t done, uint64_t all, std::string_view what) {
                           progress_.Show(label, done, all, what);
                         }};
    CheckResult result = CheckProperty(context);
    progress_.Clear();
    switch (result.verdict) {
      case CheckResult::Verdict::kHolds:
        fmt::print("{}: ok: {}\n", label, result.summary);
        break;
      case CheckResult::Verdict::kInterrupted:
        fmt::print("{}: interrupted, no violation until then: {}\n", label, result.summary);
        break;
      case CheckResult::Verdict::kViolated:
        fmt::print("{}: VIOLATION: {}\n{}", label, result.summary, result.explanation);
        break;
    }
    std::fflush(stdout);
    if (result.verdict != CheckResult::Verdict::kViolated) {
      directory.RemoveStore(store);
      return result;
    }
    if (std::filesystem::exists(context.plan.directory)) {
      if (!kept_) directory.Keep();
      kept_ = true;
      fmt::print("  store: {}\n", context.plan.directory.string());
    }
    SaveEvidence(target, result, context.plan);
    fmt::print("  evidence: {}\n", evidence_file_.string());
    std::fflush(stdout);
    return result;
  }

  void SaveEvidence(const Target& target, const CheckResult& result, const VerifyPlan& plan) {
    nlohmann::json entry = result.evidence;
    entry["engine"] = target.engine->Label();
    entry["durability"] = kvs::ToString(target.tier);
    if (options_.property != Property::kContract) {
      entry["threads"] = target.threads;
      entry["keys_used"] = options_.keys;
      entry["operations"] = options_.operations;
      entry["seed"] = options_.seed;
    }
    entry["summary"] = result.summary;
    entry["store"] = plan.directory.string();
    violations_.push_back(std::move(entry));
    if (!options_.evidence) MakeDefaultDirectory(evidence_file_.parent_path(), "--evidence");
    std::ofstream file(evidence_file_);
    const nlohmann::json all = {{"kvs_bench_verify", ToString(options_.property)},
                                {"version", KVS_VERSION},
                                {"violations", violations_}};
    // What an engine said need not be UTF-8.
    file << all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    file.close();
    if (!file) {
      throw EnvironmentError(fmt::format("{}: cannot be written", evidence_file_.string()));
    }
  }

  const VerifyOptions& options_;
  ProgressLine progress_;
  std::vector<Target> targets_;
  std::filesystem::path data_parent_;
  std::filesystem::path evidence_file_;
  nlohmann::json violations_ = nlohmann::json::array();
  bool kept_ = false;
};

}  // namespace

ExitCode RunVerify(const VerifyOptions& options) { return VerifyRun(options).Execute(); }

}  // namespace kvs::verify
