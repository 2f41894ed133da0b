// Several threads, each with a handle of its own. Every thread has keys that only it writes, where
// each answer must be exact, and all share a few hot keys, where each value must be whole, belong
// to its key, and never be older than one that the same reader has already seen of the same writer.
#include <atomic>
#include <charconv>
#include <map>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "tests/engines/contract/contract_case.h"

namespace kvs::contract {
namespace {

constexpr unsigned kThreads = 4;
constexpr uint64_t kOperations = 600;
constexpr uint64_t kHotKeys = 5;
constexpr uint64_t kOwnKeys = 40;
constexpr uint64_t kSeed = 20240607;

// "<key>|<writer>|<version>|<filling that follows from both>": a torn or misplaced value shows.
struct HotValue {
  unsigned writer;
  uint64_t version;
};

std::string Encode(std::string_view key, const HotValue& value) {
  return fmt::format("{}|{}|{}|{}", key, value.writer, value.version,
                     ValueFor(value.version * kThreads + value.writer, 600));
}

std::optional<HotValue> Decode(std::string_view key, std::string_view bytes) {
  if (!bytes.starts_with(fmt::format("{}|", key))) return std::nullopt;
  HotValue value{};
  const char* const end = bytes.data() + bytes.size();
  const auto [after_writer, first_error] =
      std::from_chars(bytes.data() + key.size() + 1, end, value.writer);
  if (first_error != std::errc() || after_writer == end) return std::nullopt;
  const auto [after_version, second_error] = std::from_chars(after_writer + 1, end, value.version);
  if (second_error != std::errc() || Encode(key, value) != bytes) return std::nullopt;
  return value;
}

// One thread's work. It ends with the first failure, which the test reports after the join.
class Worker {
 public:
  Worker(unsigned number, std::unique_ptr<KvsEngine> handle, size_t min_key_bytes)
      : number_(number),
        handle_(std::move(handle)),
        min_key_bytes_(min_key_bytes),
        random_(kSeed + number) {}

  void Run() {
    for (uint64_t i = 0; i < kOperations && failure_.empty(); ++i) {
      if (random_() % 2 == 0) {
        UseOwnKey(i);
      } else {
        UseHotKey(i);
      }
    }
  }

  void CloseHandle() { handle_.reset(); }

  // What this thread wrote and nobody else may have changed.
  const std::map<std::string, std::string>& own() const { return own_; }
  const std::string& failure() const { return failure_; }
  std::string OwnKey(uint64_t n) const { return Padded(fmt::format("own-{}-{}", number_, n)); }

 private:
  std::string Padded(std::string key) const {
    if (key.size() < min_key_bytes_) key.resize(min_key_bytes_, ' ');
    return key;
  }

  void UseOwnKey(uint64_t i) {
    const std::string key = OwnKey(random_() % kOwnKeys);
    const auto known = own_.find(key);
    switch (random_() % 4) {
      case 0:
        handle_->Set(key, own_[key] = ValueFor(i));
        break;
      case 1: {
        const RemoveResult result = handle_->Remove(key);
        const auto expected = known != own_.end() ? RemoveResult::kRemoved : RemoveResult::kAbsent;
        if (result != RemoveResult::kUnknown && result != expected) Fail("remove of own " + key);
        own_.erase(key);
        break;
      }
      default: {
        const bool found = handle_->Get(key, value_);
        if (found != (known != own_.end())) Fail("presence of own " + key);
        if (found && known != own_.end() && value_ != known->second) Fail("value of own " + key);
      }
    }
  }

  void UseHotKey(uint64_t i) {
    const std::string key = Padded(fmt::format("hot-{}", random_() % kHotKeys));
    switch (random_() % 8) {
      case 0:
      case 1:
        handle_->Set(key, Encode(key, {number_, i}));
        seen_[{key, number_}] = i;
        break;
      case 2:
        handle_->Remove(key);
        break;
      default: {
        if (!handle_->Get(key, value_)) return;
        const std::optional<HotValue> value = Decode(key, value_);
        if (!value) return Fail(fmt::format("torn or foreign value under {}: {}", key, value_));
        uint64_t& newest = seen_[{key, value->writer}];
        if (value->version < newest) {
          Fail(fmt::format("{}: version {} of writer {} after version {}", key, value->version,
                           value->writer, newest));
        }
        newest = value->version;
      }
    }
  }

  void Fail(const std::string& what) {
    if (failure_.empty()) failure_ = fmt::format("thread {}: {}", number_, what);
  }

  const unsigned number_;
  std::unique_ptr<KvsEngine> handle_;
  const size_t min_key_bytes_;
  std::mt19937_64 random_;
  std::map<std::string, std::string> own_;
  std::map<std::pair<std::string, unsigned>, uint64_t> seen_;  // newest version of key and writer
  std::string value_;
  std::string failure_;
};

// Expects what the store holds under a worker's own keys to be what that worker left there.
void ExpectOwnKeys(KvsEngine& handle, const Worker& worker) {
  for (uint64_t n = 0; n < kOwnKeys; ++n) {
    const std::string key = worker.OwnKey(n);
    const auto known = worker.own().find(key);
    const auto expected = known == worker.own().end() ? std::nullopt : std::optional(known->second);
    EXPECT_EQ(Lookup(handle, key), expected) << key;
  }
}

TEST_P(ThreadedEngineTest, OwnKeysAreExactAndHotKeysAreWhole) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(kSeed));
  const unsigned threads = std::min(kThreads, capabilities().max_threads);
  auto handle = Open();
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned t = 0; t < threads; ++t) {
    workers.push_back(std::make_unique<Worker>(t, handle->Clone(), capabilities().min_key_bytes));
  }
  std::vector<std::thread> running;
  for (const auto& worker : workers) running.emplace_back([&worker] { worker->Run(); });
  for (std::thread& thread : running) thread.join();

  for (const auto& worker : workers) {
    EXPECT_EQ(worker->failure(), "");
    worker->CloseHandle();
    ExpectOwnKeys(*handle, *worker);
  }
  handle.reset();
  handle = Open();
  for (const auto& worker : workers) ExpectOwnKeys(*handle, *worker);
}

TEST_P(ThreadedEngineTest, AHandleInUseCanBeCloned) {
  const auto handle = Open();
  std::atomic<bool> stop = false;
  std::thread user([&] {
    for (uint64_t i = 0; !stop.load(); ++i) {
      handle->Set(Key("busy"), ValueFor(i));
      EXPECT_EQ(Lookup(*handle, Key("busy")), ValueFor(i));
    }
  });
  for (int i = 0; i < 30; ++i) {
    const auto clone = handle->Clone();
    clone->Set(Key("clone"), std::to_string(i));
    EXPECT_EQ(Lookup(*clone, Key("clone")), std::to_string(i));
    EXPECT_FALSE(clone->Info().library.empty());
  }
  stop.store(true);
  user.join();
}

// A thread that settles, and so flushes and compacts, disturbs nobody's answers.
TEST_P(ThreadedEngineTest, SettleRunsBesideOtherHandles) {
  const auto handle = Open();
  Worker worker(0, handle->Clone(), capabilities().min_key_bytes);
  std::atomic<bool> stop = false;
  std::thread settler([&, clone = handle->Clone()] {
    while (!stop.load()) clone->Settle();
  });
  worker.Run();
  stop.store(true);
  settler.join();
  EXPECT_EQ(worker.failure(), "");
  ExpectOwnKeys(*handle, worker);
}

}  // namespace
}  // namespace kvs::contract
