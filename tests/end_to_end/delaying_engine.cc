#include "tests/end_to_end/delaying_engine.h"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engines/settings.h"
#include "tests/end_to_end/inner_engine.h"

namespace kvs {
namespace {

constexpr SettingDefinition kDelayingSettings[] = {
    {"of", "mutex", "the engine that does the work"},
    {"delay_us", "1000", "microseconds that a delay takes at least"},
    {"every", "1", "delays this one of so many operations, the first one too; 0 none"},
    {"stall_every_ms", "0", "milliseconds from one stall to the next; 0 none"},
    {"stall_us", "0", "microseconds that a stall takes at least"},
    {"only", "all", "delays these alone: all, get or set"},
    {"serial", "false", "whether a lock, given in turn, is held through delays and operations"},
    {"account", "", "the file for the account; none if empty"},
};

uint64_t NowNs() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::nanoseconds(now).count());
}

// Returns what it really took, in ns.
uint64_t Sleep(std::chrono::microseconds length) {
  const uint64_t begin_ns = NowNs();
  std::this_thread::sleep_for(length);
  return NowNs() - begin_ns;
}

struct Delays {
  explicit Delays(const EngineOptions& options) {
    CheckSettings(kDelayingEngine, options);
    const SettingReader reader("delays", kDelayingSettings, options.settings);
    constexpr uint64_t kMost = 3'600'000'000;
    delay = std::chrono::microseconds(reader.Count("delay_us", 0, kMost));
    every = reader.Count("every");
    stall_period_ns = 1'000'000 * reader.Count("stall_every_ms", 0, kMost);
    stall = std::chrono::microseconds(reader.Count("stall_us", 0, kMost));
    only = reader.Text("only");
    serial = reader.Bool("serial");
    account = reader.Text("account");
  }

  std::chrono::microseconds delay;
  uint64_t every;
  uint64_t stall_period_ns;
  std::chrono::microseconds stall;
  std::string only;
  bool serial;
  std::string account;
};

// A lock that is given in the order in which it was asked for.
class FairLock {
 public:
  void Lock() {
    std::unique_lock lock(mutex_);
    const uint64_t ticket = next_++;
    changed_.wait(lock, [&] { return serving_ == ticket; });
  }
  void Unlock() {
    const std::lock_guard lock(mutex_);
    ++serving_;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t next_ = 0;
  uint64_t serving_ = 0;
};

struct Call {
  uint64_t begin_ns;
  uint64_t end_ns;
  uint64_t delay_ns;
};

// What all handles of a store share.
class DelayedStore {
 public:
  explicit DelayedStore(const EngineOptions& options) : delays_(options) {}
  ~DelayedStore() { WriteAccount(); }
  DelayedStore(const DelayedStore&) = delete;
  DelayedStore& operator=(const DelayedStore&) = delete;

  void EndLoad() { loaded_ = true; }
  bool loaded() const { return loaded_; }

  bool Concerns(std::string_view operation) const {
    return delays_.only == "all" || delays_.only == operation;
  }
  void Enter() {
    if (delays_.serial) lock_.Lock();
  }
  void Leave() {
    if (delays_.serial) lock_.Unlock();
  }
  // Returns how long the calling thread was kept, in ns.
  uint64_t Delay() {
    uint64_t delay_ns = 0;
    if (StallIsDue()) delay_ns += Sleep(delays_.stall);
    if (delays_.every > 0 && calls_.fetch_add(1) % delays_.every == 0) {
      delay_ns += Sleep(delays_.delay);
    }
    return delay_ns;
  }

  void Account(const std::vector<Call>& calls) {
    const std::lock_guard lock(account_mutex_);
    account_.insert(account_.end(), calls.begin(), calls.end());
  }

 private:
  // True for one caller per period; the first period begins with the first call.
  bool StallIsDue() {
    if (delays_.stall_period_ns == 0) return false;
    const uint64_t now_ns = NowNs();
    uint64_t due_ns = next_stall_ns_.load();
    if (due_ns == 0) {
      next_stall_ns_.compare_exchange_strong(due_ns, now_ns + delays_.stall_period_ns);
      return false;
    }
    return now_ns >= due_ns &&
           next_stall_ns_.compare_exchange_strong(due_ns, due_ns + delays_.stall_period_ns);
  }

