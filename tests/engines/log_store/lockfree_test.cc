// What `lockfree` promises its readers: they finish whatever the other threads do, allocate nothing
// and make no system call.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <future>
#include <memory>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "engines/log_store/log_engine.h"
#include "engines/sanitizers.h"
#include "tests/engines/log_store/counted_allocations.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/sanitizer.h"

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

// Where a thread stops that is sent SIGUSR1.
std::atomic<bool> freeze_wanted{false};
std::atomic<bool> is_frozen{false};

void StayFrozen(int) {
  is_frozen = true;
  const timespec pause{.tv_sec = 0, .tv_nsec = 20'000};
  while (freeze_wanted) ::nanosleep(&pause, nullptr);
  is_frozen = false;
}

// The writer is stopped by a signal, wherever it happens to be: copying a record, publishing it,
// rebuilding a part of the index, beginning a segment, holding its lock.
TEST(LockfreeTest, ReadsFinishWhereverAWriterIsFrozen) {
  const TestDirectory directory;
  const auto store = OpenLockfreeWithHooks(Options(directory.path() / "s"), {});
  Fill(*store);
  struct sigaction action = {};
  action.sa_handler = StayFrozen;
  action.sa_flags = SA_RESTART;
  struct sigaction previous = {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &previous), 0);

  std::atomic<bool> stop{false};
  std::thread writer([&, handle = store->Clone()] {
    // The rounds' own keys make the index grow; what they overwrite makes compaction due.
    for (uint64_t i = 0; !stop; ++i) {
      handle->Set("new" + std::to_string(i), "x");
      handle->Set("hot" + std::to_string(i % 20), std::string(i % 300, 'v'));
      if (i % 3 == 0) handle->Remove("new" + std::to_string(i));
    }
  });
  // The frozen thread may hold a lock of malloc's: the reader and this thread, while it waits for
  // it, must not allocate.
  std::atomic<uint64_t> rounds{0};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&, handle = store->Clone()] {
    std::array<std::string, kKeys> keys;
    for (int i = 0; i < kKeys; ++i) keys[static_cast<size_t>(i)] = std::to_string(i);
    std::string value;
    value.reserve(1000);
    while (!stop) {
      for (const std::string& key : keys) {
        const bool good = handle->Get(key, value) && std::string_view(value).substr(6) == key;
        if (!good || handle->Get("absent", value)) ++wrong;
      }
      ++rounds;
    }
  });
  while (rounds == 0) std::this_thread::yield();  // the reader has allocated
  std::mt19937 random(1);
  bool finished = true;
  for (int i = 0; finished && i < (kHasSanitizer ? 60 : 400); ++i) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 400);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    freeze_wanted = true;
    ::pthread_kill(writer.native_handle(), SIGUSR1);
    while (!is_frozen) std::this_thread::yield();
    const uint64_t before = rounds;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (rounds < before + 2 && finished) {
      std::this_thread::yield();
      finished = std::chrono::steady_clock::now() < deadline;
    }
    freeze_wanted = false;
    while (is_frozen) std::this_thread::yield();
  }
  stop = true;
  writer.join();
  reader.join();
  ::sigaction(SIGUSR1, &previous, nullptr);
  EXPECT_TRUE(finished) << "a reader waits for a frozen writer";
  EXPECT_EQ(wrong, 0u);
}

