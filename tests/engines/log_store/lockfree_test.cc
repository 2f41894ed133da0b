// What `lockfree` promises its readers: they finish whatever the other threads do, and allocate
// nothing.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <future>
#include <memory>
#include <new>
#include <thread>

#include <gtest/gtest.h>

#include "engines/log_store/log_engine.h"
#include "tests/engines/log_store/test_directory.h"

namespace {

thread_local uint64_t allocations = 0;

void* CountedAllocation(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return CountedAllocation(size); }
void* operator new[](std::size_t size) { return CountedAllocation(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace kvs {
namespace {

EngineOptions Options(const std::filesystem::path& directory) {
  EngineOptions options;
  options.directory = directory;
  options.settings = {{"segment_size", "16KiB"}, {"garbage_percent", "30"}};
  return options;
}

// A place in the code where a thread can be stopped.
class FreezePoint {
 public:
  // Called by the thread that may freeze.
  void Pass() {
    if (!armed_) return;
    reached_ = true;
    while (armed_) std::this_thread::yield();
  }
  void Arm() { armed_ = true; }
  void Thaw() { armed_ = false; }
  bool IsReached() const { return reached_; }

 private:
  std::atomic<bool> armed_{false};
  std::atomic<bool> reached_{false};
};

constexpr int kKeys = 100;

void Fill(KvsEngine& store) {
  for (int i = 0; i < kKeys; ++i) store.Set(std::to_string(i), "value " + std::to_string(i));
}

// Reads everything by Get and MultiGet on a thread of its own. Returns whether that came to an end
// in half a minute; on a failure the frozen thread must be thawed before the future goes.
std::future<bool> StartReading(const KvsEngine& store) {
  return std::async(std::launch::async, [handle = store.Clone()] {
    std::string value;
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < kKeys; ++i) {
        if (!handle->Get(std::to_string(i), value)) return false;
        if (!value.starts_with("value " + std::to_string(i))) return false;
        if (handle->Get("absent" + std::to_string(i), value)) return false;
      }
    }
    const std::string_view keys[] = {"1", "absent", "2"};
    std::string values[3];
    bool found[3];
    handle->MultiGet(keys, values, found);
    return found[0] && !found[1] && found[2] && values[2].starts_with("value 2");
  });
}

void ExpectFinishes(std::future<bool>& reading) {
  ASSERT_EQ(reading.wait_for(std::chrono::seconds(30)), std::future_status::ready)
      << "a reader waits for a frozen thread";
  EXPECT_TRUE(reading.get());
}

TEST(LockfreeTest, ReadsFinishWhileAWriterIsFrozenInTheMiddleOfSet) {
  const TestDirectory directory;
  FreezePoint freeze;
  LogStoreHooks hooks;
  hooks.record_appended = [&] { freeze.Pass(); };
  const auto store = OpenLockfreeWithHooks(Options(directory.path() / "s"), hooks);
  Fill(*store);
  freeze.Arm();
  std::thread writer([handle = store->Clone()] { handle->Set("1", "value 1, second"); });
  while (!freeze.IsReached()) std::this_thread::yield();

  std::string value;
  EXPECT_TRUE(store->Get("1", value));
  EXPECT_EQ(value, "value 1") << "seen before it was published";
  std::future<bool> reading = StartReading(*store);
  ExpectFinishes(reading);

  freeze.Thaw();
  writer.join();
  EXPECT_TRUE(store->Get("1", value));
  EXPECT_EQ(value, "value 1, second");
}

TEST(LockfreeTest, ReadsFinishWhileCompactionIsFrozenInTheMiddleOfAStep) {
  const TestDirectory directory;
  FreezePoint freeze;
  LogStoreHooks hooks;
  hooks.record_moved = [&] { freeze.Pass(); };
  const auto store = OpenLockfreeWithHooks(Options(directory.path() / "s"), hooks);
  Fill(*store);
  freeze.Arm();
  std::thread writer([&, handle = store->Clone()] {
    while (!freeze.IsReached()) {
      for (int i = 0; i < kKeys; i += 2) {
        handle->Set(std::to_string(i), "value " + std::to_string(i) + std::string(200, '.'));
      }
    }
  });
  while (!freeze.IsReached()) std::this_thread::yield();
  std::future<bool> reading = StartReading(*store);
  ExpectFinishes(reading);
  freeze.Thaw();
  writer.join();
  store->Settle();
  std::future<bool> again = StartReading(*store);
  ExpectFinishes(again);
}

// Scans all on a thread of its own, over and over. Returns whether that came to an end, with each
// of `lasting` in each scan.
std::future<bool> StartScanning(const KvsEngine& store, int lasting) {
  return std::async(std::launch::async, [handle = store.Clone(), lasting] {
    for (int round = 0; round < 3; ++round) {
      int found = 0;
      std::string last;
      bool is_ascending = true;
      handle->Scan("", 1'000'000, [&](std::string_view key, std::string_view value) {
        is_ascending = is_ascending && last < key;
        last = key;
        if (value.starts_with("value ") && value.substr(6) == key) ++found;
      });
      if (!is_ascending || found != lasting) return false;
    }
    return true;
  });
}

EngineOptions OrderedOptions(const std::filesystem::path& directory) {
  EngineOptions options = Options(directory);
  options.settings["ordered"] = "true";
  return options;
}

// The writer is stopped before and after each store that changes the order, in insertions that
// split a leaf and in removals that merge some.
TEST(LockfreeTest, ScansFinishWhileAWriterIsFrozenInTheMiddleOfAnInsertOrARemove) {
  constexpr int kChanges = 60;
  for (int frozen_at = 0; frozen_at < 4 * kChanges; frozen_at += 7) {
    const TestDirectory directory;
    FreezePoint freeze;
    std::atomic<bool> counting{false};
    int passed = 0;
    LogStoreHooks hooks;
    hooks.order_changes = [&] {
      if (!counting || passed++ != frozen_at) return;
      freeze.Arm();
      freeze.Pass();
    };
    const auto store =
        OpenLockfreeWithHooks(OrderedOptions(directory.path() / "s"), std::move(hooks));
    Fill(*store);
    counting = true;
    std::thread writer([handle = store->Clone()] {
      for (int i = 0; i < kChanges; ++i) handle->Set("1 passing " + std::to_string(i), "passing");
      for (int i = 0; i < kChanges; ++i) handle->Remove("1 passing " + std::to_string(i));
    });
    while (!freeze.IsReached()) std::this_thread::yield();
    std::future<bool> scanning = StartScanning(*store, kKeys);
    const bool is_finished =
        scanning.wait_for(std::chrono::seconds(30)) == std::future_status::ready;
    freeze.Thaw();
    EXPECT_TRUE(is_finished) << "a scan waits for a writer, frozen at " << frozen_at;
    EXPECT_TRUE(scanning.get()) << "frozen at " << frozen_at;
    writer.join();
    EXPECT_TRUE(StartScanning(*store, kKeys).get());
  }
}

TEST(LockfreeTest, ScansFinishWhileCompactionIsFrozenInTheMiddleOfAStep) {
  const TestDirectory directory;
  FreezePoint freeze;
  LogStoreHooks hooks;
  hooks.record_moved = [&] { freeze.Pass(); };
  const auto store =
      OpenLockfreeWithHooks(OrderedOptions(directory.path() / "s"), std::move(hooks));
  Fill(*store);
  freeze.Arm();
  std::thread writer([&, handle = store->Clone()] {
    while (!freeze.IsReached()) handle->Set("0", "value 0");
  });
  while (!freeze.IsReached()) std::this_thread::yield();
  std::future<bool> scanning = StartScanning(*store, kKeys);
  ExpectFinishes(scanning);
  freeze.Thaw();
  writer.join();
}

TEST(LockfreeTest, AShortScanDoesNotAllocate) {
  const TestDirectory directory;
  const auto store = OpenLockfreeWithHooks(OrderedOptions(directory.path() / "s"), {});
  Fill(*store);
  uint64_t bytes = 0;
  const ScanVisitor visit = [&](std::string_view key, std::string_view value) {
    bytes += key.size() + value.size();
  };
  const uint64_t before = allocations;
  const size_t visited = store->Scan("5", 100, visit);
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_GT(visited, 50u);
  EXPECT_GT(bytes, 500u);
}

TEST(LockfreeTest, AWarmGetDoesNotAllocate) {
  const TestDirectory directory;
  const auto store = OpenLockfreeWithHooks(Options(directory.path() / "s"), {});
  Fill(*store);
  std::string value;
  value.reserve(100);
  uint64_t hits = 0;
  const uint64_t before = allocations;
  for (int i = 0; i < kKeys; ++i) {
    char key[8];
    const int size = std::snprintf(key, sizeof key, "%d", i);
    hits += store->Get({key, static_cast<size_t>(size)}, value) ? 1 : 0;
    hits += store->Get("absent", value) ? 1 : 0;
  }
  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(hits, static_cast<uint64_t>(kKeys));
  const std::string control(100, 'x');  // the counter itself works
  EXPECT_GT(allocations, before);
}

// A reader in the middle of an operation keeps what it may look at, and nothing stops for it.
TEST(LockfreeTest, WritersAndCompactionGoOnBesideAReaderThatNeverFinishes) {
  const TestDirectory directory;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  options.segment_size = 4096;
  options.garbage_percent = 30;
  options.unlocked_readers = true;
  LogStore store(options);
  store.Write(RecordType::kValue, "key", "first");
  Epochs::Slot* const slot = store.epochs().AcquireSlot();
  {
    const Epochs::Guard guard(store.epochs(), slot);
    for (int i = 0; i < 500; ++i) {
      store.Write(RecordType::kValue, "key", std::string(100, 'v'));
      while (store.CompactionDue()) {
        store.PrepareCompaction();
        store.CompactStep(4096);
      }
    }
    EXPECT_GT(store.epochs().Reclaim(), 5u);
  }
  EXPECT_EQ(store.epochs().Reclaim(), 0u);
  store.epochs().ReleaseSlot(slot);
  EXPECT_GT(store.Statistics().compacted_segments, 5u);
}

}  // namespace
}  // namespace kvs
