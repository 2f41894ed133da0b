// Takes crash states of a simulated disk while a store works on it, recovers from each, and
// compares with what had been acknowledged.
#ifndef KVS_TESTS_ENGINES_LOG_STORE_CRASH_EXPLORER_H_
#define KVS_TESTS_ENGINES_LOG_STORE_CRASH_EXPLORER_H_

#include <malloc.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_store.h"
#include "tests/engines/log_store/simulated_disk.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"
#include "tests/sanitizer.h"

namespace kvs {

using Contents = std::map<std::string, std::string>;

// How much longer than in the suite the random tests shall run.
inline unsigned RoundsFactor() {
  const char* text = std::getenv("KVS_FAULT_ROUNDS");
  return text == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(text)));
}

// What the store shall hold after each write, and how far the writes have come.
class Ledger {
 public:
  size_t acknowledged() const { return acknowledged_; }
  size_t issued() const { return states_.size() - 1; }
  const Contents& After(size_t writes) const { return states_[writes]; }

  void Begin(RecordType type, const std::string& key, const std::string& value) {
    Contents next = states_.back();
    if (type == RecordType::kTombstone) {
      next.erase(key);
    } else {
      next[key] = value;
    }
    keys_.insert(key);
    states_.push_back(std::move(next));
  }
  void Acknowledge() { acknowledged_ = issued(); }
  // The last one was refused and is known not to have happened.
  void Withdraw() { states_.pop_back(); }

  // After how many writes, from `low` to `high`, this is the store's content.
  std::optional<size_t> Match(LogStore& store, size_t low, size_t high) const {
    const Contents contents = Read(store);
    if (store.Statistics().keys != contents.size()) return std::nullopt;
    for (size_t n = high + 1; n-- > low;) {
      if (states_[n] == contents) return n;
    }
    return std::nullopt;
  }
  Contents Read(const LogStore& store) const {
    Contents contents;
    std::string value;
    for (const std::string& key : keys_) {
      if (store.Get(key, value)) contents[key] = value;
    }
    return contents;
  }

 private:
  std::vector<Contents> states_{1};
  std::set<std::string> keys_;
  size_t acknowledged_ = 0;
};

// After how many of a ledger's writes a recovered store's content may be.
struct Range {
  size_t low;
  size_t high;
};

class CrashExplorer {
 public:
  struct Limits {
    // States taken at a call, drawn with `seed`. 0: all, which must not be more than kAll.
    unsigned states = 0;
    uint64_t seed = 0;
    // Power losses in a row: this many recoveries are interrupted, too.
    unsigned depth = 1000;
    // Beside a power loss the process may die at a call: at one in so many.
    unsigned process_death_every = 1;
    // Of the different states taken, one in so many is recovered from.
    unsigned recover_one_in = 1;
    // Hint files add what is undecided, and nothing that must be there.
    bool hints = false;
  };
  static constexpr size_t kAll = 50000;

  CrashExplorer(const Ledger& ledger, Durability durability, uint64_t segment_size, Limits limits)
      : ledger_(ledger),
        durability_(durability),
        segment_size_(segment_size),
        limits_(limits),
        random_(limits.seed) {
    // A store's table of segments is half a megabyte, to be given back to the system and fetched
    // again for each recovery.
    ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
    for (const char* name : {"store", "recovered", "again"}) {
      ClaimWithoutSync(directory_.path() / name);
    }
  }

  // `directory`: "store"; two others are the explorer's.
  LogStoreOptions Options(std::shared_ptr<FileSystem> files, const char* directory) const {
    LogStoreOptions options;
    options.engine = "test";
    options.directory = directory_.path() / directory;
    options.durability = durability_;
    options.segment_size = segment_size_;
    options.garbage_percent = 30;
    options.shard_bits = 0;
    options.verify_reads = true;
    options.hints = limits_.hints;
    options.files = std::move(files);
    return options;
  }

  size_t states() const { return seen_.size(); }
  size_t recoveries() const { return recoveries_; }
  bool has_failed() const { return has_failed_; }

  // At a call of `disk`, which is locked. `alive`: what holds when only the process dies.
  void Take(const SimulatedDisk& disk, Range power_loss, Range alive) {
    if (has_failed_) return;
    TakePowerLosses(disk, power_loss, 0);
    if (random_() % limits_.process_death_every != 0) return;
    work_.push_back({{}, disk.ProcessDeath(), alive, power_loss, 0});
  }

