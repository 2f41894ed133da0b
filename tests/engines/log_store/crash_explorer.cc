#include "tests/engines/log_store/crash_explorer.h"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include "tests/engines/log_store/unsynced_file_system.h"

namespace kvs {
namespace {

std::string Show(const Contents& contents) {
  std::string text;
  for (const auto& [key, value] : contents) {
    text += fmt::format(" {}={}", key, value.substr(0, value.find('.')));
  }
  return text;
}

}  // namespace

unsigned RoundsFactor() {
  const char* text = std::getenv("KVS_FAULT_ROUNDS");
  return text == nullptr ? 1 : static_cast<unsigned>(std::max(1, std::atoi(text)));
}

void Ledger::Begin(RecordType type, const std::string& key, const std::string& value) {
  Contents next = states_.back();
  if (type == RecordType::kTombstone) {
    next.erase(key);
  } else {
    next[key] = value;
  }
  keys_.insert(key);
  states_.push_back(std::move(next));
}

std::optional<size_t> Ledger::Match(LogStore& store, size_t low, size_t high) const {
  const Contents contents = Read(store);
  if (store.Statistics().keys != contents.size()) return std::nullopt;
  for (size_t n = high + 1; n-- > low;) {
    if (states_[n] == contents) return n;
  }
  return std::nullopt;
}

Contents Ledger::Read(const LogStore& store) const {
  Contents contents;
  std::string value;
  for (const std::string& key : keys_) {
    if (store.Get(key, value)) contents[key] = value;
  }
  return contents;
}

CrashExplorer::CrashExplorer(const Ledger& ledger, Durability durability, uint64_t segment_size,
                             Limits limits)
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

LogStoreOptions CrashExplorer::Options(std::shared_ptr<FileSystem> files,
                                       const char* directory) const {
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

void CrashExplorer::Take(const SimulatedDisk& disk, Range power_loss, Range alive) {
  if (has_failed_) return;
  TakePowerLosses(disk, power_loss, 0);
  if (random_() % limits_.process_death_every != 0) return;
  work_.push_back({{}, disk.ProcessDeath(), alive, power_loss, 0});
}

void CrashExplorer::RecoverAll() {
  while (!work_.empty() && !has_failed_) {
    const Work work = std::move(work_.back());
    work_.pop_back();
    Recover(work);
  }
  work_.clear();
}

void CrashExplorer::TakePowerLosses(const SimulatedDisk& disk, Range range, unsigned depth) {
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

void CrashExplorer::Add(DiskImage image, Range range, unsigned depth) {
  uint64_t hash = range.low * 1000003 + range.high;
  for (const auto& [name, content] : image) {
    hash = XXH3_64bits_withSeed(name.data(), name.size() + 1, hash);
    hash = XXH3_64bits_withSeed(content.data(), content.size(), hash + content.size());
  }
  if (!seen_.insert(hash).second || seen_.size() % limits_.recover_one_in != 0) return;
  work_.push_back({std::move(image), nullptr, range, range, depth});
}

void CrashExplorer::Recover(const Work& work) {
  const auto disk = work.disk != nullptr ? work.disk : std::make_shared<SimulatedDisk>(work.image);
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

void CrashExplorer::GoOn(LogStore& store, SimulatedDisk& disk, Contents contents) {
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

void CrashExplorer::Fail(const std::string& message) {
  has_failed_ = true;
  ADD_FAILURE() << message;
}

std::string CrashExplorer::Describe(const Work& work, const std::string& what) const {
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

History::History(Durability durability, uint64_t segment_size, CrashExplorer::Limits limits,
                 unsigned lag)
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

History::~History() {
  disk_->AtEveryCall(nullptr);
  disk_->ReleaseBackground();
}

void History::Set(const std::string& key, size_t size) {
  std::string value = fmt::format("{}.", ledger_.issued());
  value.resize(std::max(value.size(), size), '.');
  Write(RecordType::kValue, key, value);
}

void History::Compact(uint64_t bytes) {
  while (store_->CompactionDue() && !explorer_.has_failed()) {
    store_->PrepareCompaction(bytes);
    disk_->CrashPoint();
    store_->CompactStep();
    EndStep();
  }
}

void History::SyncAll() {
  store_->SyncInBackground();
  RunBackground();
  synced_ = ledger_.acknowledged();
  disk_->CrashPoint();
  explorer_.RecoverAll();
}

void History::Reopen() {
  compacted_segments_ = compacted_segments();
  disk_->ReleaseBackground();
  store_.reset();
  synced_ = ledger_.acknowledged();
  explorer_.RecoverAll();
  Open();
  explorer_.RecoverAll();
}

void History::Open() {
  LogStoreOptions options = explorer_.Options(disk_, "store");
  options.hooks.background_task_begins = [disk = disk_] { disk->AwaitRelease(); };
  store_ = std::make_unique<LogStore>(std::move(options));
  store_->WaitForBackground();
  disk_->HoldBackground();
}

void History::Write(RecordType type, const std::string& key, const std::string& value) {
  if (explorer_.has_failed()) return;
  // It would wait for the spare.
  if (store_->NeedsNewSegment(key.size(), value.size())) RunBackground();
  ledger_.Begin(type, key, value);
  store_->Write(type, key, value);
  ledger_.Acknowledge();
  EndStep();
}

void History::EndStep() {
  disk_->CrashPoint();
  if (random_() % lag_ == 0) RunBackground();
  explorer_.RecoverAll();
}

void History::RunBackground() {
  disk_->ReleaseBackground();
  store_->WaitForBackground();
  disk_->HoldBackground();
  disk_->CrashPoint();
}

}  // namespace kvs