// The reader is stopped by a signal, mostly in the middle of copying a value, while what it copies
// is overwritten, compacted, and its segment made a new one.
TEST(LockfreeTest, AReaderFrozenAnywhereStillReadsOneValue) {
  const TestDirectory directory;
  EngineOptions options = Options(directory.path() / "s");
  options.settings["segment_size"] = "256KiB";
  const auto store = OpenLockfreeWithHooks(options, {});
  const auto set = [&store](int version) {
    store->Set("key", std::string(60'000, static_cast<char>('a' + version % 26)));
  };
  set(0);
  struct sigaction action = {};
  action.sa_handler = StayFrozen;
  action.sa_flags = SA_RESTART;
  struct sigaction previous = {};
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &previous), 0);
  std::atomic<bool> stop{false};
  std::atomic<bool> has_read{false};
  std::atomic<uint64_t> wrong{0};
  std::thread reader([&, handle = store->Clone()] {
    std::string value;
    for (; !stop; has_read = true) {
      const bool found = handle->Get("key", value);
      // Each byte is the next one's, so all are one.
      if (!found || std::memcmp(value.data(), value.data() + 1, value.size() - 1) != 0) ++wrong;
    }
  });
  // Its first read allocates. Frozen there it might hold a lock that this thread needs.
  while (!has_read) std::this_thread::yield();
  std::mt19937 random(1);
  int version = 0;
  for (int round = 0; round < (kHasSanitizer ? 10 : 40); ++round) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(random() % 400);
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    freeze_wanted = true;
    ::pthread_kill(reader.native_handle(), SIGUSR1);
    while (!is_frozen) std::this_thread::yield();
    for (int i = 0; i < 40; ++i) set(++version);
    store->Settle();
    for (int i = 0; i < 12; ++i) set(++version);
    freeze_wanted = false;
    while (is_frozen) std::this_thread::yield();
  }
  stop = true;
  reader.join();
  ::sigaction(SIGUSR1, &previous, nullptr);
  EXPECT_EQ(wrong, 0u);
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
  const uint64_t before = AllocationsOfThisThread();
  const size_t visited = store->Scan("5", 100, visit);
  EXPECT_EQ(AllocationsOfThisThread() - before, 0u);
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
  const uint64_t before = AllocationsOfThisThread();
  for (int i = 0; i < kKeys; ++i) {
    char key[8];
    const int size = std::snprintf(key, sizeof key, "%d", i);
    hits += store->Get({key, static_cast<size_t>(size)}, value) ? 1 : 0;
    hits += store->Get("absent", value) ? 1 : 0;
  }
  EXPECT_EQ(AllocationsOfThisThread() - before, 0u);
  EXPECT_EQ(hits, static_cast<uint64_t>(kKeys));
  const std::string control(100, 'x');  // the counter itself works
  EXPECT_GT(AllocationsOfThisThread(), before);
}

// From now on the calling thread dies, with its process, of any system call but write and exit.
void ForbidSystemCalls() {
  std::vector<sock_filter> filter = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  std::vector<uint32_t> allowed = {SYS_write, SYS_exit_group};
  // A sanitizer's runtime takes memory for itself at any time.
  if (kHasSanitizer) allowed.insert(allowed.end(), {SYS_mmap, SYS_munmap, SYS_madvise});
  for (const uint32_t number : allowed) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS));
  sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    std::perror("seccomp");
    std::abort();
  }
}

// Looks everything up with system calls forbidden, then calls `last` and exits with 0.
template <typename Function>
[[noreturn]] void GetWithoutSystemCalls(Function last) {
  const TestDirectory directory;
  const auto store = OpenLockfreeWithHooks(Options(directory.path() / "s"), {});
  Fill(*store);
  std::array<std::string, kKeys> keys;
  for (int i = 0; i < kKeys; ++i) keys[static_cast<size_t>(i)] = std::to_string(i);
  const std::string_view batch[] = {"1", "absent", "2"};
  std::string values[3];
  bool found[3];
  store->MultiGet(batch, values, found);  // makes its buffers, as Get does
  std::string value;
  store->Get("1", value);
  store->Settle();             // no thread of the store is to make files while they are removed
  store->Set("2", "value 2");  // and one is pending again
  std::filesystem::remove_all(directory.path());  // nobody will be there to do it
  ForbidSystemCalls();
  size_t hits = 0;
  for (const std::string& key : keys) {
    hits += store->Get(key, value) ? 1 : 0;
    hits += store->Get("absent", value) ? 1 : 0;
  }
  store->MultiGet(batch, values, found);
  hits += static_cast<size_t>(found[0]) + static_cast<size_t>(found[2]);
  last();
  ::syscall(SYS_exit_group,
            hits == kKeys + 2 ? 0 : 1);  // not _Exit: LeakSanitizer would look around
  std::abort();
}

TEST(LockfreeDeathTest, AWarmGetMakesNoSystemCall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(GetWithoutSystemCalls([] {}), ::testing::ExitedWithCode(0), "");
  // The trap itself works.
  EXPECT_EXIT(GetWithoutSystemCalls([] { ::getppid(); }), ::testing::KilledBySignal(SIGSYS), "");
}

