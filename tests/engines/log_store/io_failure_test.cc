// Each call to the file system fails once, and the disk is full for a while: docs/fault-model.md.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "engines/log_store/log_engine.h"
#include "tests/engines/log_store/crash_explorer.h"
#include "tests/engines/log_store/unsynced_file_system.h"
#include "tests/sanitizer.h"

namespace kvs {
namespace {

// A store that goes on whatever fails: what is refused for want of space is tried again, what is
// refused otherwise after the store was reopened. When something has failed, power losses are tried
// at later calls.
class FailingRun {
 public:
  explicit FailingRun(Durability durability)
      : durability_(durability),
        explorer_(ledger_, durability, 2 * kSectorSize,
                  {.states = 1, .seed = 1, .depth = 0, .process_death_every = 1 << 30}) {
    { LogStore store(explorer_.Options(disk_, "store")); }
    disk_->AtEveryCall([this] {
      // Many at first, then some.
      if (!takes_ || (++calls_since_ > 6 && calls_since_ % 32 != 0)) return;
      const size_t acknowledged = ledger_.acknowledged();
      explorer_.Take(*disk_,
                     {durability_ == Durability::kSync ? acknowledged : synced_, ledger_.issued()},
                     {acknowledged, ledger_.issued()});
    });
  }
  ~FailingRun() {
    disk_->AtEveryCall(nullptr);
    disk_->ReleaseBackground();
  }

  // Some of everything. `step` is called before each of the steps.
  void Run(const std::function<void(int)>& step) {
    Reopen();
    for (int i = 0; i < kSteps && !Bad(); ++i) {
      step(i);
      if (i % 6 == 5) {
        Write(RecordType::kTombstone, fmt::format("key {}", i % 4), "");
      } else if (i % 8 == 6) {
        Compact();
      } else if (i == 13) {
        Reopen();
      } else {
        Write(RecordType::kValue, fmt::format("key {}", i % 4),
              fmt::format("{}.{}", i, std::string(i == 17 ? 1200 : 240, '.')));
      }
      RunBackground();
      NoticeFailure();
      disk_->CrashPoint();
      if (i % 8 == 7) explorer_.RecoverAll();
    }
    Reopen();
    disk_->CrashPoint();
    explorer_.RecoverAll();
    EXPECT_EQ(ledger_.acknowledged(), ledger_.issued());
  }

  SimulatedDisk& disk() { return *disk_; }
  const CrashExplorer& explorer() const { return explorer_; }
  size_t refusals() const { return refusals_; }
  void SetFull(bool full) {
    is_full_ = full;
    takes_ = true;
    disk_->SetFull(full);
  }
  bool Bad() const { return explorer_.has_failed() || ::testing::Test::HasFailure(); }

  static constexpr int kSteps = 28;

 private:
  // A run that does not keep its promises cannot go on.
  static void Require(bool holds, const std::string& message) {
    if (!holds) throw std::runtime_error(message);
  }

  void Write(RecordType type, const std::string& key, const std::string& value) {
    if (store_->NeedsNewSegment(key.size(), value.size())) RunBackground();
    ledger_.Begin(type, key, value);
    for (int attempt = 0; ledger_.acknowledged() < ledger_.issued(); ++attempt) {
      Require(attempt < 3, "refused again and again");
      try {
        store_->Write(type, key, value);
        ledger_.Acknowledge();
      } catch (const EngineError& error) {
        ++refusals_;
        Require(ledger_.Read(*store_) == ledger_.After(ledger_.acknowledged()),
                std::string("shown though it was refused: ") + error.what());
        NoticeFailure();
        if (error.kind() == ErrorKind::kFull) {
          if (is_full_) return ledger_.Withdraw();
          continue;
        }
        Require(error.kind() == ErrorKind::kIo, error.what());
        if (IsWritable()) continue;
        Reopen();  // which finds out whether the write has happened
      }
    }
  }

  void Compact() {
    for (int i = 0; i < 100 && store_->CompactionDue(); ++i) {
      try {
        store_->PrepareCompaction(300);
        store_->CompactStep();
        RunBackground();
      } catch (const EngineError& error) {
        ++refusals_;
        Require(error.kind() != ErrorKind::kCorruption, error.what());
        NoticeFailure();
        if (!IsWritable()) Reopen();
        if (is_full_) return;
      }
    }
    EXPECT_FALSE(store_->CompactionDue()) << "does not come to an end";
  }

