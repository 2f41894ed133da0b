// The watching side of `verify crash`.
#include <sys/prctl.h>

#include <algorithm>
#include <optional>
#include <random>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "harness/verify/crash_child.h"
#include "harness/verify/property_check.h"

namespace kvs::verify {
namespace {

// How often the progress of a worker is looked at: a few operations of a fast engine.
constexpr uint64_t kKillStepUs = 20;
constexpr uint64_t kCoarseStepUs = 2'000;
constexpr size_t kMostReported = 20;           // keys with a violation, in the evidence
constexpr size_t kMostHistoryReported = 1000;  // operations of such a key

// What a key holds: the number of the Set by its owner that wrote it, or nothing.
using Content = std::optional<uint64_t>;

struct KeyState {
  Content expected;
  bool in_flight = false;  // an operation was begun and not acknowledged
  Content if_done;         // what the key holds if that operation took effect
};

// Where a kill fell, by what the process had announced.
struct KillCounts {
  uint64_t before_open = 0, in_open = 0, in_settle = 0, at_work = 0;
  uint64_t total() const { return before_open + in_open + in_settle + at_work; }
};

// What the workers had announced when a cycle's work was killed.
struct Announced {
  std::vector<uint64_t> first, invoked, acknowledged;
};

class CrashCheck {
 public:
  explicit CrashCheck(CheckContext& context)
      : context_(context),
        plan_(context.plan),
        random_(context.options.seed),
        keys_(context.plan.keys),
        next_(context.plan.threads) {
    // Sleeps of some microseconds are meant as such.
    prctl(PR_SET_TIMERSLACK, 1UL);
  }

  CheckResult Execute() {
    CheckResult result;
    while (cycle_ < context_.options.rounds) {
      context_.show_progress(cycle_, context_.options.rounds, "cycles");
      const std::optional<CheckResult::Verdict> verdict = RunCycle(result);
      if (verdict) {
        result.verdict = *verdict;
        break;
      }
      ++cycle_;
    }
    result.summary = Summary();
    return result;
  }

 private:
  using Verdict = CheckResult::Verdict;

  // Nothing when the promise was kept.
  std::optional<Verdict> RunCycle(CheckResult& result) {
    if (context_.stop.Count() > 0) return Verdict::kInterrupted;
    if (const auto verdict = Work(result)) return verdict;
    // Recovery is a moment to die in, too, and so is the recovery from that.
    for (uint64_t more = random_() % 4; more > 1; --more) {
      if (const auto verdict = KillWhileOpening(result)) return verdict;
    }
    return InspectStore(result);
  }

  uint64_t Below(uint64_t bound) { return random_() % std::max<uint64_t>(bound, 1); }

