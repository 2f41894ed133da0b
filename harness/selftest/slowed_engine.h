// An engine that is slower than another by a known amount: the truth that verdicts are compared
// with.
#ifndef KVS_HARNESS_SELFTEST_SLOWED_ENGINE_H_
#define KVS_HARNESS_SELFTEST_SLOWED_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "engines/registry.h"

namespace kvs::detector {

// "slowed:of=<engine>" is that engine of this build, slower as its settings say; with the defaults
// it only reads the clock as often. Not of the registry: kvs-bench-slowed has it.
extern const EngineDefinition kSlowedEngine;

struct Slowdown {
  double loss = 0;       // share of the time, 0..1, that is spent waiting
  uint64_t every = 0;    // one call in so many is held; 0: none
  uint64_t held_ns = 0;  // for so long
  bool locks = false;    // writes hold a lock of the store around their call
  double longer = 0;     // for longer than the call takes by this share of it
};

// A handle on a slowed store. Loads are not slowed.
//
// A thread that uses it spends `loss` of its time waiting: after each call it owes the same share
// of all the time since its last one ended, its own work between calls included, and waits while it
// owes more than nothing. A wait ends with the reading of the clock that is past its end, and what
// it lasted too long is owed less. So a fast engine's calls wait in turns, and the mean is right
// although a reading of the clock takes longer than the share of a call. The throughput may lose
// more, as a wait ends the overlap of calls; docs/detector.md has how much.
//
// `Clock` has a NowNs(), monotonic; each handle has its own copy.
//
// Thread safety: as KvsEngine.
template <typename Clock>
class SlowedHandle final : public KvsEngine {
 public:
  SlowedHandle(std::unique_ptr<KvsEngine> inner, const Slowdown& slowdown, Clock clock)
      : SlowedHandle(std::move(inner), slowdown, std::move(clock), std::make_shared<std::mutex>()) {
  }

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::unique_ptr<KvsEngine>(new SlowedHandle(inner_->Clone(), slowdown_, clock_, lock_));
  }

  void Set(std::string_view key, std::string_view value) override {
    const Turn turn(*this);
    const Hold hold(*this);
    inner_->Set(key, value);
  }
  void SetMany(std::span<const std::string_view> keys,
               std::span<const std::string_view> values) override {
    inner_->SetMany(keys, values);
  }
  bool Get(std::string_view key, std::string& value) override {
    const Turn turn(*this);
    return inner_->Get(key, value);
  }
  RemoveResult Remove(std::string_view key) override {
    const Turn turn(*this);
    const Hold hold(*this);
    return inner_->Remove(key);
  }
  void MultiGet(std::span<const std::string_view> keys, std::span<std::string> values,
                std::span<bool> found) override {
    const Turn turn(*this);
    inner_->MultiGet(keys, values, found);
  }
  size_t Scan(std::string_view start, size_t limit, const ScanVisitor& visit) override {
    const Turn turn(*this);
    return inner_->Scan(start, limit, visit);
  }
  void Settle() override { inner_->Settle(); }
  EngineInfo Info() const override { return inner_->Info(); }
  EngineCounters Counters() const override { return inner_->Counters(); }

 private:
  SlowedHandle(std::unique_ptr<KvsEngine> inner, const Slowdown& slowdown, Clock clock,
               std::shared_ptr<std::mutex> lock)
      : inner_(std::move(inner)),
        slowdown_(slowdown),
        clock_(std::move(clock)),
        lock_(std::move(lock)) {}

  // One call: what it owes is waited for at its end.
  class Turn {
   public:
    explicit Turn(SlowedHandle& handle) : handle_(handle) {}
    ~Turn() { handle_.EndCall(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    SlowedHandle& handle_;
  };

  // The lock around a write, where there is one.
  class Hold {
   public:
    explicit Hold(SlowedHandle& handle) : handle_(handle) {
      if (!handle_.slowdown_.locks) return;
      handle_.lock_->lock();
      begin_ns_ = handle_.clock_.NowNs();
    }
    ~Hold() {
      if (!handle_.slowdown_.locks) return;
      const uint64_t end_ns = handle_.clock_.NowNs();
      handle_.hold_owed_ns_ += handle_.slowdown_.longer * static_cast<double>(end_ns - begin_ns_);
      handle_.Wait(end_ns, handle_.hold_owed_ns_);
      handle_.lock_->unlock();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    SlowedHandle& handle_;
    uint64_t begin_ns_ = 0;
  };

  void EndCall() {
    const uint64_t end_ns = clock_.NowNs();
    if (last_end_ns_ != 0) {
      owed_ns_ +=
          slowdown_.loss / (1 - slowdown_.loss) * static_cast<double>(end_ns - last_end_ns_);
    }
    if (slowdown_.every != 0 && ++calls_ == slowdown_.every) {
      calls_ = 0;
      owed_ns_ += static_cast<double>(slowdown_.held_ns);
    }
    last_end_ns_ = Wait(end_ns, owed_ns_);
  }

  // Waits from `begin_ns`, the present, for what is owed, and takes off what it took. Returns when
  // it ended.
  uint64_t Wait(uint64_t begin_ns, double& owed_ns) {
    if (owed_ns < 1) return begin_ns;
    uint64_t now_ns = begin_ns;
    do {
      now_ns = clock_.NowNs();
    } while (static_cast<double>(now_ns - begin_ns) < owed_ns);
    owed_ns -= static_cast<double>(now_ns - begin_ns);
    return now_ns;
  }

  const std::unique_ptr<KvsEngine> inner_;
  const Slowdown slowdown_;
  Clock clock_;
  const std::shared_ptr<std::mutex> lock_;  // of the store
  uint64_t last_end_ns_ = 0;                // of the last call and its wait; 0: there was none
  uint64_t calls_ = 0;                      // since one was held
  double owed_ns_ = 0;
  double hold_owed_ns_ = 0;
};

}  // namespace kvs::detector

#endif  // KVS_HARNESS_SELFTEST_SLOWED_ENGINE_H_
