#include "harness/verify/history_run.h"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "harness/system/clock.h"
#include "harness/verify/interval_drawing.h"
#include "harness/verify/register_checker.h"
#include "harness/verify/shrink.h"
#include "harness/verify/unique_value.h"

namespace kvs::verify {
namespace {

using Kind = RegisterOperation::Kind;

// In percent; the others remove.
constexpr uint64_t kSets = 45;
constexpr uint64_t kGets = 40;

// All memory accesses before it, and their effects on other threads, precede all after it, and the
// processor's clock is read on the side on which it stands (Intel SDM, volume 2, RDTSCP: MFENCE
// before it, LFENCE after it). A store that still waits in a store buffer when its operation has
// answered would otherwise look like a write that came too late.
inline void Fence() {
#if defined(__x86_64__)
  __asm__ volatile("mfence\n\tlfence" ::: "memory");
#else
  std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
}

// NowNs() is the same for all processors.
uint64_t InvocationNs() {
  const uint64_t now_ns = NowNs();
  Fence();
  return now_ns;
}

uint64_t ResponseNs() {
  Fence();
  return NowNs();
}

struct Recorded {
  uint32_t key;
  RegisterOperation operation;
};

// A Get that returned bytes which no Set of its key wrote.
struct ForeignAnswer {
  uint32_t key;
  RegisterOperation operation;
  std::string bytes;
};

// One thread's part of a round: its own memory alone is written while the round runs.
struct alignas(128) Recorder {
  std::vector<Recorded> operations;
  std::vector<ForeignAnswer> foreign;
  std::exception_ptr failure;
};

class HistoryRun {
 public:
  HistoryRun(const VerifyPlan& plan, const EngineDefinition& engine, SharedProgress& progress)
      : plan_(plan),
        engine_(engine),
        progress_(progress),
        histories_(plan.keys),
        checkers_(plan.keys),
        recorders_(plan.threads) {
    const size_t least = engine.capabilities(plan.OpenOptions()).min_key_bytes;
    for (uint32_t key = 0; key < plan.keys; ++key) keys_.push_back(KeyName(key, least));
  }

  nlohmann::json Execute() {
    Open();
    for (; round_ < plan_.rounds && !violated_key_ && !progress_.stop; ++round_) {
      if (round_ > 0) Rest();
      RunRound();
      CheckRound();
      ++progress_.steps;
    }
    nlohmann::json report = {{"rounds", round_},
                             {"operations", operations_},
                             {"overlapping", 0},
                             {"settles", settles_},
                             {"reopens", reopens_},
                             {"check_s", static_cast<double>(check_ns_) * 1e-9},
                             {"run_s", static_cast<double>(run_ns_) * 1e-9},
                             {"most_configurations", 0}};
    uint64_t overlapping = 0;
    size_t most = 0;
    for (const RegisterChecker& checker : checkers_) {
      overlapping += checker.overlapping();
      most = std::max(most, checker.most_configurations());
    }
    report["overlapping"] = overlapping;
    report["most_configurations"] = most;
    if (violated_key_) report["violation"] = DescribeViolation();
    return report;
  }

 private:
  void Open() {
    handles_.push_back(engine_.open(plan_.OpenOptions()));
    while (handles_.size() < plan_.threads) handles_.push_back(handles_.front()->Clone());
  }

  // What happens to the store between rounds: nothing, a Settle, or a Settle and a new start.
  void Rest() {
    const uint64_t choice = Mix(plan_.seed, round_, ~uint64_t{0}) % 4;
    if (choice > 1) return;
    handles_.front()->Settle();
    ++settles_;
    if (choice == 0) return;
    handles_.clear();
    Open();
    ++reopens_;
  }

  void RunRound() {
    const uint64_t start_ns = NowNs();
    std::barrier<> start(static_cast<ptrdiff_t>(plan_.threads));
    {
      std::vector<std::jthread> threads;
      for (unsigned thread = 0; thread < plan_.threads; ++thread) {
        threads.emplace_back([this, thread, &start] {
          Recorder& recorder = recorders_[thread];
          recorder.operations.reserve(plan_.operations);
          start.arrive_and_wait();
          try {
            RunThread(thread, *handles_[thread], recorder);
          } catch (...) {
            recorder.failure = std::current_exception();
          }
        });
      }
    }
    run_ns_ += NowNs() - start_ns;
    for (const Recorder& recorder : recorders_) {
      if (recorder.failure) std::rethrow_exception(recorder.failure);
    }
  }