  void Reopen() {
    disk_->ReleaseBackground();
    store_.reset();
    NoticeFailure();
    if (is_full_) SetFull(false);  // an open may have to write
    for (int attempt = 0; store_ == nullptr; ++attempt) {
      Require(attempt < 2, "does not open");
      try {
        LogStoreOptions options = explorer_.Options(disk_, "store");
        options.hooks.background_task_begins = [disk = disk_] { disk->AwaitRelease(); };
        store_ = std::make_unique<LogStore>(std::move(options));
      } catch (const EngineError& error) {
        Require(error.kind() != ErrorKind::kCorruption, error.what());
        NoticeFailure();
      }
    }
    disk_->HoldBackground();
    const std::optional<size_t> n =
        ledger_.Match(*store_, ledger_.acknowledged(), ledger_.issued());
    Require(n.has_value(), "the process goes on, and yet something is lost");
    if (*n == ledger_.issued()) ledger_.Acknowledge();
    synced_ = *n;  // what an open shows is on the device
  }

  bool IsWritable() {
    try {
      store_->CheckWritable();
      return true;
    } catch (const EngineError&) {
      return false;
    }
  }

  // A sync that failed while the store is open ends its writes.
  void NoticeFailure() {
    if (takes_) return;
    const std::optional<CallKind> failed = disk_->failed();
    if (!failed) return;
    takes_ = true;
    if (store_ == nullptr) return;
    if (*failed != CallKind::kSync && *failed != CallKind::kSyncDirectory) return;
    EXPECT_THROW(store_->CheckWritable(), EngineError) << "goes on after a failed sync";
    Reopen();
  }

  void RunBackground() {
    disk_->ReleaseBackground();
    store_->WaitForBackground();
    disk_->HoldBackground();
  }