  // Recovers from everything taken, and from what is taken meanwhile. Not inside a call.
  void RecoverAll() {
    while (!work_.empty() && !has_failed_) {
      const Work work = std::move(work_.back());
      work_.pop_back();
      Recover(work);
    }
    work_.clear();
  }

 private:
  struct Work {
    DiskImage image;
    std::shared_ptr<SimulatedDisk> disk;  // in place of the image
    Range opened;                         // what recovery has to show
    Range power_loss;                     // and what after another power loss meanwhile
    unsigned depth;
  };

  void TakePowerLosses(const SimulatedDisk& disk, Range range, unsigned depth) {
    if (limits_.states == 0) {
      EveryChoice choices;
      size_t count = 0;
      do {
        if (++count > kAll) return Fail("more crash states at one call than this test may have");
        Add(disk.PowerLoss(choices), range, depth);
      } while (choices.Next());
      return;
    }
    for (unsigned i = 0; i < limits_.states; ++i) {
      RandomChoice choices(random_());
      Add(disk.PowerLoss(choices), range, depth);
    }
  }

  void Add(DiskImage image, Range range, unsigned depth) {
    uint64_t hash = range.low * 1000003 + range.high;
    for (const auto& [name, content] : image) {
      hash = XXH3_64bits_withSeed(name.data(), name.size() + 1, hash);
      hash = XXH3_64bits_withSeed(content.data(), content.size(), hash + content.size());
    }
    if (!seen_.insert(hash).second || seen_.size() % limits_.recover_one_in != 0) return;
    work_.push_back({std::move(image), nullptr, range, range, depth});
  }

  void Recover(const Work& work) {
    const auto disk =
        work.disk != nullptr ? work.disk : std::make_shared<SimulatedDisk>(work.image);
    Range range = work.power_loss;
    if (work.depth < limits_.depth) {
      disk->AtEveryCall([&] { TakePowerLosses(*disk, range, work.depth + 1); });
    }
    const bool goes_on = ++recoveries_ % 4 == 0;
    try {
      LogStore store(Options(disk, "recovered"));
      const std::optional<size_t> n = ledger_.Match(store, work.opened.low, work.opened.high);
      if (!n) return Fail(Describe(work, Show(ledger_.Read(store))));
      range = {*n, *n};  // what was shown stays
      disk->CrashPoint();
      if (goes_on) {
        disk->AtEveryCall(nullptr);
        GoOn(store, *disk, ledger_.After(*n));
      }
    } catch (const EngineError& error) {
      Fail(Describe(work, error.what()));
    }
  }

  // The recovered store takes writes, and they hold.
  void GoOn(LogStore& store, SimulatedDisk& disk, Contents contents) {
    for (int i = 0; i < 3; ++i) {
      const std::string key = fmt::format("after {}", i % 2);
      contents[key] = fmt::format("{}{}", i, std::string(200, 'a'));
      store.Write(RecordType::kValue, key, contents[key]);
    }
    store.WaitForBackground();
    DiskImage image;
    RandomChoice choices(random_());
    disk.AtEveryCall([&] { image = disk.PowerLoss(choices); });
    disk.CrashPoint();
    disk.AtEveryCall(nullptr);
    if (durability_ == Durability::kSync) {
      LogStore again(Options(std::make_shared<SimulatedDisk>(image), "again"));
      std::string value;
      for (const auto& [key, expected] : contents) {
        if (!again.Get(key, value) || value != expected) Fail("lost after a recovery: " + key);
      }
      if (again.Statistics().keys != contents.size()) Fail("more keys after a recovery");
    }
  }

  void Fail(const std::string& message) {
    has_failed_ = true;
    ADD_FAILURE() << message;
  }

  static std::string Show(const Contents& contents) {
    std::string text;
    for (const auto& [key, value] : contents) {
      text += fmt::format(" {}={}", key, value.substr(0, value.find('.')));
    }
    return text;
  }
  std::string Describe(const Work& work, const std::string& what) const {
    std::string text =
        fmt::format("recovered after {}, interrupted recoveries: {}: {}\n",
                    work.disk != nullptr ? "the process died" : "a power loss", work.depth, what);
    text += fmt::format("  writes {} to {} of {}:\n", work.opened.low, work.opened.high,
                        ledger_.issued());
    text += fmt::format("  from{}\n  to  {}\n", Show(ledger_.After(work.opened.low)),
                        Show(ledger_.After(work.opened.high)));
    for (const auto& [name, content] : work.image) {
      text += fmt::format("  {} {} bytes\n", name, content.size());
      if (name == Manifest::kFileName) text += content;
    }
    return text;
  }

