// Who may join the group of writes that `lockfree` flushes at once in tier sync.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

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
          has_set_ = true;
        }) {}
  ~Setter() { thread_.join(); }

  bool has_set() const { return has_set_; }

  // Returns once the thread sleeps in the kernel, and not for a moment only. False: it has set its
  // key instead.
  bool WaitUntilAsleep() const {
    for (int seen = 0; seen < 10; seen = thread_id_ != 0 && State() == 'S' ? seen + 1 : 0) {
      if (has_set_) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
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
  std::atomic<bool> has_set_{false};
  std::thread thread_;
};

// A store with a record in it, whose next flush can be held.
struct HeldStore {
  explicit HeldStore(const std::string& segment_size) {
    EngineOptions options;
    options.directory = directory.path() / "s";
    options.durability = Durability::kSync;
    options.settings = {{"segment_size", segment_size}};
    LogStoreHooks hooks;
    hooks.record_appended = [this] { ++appended; };
    engine = OpenLockfreeWithHooks(options, hooks, files);
    engine->Set("first", "begins a segment");
  }

  void Hold() {
    syncs_before = files->recorder().file_syncs;
    files->recorder().hold_file_syncs = true;
  }
  // False: the setter was answered without one.
  bool WaitForFlush(const Setter& setter) const {
    while (files->recorder().file_syncs == syncs_before) {
      if (setter.has_set()) return false;
      std::this_thread::yield();
    }
    return true;
  }
  void LetGo() {
    files->recorder().hold_file_syncs = false;
    files->recorder().hold_file_syncs.notify_all();
  }

  const TestDirectory directory;
  const std::shared_ptr<UnsyncedFileSystem> files =
      std::make_shared<UnsyncedFileSystem>("lockfree");
  std::atomic<int> appended{0};
  uint64_t syncs_before = 0;
  std::unique_ptr<KvsEngine> engine;
};

// The flush that runs may have passed what is appended meanwhile.
TEST(GroupCommitTest, AWriteDuringAFlushGetsAFlushOfItsOwn) {
  HeldStore store("1MiB");
  store.engine->Settle();
  store.Hold();
  {
    const Setter leader(*store.engine, "a", "1");
    EXPECT_TRUE(store.WaitForFlush(leader));
    const Setter late(*store.engine, "b", "2");
    while (store.appended < 3) std::this_thread::yield();
    EXPECT_TRUE(late.WaitUntilAsleep());
    store.LetGo();
  }
  // The background may sync, too.
  EXPECT_GE(store.files->recorder().file_syncs, store.syncs_before + 2);
}

TEST(GroupCommitTest, ARecordThatWaitsForANewSegmentGoesBeforeSmallOnesThatCameLater) {
  HeldStore store("64KiB");
  store.Hold();
  {
    const Setter leader(*store.engine, "a", "small");
    EXPECT_TRUE(store.WaitForFlush(leader));
    const Setter large(*store.engine, "b", std::string(1 << 20, 'v'));
    EXPECT_TRUE(large.WaitUntilAsleep());
    const Setter small(*store.engine, "c", "small");
    EXPECT_TRUE(small.WaitUntilAsleep());
    EXPECT_EQ(store.appended, 2) << "a small record passed the large one";
    store.LetGo();
  }
  std::string value;
  EXPECT_TRUE(store.engine->Get("a", value));
  EXPECT_TRUE(store.engine->Get("b", value));
  EXPECT_EQ(value.size(), 1 << 20);
  EXPECT_TRUE(store.engine->Get("c", value));
}

}  // namespace
}  // namespace kvs