  const Durability durability_;
  Ledger ledger_;
  CrashExplorer explorer_;
  const std::shared_ptr<SimulatedDisk> disk_ = std::make_shared<SimulatedDisk>();
  bool takes_ = false;  // crash states
  bool is_full_ = false;
  unsigned calls_since_ = 0;
  size_t synced_ = 0;
  size_t refusals_ = 0;
  std::unique_ptr<LogStore> store_;
};

class IoFailureTest : public ::testing::TestWithParam<Durability> {};

TEST_P(IoFailureTest, EachCallMayFailOnce) {
  // In the suite some calls only; which, differs between the kinds.
  const uint64_t stride = RoundsFactor() > 1 ? 1 : kHasSanitizer ? 23 : 5;
  for (const FailureKind kind : {FailureKind::kIo, FailureKind::kIoAndDone, FailureKind::kFull}) {
    SCOPED_TRACE(fmt::format("kind of failure {}", static_cast<int>(kind)));
    uint64_t failures = 0;
    size_t states = 0;
    size_t refusals = 0;
    for (uint64_t call = static_cast<uint64_t>(kind);; call += stride) {
      SCOPED_TRACE(fmt::format("call {} fails", call));
      FailingRun run(GetParam());
      const uint64_t at = run.disk().calls() + call;
      run.disk().Fail(at, kind);
      run.Run([](int) {});
      if (HasFailure()) return;
      states += run.explorer().states();
      refusals += run.refusals();
      if (run.disk().failed()) ++failures;
      if (run.disk().calls() <= at) break;
    }
    std::printf("[   states ] kind %d: %zu calls failed, %zu refusals, %zu crash states\n",
                static_cast<int>(kind), failures, refusals, states);
    EXPECT_GE(failures, 30 / stride);
    // The few calls that a sanitizer's build tries may all be ones that need no refusal.
    if (!kHasSanitizer) {
      EXPECT_GT(refusals, 0u);
    }
  }
}

TEST_P(IoFailureTest, ADiskThatIsFullForAWhile) {
  size_t refusals = 0;
  for (int start = 0; start < FailingRun::kSteps && !HasFailure(); ++start) {
    SCOPED_TRACE(fmt::format("full from step {} on", start));
    FailingRun run(GetParam());
    run.Run([&](int step) {
      if (step == start) run.SetFull(true);
      if (step == start + 9) run.SetFull(false);
    });
    refusals += run.refusals();
  }
  EXPECT_GT(refusals, 20u);
}

INSTANTIATE_TEST_SUITE_P(Tiers, IoFailureTest,
                         ::testing::Values(Durability::kSync, Durability::kProcess),
                         [](const auto& tier) { return std::string(ToString(tier.param)); });

// A group's flush fails while the next group waits. That one must not be flushed: the flush would
// succeed, because the kernel takes the lost pages for written, and its records would lie behind a
// hole.
TEST(IoFailureTest, AGroupThatWaitsForAFailedFlushIsRefused) {
  const TestDirectory directory;
  ClaimWithoutSync(directory.path() / "s");
  const auto disk = std::make_shared<SimulatedDisk>();
  std::atomic<int> appended{0};
  EngineOptions options;
  options.directory = directory.path() / "s";
  options.durability = Durability::kSync;
  options.settings = {{"segment_size", "64KiB"}};
  LogStoreHooks hooks;
  hooks.record_appended = [&] { ++appended; };
  const auto engine = OpenLockfreeWithHooks(options, hooks, disk);
  engine->Set("first", "acknowledged");
  disk->HoldSyncs();  // the flush of the second waits in the disk
  std::atomic<int> refused{0};
  const auto set = [&](const std::string& key) {
    const auto handle = engine->Clone();
    try {
      handle->Set(key, "value");
    } catch (const EngineError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kIo) << error.what();
      ++refused;
    }
  };
  std::thread second(set, "second");
  while (appended < 2) std::this_thread::yield();
  std::thread third(set, "third");
  while (appended < 3) std::this_thread::yield();
  disk->FailNextSync();
  disk->ReleaseSyncs();
  second.join();
  third.join();
  EXPECT_EQ(refused, 2);
  std::string value;
  EXPECT_TRUE(engine->Get("first", value));
  EXPECT_FALSE(engine->Get("second", value));
  EXPECT_FALSE(engine->Get("third", value));
  EXPECT_THROW(engine->Set("fourth", ""), EngineError);
}

// The operating system's files. A write is cut short by a limit, and interrupted by signals.
class PosixFileTest : public ::testing::Test {
 protected:
  const TestDirectory directory_;
  const std::unique_ptr<FileSystem> files_ = PosixFileSystem("test");
};

TEST_F(PosixFileTest, AWriteThatWasCutShortIsGoneOnWith) {
  const auto old_action = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old_limit), 0);
  const std::unique_ptr<File> file = files_->Create(directory_.path() / "f");
  const rlimit limit{.rlim_cur = 6000, .rlim_max = old_limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  // The first write gives 6000 bytes, the next one the error.
  std::optional<ErrorKind> kind;
  try {
    file->Append(std::string(10000, 'x'));
  } catch (const EngineError& error) {
    kind = error.kind();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old_limit), 0);
  std::signal(SIGXFSZ, old_action);
  EXPECT_EQ(kind, ErrorKind::kIo);
  EXPECT_EQ(file->ReadAll(), std::string(6000, 'x'));
}

TEST_F(PosixFileTest, AWriteThatSignalsInterruptIsCompleted) {
  struct sigaction action {};
  struct sigaction old_action {};
  action.sa_handler = [](int) {};  // and no SA_RESTART
  ASSERT_EQ(::sigaction(SIGUSR1, &action, &old_action), 0);
  const std::filesystem::path path = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const std::unique_ptr<File> file = files_->Open(path);  // for both directions: does not wait
  const int pipe = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(pipe, 0);
  std::string data(500000, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 4096);
  std::atomic<bool> is_written{false};
  std::thread writer([&] {
    file->Append(data);
    is_written = true;
  });
  std::string read;
  std::string buffer(10000, '\0');
  while (read.size() < data.size()) {
    // The writer fills the pipe and waits, now or soon.
    if (!is_written) ::pthread_kill(writer.native_handle(), SIGUSR1);
    const ssize_t n = ::read(pipe, buffer.data(), buffer.size());
    if (n < 0) continue;
    read.append(buffer, 0, static_cast<size_t>(n));
  }
  writer.join();
  ::close(pipe);
  ::sigaction(SIGUSR1, &old_action, nullptr);
  EXPECT_TRUE(read == data);
}

TEST_F(PosixFileTest, RewriteChangesNothing) {
  const std::unique_ptr<File> file = files_->Create(directory_.path() / "f");
  std::string data(3000000, '\0');
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>(i * 7 + i / 4096);
  file->Append(data);
  file->Rewrite(5, data.size() - 3);
  EXPECT_TRUE(file->ReadAll() == data);
}

}  // namespace
}  // namespace kvs