  const TestDirectory directory_;
  const Ledger& ledger_;
  const Durability durability_;
  const uint64_t segment_size_;
  const Limits limits_;
  std::mt19937_64 random_;
  std::vector<Work> work_;
  std::unordered_set<uint64_t> seen_;
  size_t recoveries_ = 0;
  bool has_failed_ = false;
};

// A store on a simulated disk whose every call is explored.
class History {
 public:
  // `lag`: the store's background threads get to run after one write in so many.
  History(Durability durability, uint64_t segment_size, CrashExplorer::Limits limits,
          unsigned lag = 1)
      : durability_(durability),
        explorer_(ledger_, durability, segment_size, limits),
        lag_(lag),
        random_(limits.seed) {
    // The births of stores are a test of their own.
    { LogStore store(explorer_.Options(disk_, "store")); }
    Open();
    disk_->AtEveryCall([this] {
      const size_t acknowledged = ledger_.acknowledged();
      explorer_.Take(*disk_,
                     {durability_ == Durability::kSync ? acknowledged : synced_, ledger_.issued()},
                     {acknowledged, ledger_.issued()});
    });
  }
  ~History() {
    disk_->AtEveryCall(nullptr);
    disk_->ReleaseBackground();
  }

  void Set(const std::string& key, size_t size) {
    std::string value = fmt::format("{}.", ledger_.issued());
    value.resize(std::max(value.size(), size), '.');
    Write(RecordType::kValue, key, value);
  }
  void Remove(const std::string& key) { Write(RecordType::kTombstone, key, ""); }
  // Compacts to the end, `bytes` at a time.
  void Compact(uint64_t bytes) {
    while (store_->CompactionDue() && !explorer_.has_failed()) {
      store_->PrepareCompaction(bytes);
      disk_->CrashPoint();
      store_->CompactStep();
      EndStep();
    }
  }
  void SyncAll() {
    store_->SyncInBackground();
    RunBackground();
    synced_ = ledger_.acknowledged();
    disk_->CrashPoint();
    explorer_.RecoverAll();
  }
  void Reopen() {
    compacted_segments_ = compacted_segments();
    disk_->ReleaseBackground();
    store_.reset();
    synced_ = ledger_.acknowledged();
    explorer_.RecoverAll();
    Open();
    explorer_.RecoverAll();
  }

  CrashExplorer& explorer() { return explorer_; }
  LogStore& store() { return *store_; }
  uint64_t compacted_segments() const {
    return compacted_segments_ + store_->Statistics().compacted_segments;
  }

 private:
  void Open() {
    LogStoreOptions options = explorer_.Options(disk_, "store");
    options.hooks.background_task_begins = [disk = disk_] { disk->AwaitRelease(); };
    store_ = std::make_unique<LogStore>(std::move(options));
    store_->WaitForBackground();
    disk_->HoldBackground();
  }

  void Write(RecordType type, const std::string& key, const std::string& value) {
    if (explorer_.has_failed()) return;
    // It would wait for the spare.
    if (store_->NeedsNewSegment(key.size(), value.size())) RunBackground();
    ledger_.Begin(type, key, value);
    store_->Write(type, key, value);
    ledger_.Acknowledge();
    EndStep();
  }
  void EndStep() {
    disk_->CrashPoint();
    if (random_() % lag_ == 0) RunBackground();
    explorer_.RecoverAll();
  }
  void RunBackground() {
    disk_->ReleaseBackground();
    store_->WaitForBackground();
    disk_->HoldBackground();
    disk_->CrashPoint();
  }

  const Durability durability_;
  Ledger ledger_;
  CrashExplorer explorer_;
  const unsigned lag_;
  std::mt19937_64 random_;
  const std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  size_t synced_ = 0;  // writes that survive a power loss whatever the tier
  uint64_t compacted_segments_ = 0;
  std::unique_ptr<LogStore> store_;
};

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_LOG_STORE_CRASH_EXPLORER_H_