#if KVS_ADDRESS_SANITIZER
// What a reader may not look at any more, AddressSanitizer guards, also while the memory waits to
// be the next segment: so a reader that is not protected is caught by any test that meets it.
TEST(LockfreeDeathTest, ARetiredSegmentIsGuarded) {
  const TestDirectory directory;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  options.segment_size = 64 * 1024;
  options.garbage_percent = 30;
  options.unlocked_readers = true;
  options.ordered = true;
  LogStore store(options);
  store.Write(RecordType::kValue, "key", "first");
  Epochs::Slot* const slot = store.epochs().AcquireSlot();
  const char* seen = nullptr;
  {
    const Epochs::Guard guard(store.epochs(), slot);
    size_t visited = 0;
    std::string next;
    store.ScanPart(
        "", 1, [&](std::string_view, std::string_view value) { seen = value.data(); }, visited,
        next);
    for (int i = 0; i < 2000; ++i) {
      store.Write(RecordType::kValue, "key", std::string(100, 'v'));
      while (store.CompactionDue()) {
        store.PrepareCompaction(4096);
        store.CompactStep();
      }
    }
    EXPECT_EQ(std::string_view(seen, 5), "first");
  }
  store.epochs().ReleaseSlot(slot);
  store.WaitForBackground();
  EXPECT_EQ(store.epochs().Reclaim(), 0u);
  EXPECT_DEATH(std::printf("%c", *static_cast<const volatile char*>(seen)), "AddressSanitizer");
}
#endif

// A reader in the middle of an operation keeps what it may look at, and nothing stops for it.
TEST(LockfreeTest, WritersAndCompactionGoOnBesideAReaderThatNeverFinishes) {
  const TestDirectory directory;
  LogStoreOptions options;
  options.engine = "test";
  options.directory = directory.path() / "s";
  options.segment_size = 4096;
  options.garbage_percent = 30;
  options.unlocked_readers = true;
  options.ordered = true;  // a scan shows where a value is
  LogStore store(options);
  store.Write(RecordType::kValue, "key", "first");
  Epochs::Slot* const slot = store.epochs().AcquireSlot();
  {
    const Epochs::Guard guard(store.epochs(), slot);
    std::string_view seen;
    size_t visited = 0;
    std::string next;
    store.ScanPart(
        "", 1, [&](std::string_view, std::string_view value) { seen = value; }, visited, next);
    for (int i = 0; i < 500; ++i) {
      store.Write(RecordType::kValue, "key", std::string(100, 'v'));
      while (store.CompactionDue()) {
        store.PrepareCompaction(4096);
        store.CompactStep();
      }
      store.WaitForBackground();  // which makes new segments of retired ones that nobody reads
    }
    EXPECT_EQ(seen, "first");
    EXPECT_GT(store.epochs().Reclaim(), 5u);
  }
  EXPECT_EQ(store.epochs().Reclaim(), 0u);
  store.epochs().ReleaseSlot(slot);
  EXPECT_GT(store.Statistics().compacted_segments, 5u);
}

// What is overwritten again and again is mostly pending in the index, or on its way from there.
TEST(LockfreeTest, AReaderNeverSeesAnOlderValueThanBefore) {
  constexpr uint64_t kVersions = kHasSanitizer ? 3000 : 100'000;
  const TestDirectory directory;
  EngineOptions options;
  options.directory = directory.path() / "s";
  const auto writer = OpenLockfreeWithHooks(options, {});
  const auto reader = writer->Clone();
  const auto set_all = [&writer](uint64_t version) {
    for (char key = 'a'; key < 'h'; ++key) {
      writer->Set({&key, 1}, {reinterpret_cast<const char*>(&version), sizeof version});
    }
  };
  set_all(0);
  std::atomic<bool> is_finished{false};
  std::atomic<uint64_t> went_back{0};
  std::thread reading([&] {
    uint64_t last = 0;
    std::string value;
    while (!is_finished.load()) {
      uint64_t version = 0;
      if (reader->Get("d", value)) std::memcpy(&version, value.data(), sizeof version);
      went_back += version < last ? 1 : 0;
      last = version;
    }
  });
  for (uint64_t version = 1; version <= kVersions; ++version) set_all(version);
  is_finished = true;
  reading.join();
  EXPECT_EQ(went_back, 0u);
}

}  // namespace
}  // namespace kvs