  void WriteAccount() {
    if (delays_.account.empty() || !loaded_) return;
    std::string text;
    for (const Call& call : account_) {
      text += fmt::format("{} {} {}\n", call.begin_ns, call.end_ns, call.delay_ns);
    }
    const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(delays_.account.c_str(), "we"),
                                                     std::fclose);
    if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size()) {
      std::perror(delays_.account.c_str());
      std::abort();
    }
  }

  const Delays delays_;
  std::atomic<bool> loaded_ = false;
  std::atomic<uint64_t> calls_ = 0;
  std::atomic<uint64_t> next_stall_ns_ = 0;
  FairLock lock_;
  std::mutex account_mutex_;
  std::vector<Call> account_;
};

class DelayingEngine final : public KvsEngine {
 public:
  DelayingEngine(std::shared_ptr<DelayedStore> store, std::unique_ptr<KvsEngine> inner,
                 bool is_clone)
      : store_(std::move(store)), inner_(std::move(inner)), is_clone_(is_clone) {
    // A vector that grows takes time that is the operation's but not the account's.
    constexpr size_t kUsual = 1 << 15;
    if (is_clone_) calls_.reserve(kUsual);
  }
  ~DelayingEngine() override { store_->Account(calls_); }

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<DelayingEngine>(store_, inner_->Clone(), /*is_clone=*/true);
  }

  void Set(std::string_view key, std::string_view value) override {
    const Turn turn(*this, "set");
    inner_->Set(key, value);
  }
  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    inner_->SetMany(keys, values);  // the load's
  }
  bool Get(std::string_view key, std::string& value) override {
    const Turn turn(*this, "get");
    return inner_->Get(key, value);
  }
  RemoveResult Remove(std::string_view key) override {
    const Turn turn(*this, "remove");
    return inner_->Remove(key);
  }
  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    const Turn turn(*this, "multi-get");
    inner_->MultiGet(keys, values, found);
  }
  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    const Turn turn(*this, "scan");
    return inner_->Scan(start, limit, visit);
  }
  void Settle() override {
    inner_->Settle();
    store_->EndLoad();
  }
  EngineInfo Info() const override { return inner_->Info(); }
  EngineCounters Counters() const override { return inner_->Counters(); }

 private:
  // One operation: its delay first, and its line in the account last.
  class Turn {
   public:
    Turn(DelayingEngine& engine, std::string_view operation) : engine_(engine) {
      DelayedStore& store = *engine.store_;
      if (!engine.is_clone_ || !store.loaded()) return;
      call_.emplace(Call{NowNs(), 0, 0});
      store.Enter();
      if (store.Concerns(operation)) call_->delay_ns = store.Delay();
    }
    ~Turn() {
      if (!call_) return;
      engine_.store_->Leave();
      call_->end_ns = NowNs();
      engine_.calls_.push_back(*call_);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    DelayingEngine& engine_;
    std::optional<Call> call_;
  };

  const std::shared_ptr<DelayedStore> store_;
  const std::unique_ptr<KvsEngine> inner_;
  const bool is_clone_;
  std::vector<Call> calls_;
};

}  // namespace

const EngineDefinition kDelayingEngine{
    .name = "delays",
    .summary = "another engine, slower in a known way",
    .settings = kDelayingSettings,
    .capabilities =
        [](const EngineOptions& options) {
          const Delays checked(options);
          return InnerEngine(kDelayingEngine, options).capabilities(InnerOptions(options));
        },
    .open =
        [](const EngineOptions& options) {
          auto store = std::make_shared<DelayedStore>(options);
          return std::unique_ptr<KvsEngine>(std::make_unique<DelayingEngine>(
              std::move(store), InnerEngine(kDelayingEngine, options).open(InnerOptions(options)),
              /*is_clone=*/false));
        },
};

}  // namespace kvs