  void RunThread(unsigned thread, KvsEngine& handle, Recorder& recorder) {
    // In every second round one thread settles, while the others go on.
    const bool settles = thread == 0 && round_ % 2 == 1;
    std::string value;
    for (uint64_t i = 0; i < plan_.operations; ++i) {
      const uint64_t number = round_ * plan_.operations + i;
      const uint64_t choice = Mix(plan_.seed, thread, number);
      const auto key = static_cast<uint32_t>(choice % plan_.keys);
      const uint64_t percent = (choice >> 32) % 100;
      if (settles && i == plan_.operations / 2) handle.Settle();
      RegisterOperation operation;
      operation.thread = thread;
      if (percent < kSets) {
        operation.value = ValueOf(thread, number);
        MakeValue({key, thread, number}, value);
        operation.invoked_ns = InvocationNs();
        handle.Set(keys_[key], value);
        operation.responded_ns = ResponseNs();
      } else if (percent < kSets + kGets) {
        operation.kind = Kind::kGet;
        operation.invoked_ns = InvocationNs();
        const bool found = handle.Get(keys_[key], value);
        operation.responded_ns = ResponseNs();
        if (found) TakeAnswer(key, value, operation, recorder);
      } else {
        operation.kind = Kind::kRemove;
        operation.invoked_ns = InvocationNs();
        operation.removed = handle.Remove(keys_[key]);
        operation.responded_ns = ResponseNs();
      }
      recorder.operations.push_back({key, operation});
      // In a cache line of this thread's own: shows that nothing hangs.
      progress_.workers[thread].acknowledged.store(number + 1, std::memory_order_relaxed);
    }
  }

  static void TakeAnswer(uint32_t key, const std::string& value, RegisterOperation& operation,
                         Recorder& recorder) {
    const std::optional<ValueOrigin> origin = ReadValue(value);
    if (origin && origin->key == key && origin->number < uint64_t{1} << 40) {
      operation.value = ValueOf(origin->writer, origin->number);
      return;
    }
    operation.value = kForeign;
    const std::string what = origin ? fmt::format("the value of key {}, set {}:{}", origin->key,
                                                  origin->writer, origin->number)
                                    : Printable(value);
    recorder.foreign.push_back({key, operation, what});
  }

  void CheckRound() {
    const uint64_t start_ns = NowNs();
    std::vector<size_t> begins;
    for (const RegisterHistory& history : histories_) begins.push_back(history.size());
    for (Recorder& recorder : recorders_) {
      for (const Recorded& recorded : recorder.operations) {
        histories_[recorded.key].push_back(recorded.operation);
      }
      operations_ += recorder.operations.size();
      recorder.operations.clear();
    }
    // No thread runs: nothing is pending, and the history of each key may be split here.
    for (uint32_t key = 0; key < plan_.keys && !violated_key_; ++key) {
      const std::span<const RegisterOperation> all(histories_[key]);
      if (checkers_[key].Check(all.subspan(begins[key]))) violated_key_ = key;
    }
    check_ns_ += NowNs() - start_ns;
  }

  static nlohmann::json Describe(const RegisterHistory& history) {
    nlohmann::json rows = nlohmann::json::array();
    for (const RegisterOperation& operation : history) {
      rows.push_back({operation.thread, operation.invoked_ns, operation.responded_ns,
                      DescribeOperation(operation)});
    }
    return rows;
  }

  nlohmann::json DescribeViolation() {
    RegisterHistory& history = histories_[*violated_key_];
    const Violation violation = Shrink(history);
    std::sort(history.begin(), history.end(),
              [](const RegisterOperation& a, const RegisterOperation& b) {
                return a.invoked_ns < b.invoked_ns;
              });
    nlohmann::json possible = nlohmann::json::array();
    for (const RegisterValue value : violation.possible) possible.push_back(DescribeValue(value));
    nlohmann::json foreign = nlohmann::json::array();
    for (const Recorder& recorder : recorders_) {
      for (const ForeignAnswer& answer : recorder.foreign) {
        if (answer.key != *violated_key_) continue;
        foreign.push_back({{"thread", answer.operation.thread},
                           {"invoked_ns", answer.operation.invoked_ns},
                           {"value", answer.bytes}});
      }
    }
    const RegisterOperation& unexplained = violation.operations[violation.unexplained];
    std::string what = fmt::format("key '{}', round {}: no order explains '{}' of thread {}",
                                   keys_[*violated_key_], round_ - 1,
                                   DescribeOperation(unexplained), unexplained.thread);
    for (const auto& answer : foreign) {
      if (answer["invoked_ns"] == unexplained.invoked_ns) {
        what += fmt::format(" ({})", answer["value"].get<std::string>());
      }
    }
    return {{"what", what},
            {"key", keys_[*violated_key_]},
            {"round", round_ - 1},
            {"drawing", DrawIntervals(violation)},
            {"possible_at_the_beginning", possible},
            {"columns", {"thread", "invoked_ns", "responded_ns", "operation"}},
            {"minimal", Describe(violation.operations)},
            {"foreign_answers", foreign},
            {"history", Describe(history)}};
  }

  const VerifyPlan& plan_;
  const EngineDefinition& engine_;
  SharedProgress& progress_;
  std::vector<std::string> keys_;
  std::vector<std::unique_ptr<KvsEngine>> handles_;  // one per thread
  std::vector<RegisterHistory> histories_;           // per key
  std::vector<RegisterChecker> checkers_;            // per key
  std::vector<Recorder> recorders_;                  // per thread
  uint64_t round_ = 0;
  std::optional<uint32_t> violated_key_;
  uint64_t operations_ = 0, settles_ = 0, reopens_ = 0, run_ns_ = 0, check_ns_ = 0;
};

}  // namespace

nlohmann::json RunHistory(const VerifyPlan& plan, const EngineDefinition& engine,
                          SharedProgress& progress) {
  return HistoryRun(plan, engine, progress).Execute();
}

}  // namespace kvs::verify
