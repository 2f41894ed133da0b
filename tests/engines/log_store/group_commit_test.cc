// Who may join the group of writes that `lockfree` flushes at once in tier sync.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "engines/log_store/log_engine.h"
#include "tests/engines/log_store/test_directory.h"
#include "tests/engines/log_store/unsynced_file_system.h"

namespace kvs {
namespace {

// A thread that sets one key.
class Setter {
 public:
  Setter(const KvsEngine& store, std::string key, std::string value)
      : thread_([this, handle = store.Clone(), key = std::move(key), value = std::move(value)] {
          thread_id_ = gettid();
          handle->Set(key, value);
        }) {}
  ~Setter() { thread_.join(); }

  // Returns once the thread sleeps in the kernel, and not for a moment only.
  void WaitUntilAsleep() const {
    for (int seen = 0; seen < 10; seen = thread_id_ != 0 && State() == 'S' ? seen + 1 : 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

 private:
  char State() const {
    std::ifstream file("/proc/self/task/" + std::to_string(thread_id_) + "/stat");
    std::string stat;
    std::getline(file, stat);
    const size_t name_end = stat.rfind(") ");
    return name_end == std::string::npos ? '?' : stat[name_end + 2];
  }

  std::atomic<pid_t> thread_id_{0};
  std::thread thread_;
};

// The flush that runs may have passed what is appended meanwhile.
TEST(GroupCommitTest, AWriteDuringAFlushGetsAFlushOfItsOwn) {
  const TestDirectory directory;
  EngineOptions options;
  options.directory = directory.path() / "s";
  options.durability = Durability::kSync;
  const auto files = std::make_shared<UnsyncedFileSystem>("lockfree");
  std::atomic<int> appended{0};
  LogStoreHooks hooks;
  hooks.record_appended = [&] { ++appended; };
  const auto store = OpenLockfreeWithHooks(options, hooks, files);
  store->Set("first", "begins a segment");
  store->Settle();
  const uint64_t syncs_before = files->recorder().file_syncs;
  files->recorder().hold_file_syncs = true;
  {
    const Setter leader(*store, "a", "1");
    while (files->recorder().file_syncs == syncs_before) std::this_thread::yield();
    const Setter late(*store, "b", "2");
    while (appended < 3) std::this_thread::yield();
    late.WaitUntilAsleep();
    files->recorder().hold_file_syncs = false;
    files->recorder().hold_file_syncs.notify_all();
  }
  EXPECT_EQ(files->recorder().file_syncs, syncs_before + 2);
}

TEST(GroupCommitTest, ARecordThatWaitsForANewSegmentGoesBeforeSmallOnesThatCameLater) {
  const TestDirectory directory;
  EngineOptions options;
  options.directory = directory.path() / "s";
  options.durability = Durability::kSync;
  options.settings = {{"segment_size", "64KiB"}};
  const auto files = std::make_shared<UnsyncedFileSystem>("lockfree");
  std::atomic<int> appended{0};
  LogStoreHooks hooks;
  hooks.record_appended = [&] { ++appended; };
  const auto store = OpenLockfreeWithHooks(options, hooks, files);
  store->Set("first", "begins a segment");
  const uint64_t syncs_before = files->recorder().file_syncs;
  files->recorder().hold_file_syncs = true;
  {
    const Setter leader(*store, "a", "small");
    while (files->recorder().file_syncs == syncs_before) std::this_thread::yield();
    const Setter large(*store, "b", std::string(1 << 20, 'v'));
    large.WaitUntilAsleep();
    const Setter small(*store, "c", "small");
    small.WaitUntilAsleep();
    EXPECT_EQ(appended, 2) << "a small record passed the large one";
    files->recorder().hold_file_syncs = false;
    files->recorder().hold_file_syncs.notify_all();
  }
  std::string value;
  EXPECT_TRUE(store->Get("a", value));
  EXPECT_TRUE(store->Get("b", value));
  EXPECT_EQ(value.size(), 1 << 20);
  EXPECT_TRUE(store->Get("c", value));
}

}  // namespace
}  // namespace kvs