  std::optional<Verdict> Work(CheckResult& result) {
    VerifyPlan plan = plan_;
    plan.role = VerifyPlan::Role::kWork;
    plan.first = next_;
    const uint64_t most = std::max<uint64_t>(context_.options.operations, 1);
    plan.settle_every = 1 + Below(most / plan_.threads);
    const uint64_t begun = Acknowledged(next_);
    const uint64_t target = 1 + Below(most);

    ProgressMemory progress;
    for (unsigned worker = 0; worker < plan_.threads; ++worker) {
      progress->workers[worker].invoked = next_[worker];
      progress->workers[worker].acknowledged = next_[worker];
    }
    VerifyProcess process(plan, progress);
    const auto sum = [&] {
      uint64_t acknowledged = 0;
      for (unsigned worker = 0; worker < plan_.threads; ++worker) {
        acknowledged += progress->workers[worker].acknowledged;
      }
      return acknowledged;
    };
    const uint64_t kind = random_() % 8;
    WaitEnd end = WaitEnd::kReached;
    if (kind == 0) {
      end = WaitForOpen(process, progress);
    } else if (kind <= 2) {
      end = WaitFor(process, progress, context_, kKillStepUs,
                    [&] { return progress->settles_begun > 0 || sum() - begun >= 8 * most; });
      if (end == WaitEnd::kReached) end = Linger(process, std::max<uint64_t>(settle_ns_, 50'000));
    } else {
      end = WaitFor(process, progress, context_, kKillStepUs,
                    [&] { return sum() - begun >= target; });
      // Not always just after an acknowledgement.
      if (end == WaitEnd::kReached) end = Linger(process, 100'000);
    }
    if (const auto verdict = Kill(process, progress, end, "at work", result)) return verdict;
    if (progress->settle_ns > 0) settle_ns_ = progress->settle_ns;
    Learn(progress);
    return std::nullopt;
  }

  std::optional<Verdict> KillWhileOpening(CheckResult& result) {
    VerifyPlan plan = plan_;
    plan.role = VerifyPlan::Role::kOpen;
    const ProgressMemory progress;
    VerifyProcess process(plan, progress);
    const WaitEnd end = WaitForOpen(process, progress);
    return Kill(process, progress, end, "when the store was opened", result);
  }

  // Waits for a random moment while the store is opened, or just before or after.
  WaitEnd WaitForOpen(VerifyProcess& process, const ProgressMemory& progress) {
    const WaitEnd end = WaitFor(process, progress, context_, kKillStepUs,
                                [&] { return progress->phase != SharedProgress::kStarting; });
    return end == WaitEnd::kReached ? Linger(process, open_ns_ + open_ns_ / 4) : end;
  }

  // Waits for a random time of up to `most_ns`.
  WaitEnd Linger(VerifyProcess& process, uint64_t most_ns) {
    return process.WaitForEnd(Below(most_ns / 1000 + 1), -1) ? WaitEnd::kEnded : WaitEnd::kReached;
  }

  // A process that ended before it was killed has failed.
  std::optional<Verdict> Kill(VerifyProcess& process, const ProgressMemory& progress, WaitEnd end,
                              std::string_view when, CheckResult& result) {
    process.Kill();
    if (end == WaitEnd::kStopped) return Verdict::kInterrupted;
    if (end != WaitEnd::kReached) {
      return Fail(fmt::format("the engine failed {}: {}", when,
                              DescribeFailure(end, process.ending(), process.LastWords(),
                                              context_.options.timeout_s)),
                  result);
    }
    if (progress->phase == SharedProgress::kStarting) {
      ++kills_.before_open;
    } else if (progress->phase == SharedProgress::kOpening) {
      ++kills_.in_open;
    } else if (progress->settles_begun > progress->settles_done) {
      ++kills_.in_settle;
    } else {
      ++kills_.at_work;
    }
    return std::nullopt;
  }

  Verdict Fail(const std::string& what, CheckResult& result) {
    result.explanation = fmt::format("  cycle {}: {}\n", cycle_ + 1, what);
    result.evidence = {{"what", what}, {"cycle", cycle_ + 1}};
    return Verdict::kViolated;
  }

  // Brings keys_ up to date with what the killed workers had announced.
  void Learn(const ProgressMemory& progress) {
    Announced announced{next_, {}, {}};
    for (unsigned worker = 0; worker < plan_.threads; ++worker) {
      const uint64_t invoked = progress->workers[worker].invoked;
      const uint64_t acknowledged = progress->workers[worker].acknowledged;
      if (acknowledged > invoked || invoked > acknowledged + 1 || acknowledged < next_[worker]) {
        throw std::logic_error("a worker's announcements contradict each other");
      }
      for (uint64_t number = next_[worker]; number < invoked; ++number) {
        const CrashWrite write = WriteOf(worker, number);
        KeyState& key = keys_[write.key];
        const Content content = write.is_remove ? Content() : Content(number);
        if (number < acknowledged) {
          key.expected = content;
        } else {
          key.in_flight = true;
          key.if_done = content;
        }
      }
      acknowledged_ += acknowledged - next_[worker];
      announced.invoked.push_back(invoked);
      announced.acknowledged.push_back(acknowledged);
      next_[worker] = invoked;
    }
    announced_.push_back(std::move(announced));
  }

  std::optional<Verdict> InspectStore(CheckResult& result) {
    VerifyPlan plan = plan_;
    plan.role = VerifyPlan::Role::kInspect;
    plan.closes = random_() % 2 == 0;
    const ProgressMemory progress;
    VerifyProcess process(plan, progress);
    const WaitEnd end = WaitFor(process, progress, context_, kCoarseStepUs, [] { return false; });
    if (end == WaitEnd::kStopped) return Verdict::kInterrupted;
    process.Kill();
    if (end == WaitEnd::kHung || !process.ending().empty()) {
      return Fail(fmt::format("the store cannot be opened and read after a kill: {}",
                              DescribeFailure(end, process.ending(), process.LastWords(),
                                              context_.options.timeout_s)),
                  result);
    }
    const nlohmann::json report = nlohmann::json::parse(process.Report());
    open_ns_ = report.at("open_ns").get<uint64_t>();
    opens_ns_.push_back(open_ns_);
    return Judge(report, result);
  }

  std::optional<Verdict> Judge(const nlohmann::json& report, CheckResult& result) {
    nlohmann::json broken = nlohmann::json::array();
    for (uint32_t key = 0; key < plan_.keys; ++key) {
      const nlohmann::json& answer = report.at("answers").at(key);
      if (const std::string why = WhyWrong(key, answer); !why.empty()) {
        if (broken.empty()) {
          result.explanation = fmt::format("  cycle {}: key {}: {}\n", cycle_ + 1, key, why);
        }
        if (broken.size() < kMostReported) broken.push_back(Describe(key, answer, why));
        continue;
      }
      KeyState& state = keys_[key];
      state.in_flight = false;
      state.expected = answer.is_null() ? Content() : Content(answer[1].get<uint64_t>());
    }
    const nlohmann::json& strangers = report.at("strangers");
    if (broken.empty() && strangers.empty()) return std::nullopt;
    if (broken.empty()) {
      result.explanation =
          fmt::format("  cycle {}: {}\n", cycle_ + 1, strangers[0].get<std::string>());
    } else if (broken.size() > 1) {
      result.explanation +=
          fmt::format("  and {}{} more keys\n", broken.size() == kMostReported ? "at least " : "",
                      broken.size() - 1);
    }
    result.evidence = {{"cycle", cycle_ + 1},
                       {"what", result.explanation},
                       {"keys", broken},
                       {"strangers", strangers},
                       {"columns", {"number", "operation", "cycle", "state"}}};
    return Verdict::kViolated;
  }

  // "" when `key` holds what the tier promises.
  std::string WhyWrong(uint32_t key, const nlohmann::json& answer) const {
    const KeyState& state = keys_[key];
    const unsigned owner = key % plan_.threads;
    if (answer.is_string()) {
      return fmt::format("holds what nobody wrote there: {}", answer.get<std::string>());
    }
    Content found;
    if (!answer.is_null()) {
      found = answer[1].get<uint64_t>();
      const auto writer = answer[0].get<uint32_t>();
      const bool is_written = writer == owner && *found < next_[owner] &&
                              WriteOf(owner, *found).key == key &&
                              !WriteOf(owner, *found).is_remove;
      if (!is_written) {
        return fmt::format("holds value {}:{}, which was never written to it", writer, *found);
      }
    }
    if (plan_.durability == Durability::kNone) return "";
    if (found == state.expected || (state.in_flight && found == state.if_done)) return "";
    std::string text = fmt::format("holds {}; acknowledged was {}", Name(owner, found),
                                   Name(owner, state.expected));
    if (state.in_flight) text += fmt::format(", in flight {}", Name(owner, state.if_done));
    return text;
  }

  static std::string Name(unsigned owner, const Content& content) {
    return content ? fmt::format("value {}:{}", owner, *content) : "nothing";
  }

  CrashWrite WriteOf(unsigned worker, uint64_t number) const {
    return CrashWriteOf(plan_.seed, worker, number, plan_.threads, plan_.keys);
  }

  // The evidence about one key, its history included.
  nlohmann::json Describe(uint32_t key, const nlohmann::json& answer,
                          const std::string& why) const {
    const unsigned owner = key % plan_.threads;
    std::vector<nlohmann::json> history;
    for (size_t cycle = 0; cycle < announced_.size(); ++cycle) {
      const Announced& announced = announced_[cycle];
      for (uint64_t n = announced.first[owner]; n < announced.invoked[owner]; ++n) {
        const CrashWrite write = WriteOf(owner, n);
        if (write.key != key) continue;
        history.push_back({n, write.is_remove ? "remove" : "set", cycle + 1,
                           n < announced.acknowledged[owner] ? "acknowledged" : "in flight"});
      }
    }
    const size_t skipped =
        history.size() > kMostHistoryReported ? history.size() - kMostHistoryReported : 0;
    history.erase(history.begin(), history.begin() + static_cast<ptrdiff_t>(skipped));
    return {{"key", key},      {"worker", owner},    {"why", why},
            {"found", answer}, {"history", history}, {"earlier_operations", skipped}};
  }

  std::string Summary() {
    std::string text = fmt::format(
        "{} cycles, {} operations acknowledged, {} kills ({} while opening, {} in Settle)", cycle_,
        acknowledged_, kills_.total(), kills_.in_open, kills_.in_settle);
    if (opens_ns_.empty()) return text;
    std::sort(opens_ns_.begin(), opens_ns_.end());
    const auto ms = [](uint64_t ns) { return static_cast<double>(ns) * 1e-6; };
    return text + fmt::format(", reopened in {:.2f} ms ({:.2f} to {:.2f})",
                              ms(opens_ns_[opens_ns_.size() / 2]), ms(opens_ns_.front()),
                              ms(opens_ns_.back()));
  }

  static uint64_t Acknowledged(const std::vector<uint64_t>& numbers) {
    uint64_t sum = 0;
    for (const uint64_t number : numbers) sum += number;
    return sum;
  }

  CheckContext& context_;
  const VerifyPlan plan_;
  std::mt19937_64 random_;
  std::vector<KeyState> keys_;
  std::vector<uint64_t> next_;        // per worker: the number of its next operation
  std::vector<Announced> announced_;  // per cycle
  uint64_t cycle_ = 0;
  uint64_t acknowledged_ = 0;
  KillCounts kills_;
  uint64_t open_ns_ = 1'000'000;  // what the last open took; a guess before the first
  uint64_t settle_ns_ = 0;
  std::vector<uint64_t> opens_ns_;
};

}  // namespace

CheckResult CheckCrashes(CheckContext& context) { return CrashCheck(context).Execute(); }

}  // namespace kvs::verify
