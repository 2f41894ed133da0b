// Takes crash states of a simulated disk while a store works on it, recovers from each, and
// compares with what had been acknowledged.
#ifndef KVS_TESTS_ENGINES_LOG_STORE_CRASH_EXPLORER_H_
#define KVS_TESTS_ENGINES_LOG_STORE_CRASH_EXPLORER_H_

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "engines/log_store/log_store.h"
#include "tests/engines/log_store/simulated_disk.h"
#include "tests/engines/log_store/test_directory.h"

namespace kvs {

using Contents = std::map<std::string, std::string>;

// How much longer than in the suite the random tests shall run.
unsigned RoundsFactor();

// What the store shall hold after each write, and how far the writes have come.
class Ledger {
 public:
  size_t acknowledged() const { return acknowledged_; }
  size_t issued() const { return states_.size() - 1; }
  const Contents& After(size_t writes) const { return states_[writes]; }

  void Begin(RecordType type, const std::string& key, const std::string& value);
  void Acknowledge() { acknowledged_ = issued(); }
  // The last one was refused and is known not to have happened.
  void Withdraw() { states_.pop_back(); }

  // After how many writes, from `low` to `high`, this is the store's content.
  std::optional<size_t> Match(LogStore& store, size_t low, size_t high) const;
  Contents Read(const LogStore& store) const;

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

  CrashExplorer(const Ledger& ledger, Durability durability, uint64_t segment_size, Limits limits);

  // `directory`: "store"; two others are the explorer's.
  LogStoreOptions Options(std::shared_ptr<FileSystem> files, const char* directory) const;

  size_t states() const { return seen_.size(); }
  size_t recoveries() const { return recoveries_; }
  bool has_failed() const { return has_failed_; }

  // At a call of `disk`, which is locked. `alive`: what holds when only the process dies.
  void Take(const SimulatedDisk& disk, Range power_loss, Range alive);

  // Recovers from everything taken, and from what is taken meanwhile. Not inside a call.
  void RecoverAll();

 private:
  struct Work {
    DiskImage image;
    std::shared_ptr<SimulatedDisk> disk;  // in place of the image
    Range opened;                         // what recovery has to show
    Range power_loss;                     // and what after another power loss meanwhile
    unsigned depth;
  };

  void TakePowerLosses(const SimulatedDisk& disk, Range range, unsigned depth);
  void Add(DiskImage image, Range range, unsigned depth);
  void Recover(const Work& work);
  // The recovered store takes writes, and they hold.
  void GoOn(LogStore& store, SimulatedDisk& disk, Contents contents);
  void Fail(const std::string& message);
  std::string Describe(const Work& work, const std::string& what) const;

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
          unsigned lag = 1);
  ~History();

  void Set(const std::string& key, size_t size);
  void Remove(const std::string& key) { Write(RecordType::kTombstone, key, ""); }
  // Compacts to the end, `bytes` at a time.
  void Compact(uint64_t bytes);
  void SyncAll();
  void Reopen();

  CrashExplorer& explorer() { return explorer_; }
  LogStore& store() { return *store_; }
  uint64_t compacted_segments() const {
    return compacted_segments_ + store_->Statistics().compacted_segments;
  }

 private:
  void Open();
  void Write(RecordType type, const std::string& key, const std::string& value);
  void EndStep();
  void RunBackground();

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
