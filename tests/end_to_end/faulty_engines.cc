// Stores in memory that crash, hang or lie: a broken engine must cost nothing but its own trials.
#include "tests/end_to_end/faulty_engines.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "tests/end_to_end/boasting_engine.h"
#include "tests/end_to_end/broken_engines.h"
#include "tests/end_to_end/delaying_engine.h"

namespace kvs {
namespace {

// After the load, and few enough for a short window of a slow build.
constexpr int kOperationsBeforeTheFault = 100;

enum class Fault : uint8_t {
  kNone,
  kCrash,
  kAbort,
  kHang,
  kBusError,
  kThrow,
  kExit,
  kKill,
  kNoMemory,
  kForeignValue,
  kLostValue,
  kDamagedValue,
  kStaleValue,
  kLeak
};

struct Shared {
  explicit Shared(std::filesystem::path path) : directory(std::move(path)) {}
  const std::filesystem::path directory;
  std::mutex mutex;
  std::map<std::string, std::string, std::less<>> data;
  std::map<std::string, std::string, std::less<>> older;  // what Set has replaced last
  size_t leaked_bytes = 0;
  std::atomic<int> operations = 0;
  std::atomic<bool> settled = false;  // load is over
};

// The third page of a file that has only one.
void ReadBehindTheEndOfAMappedFile(const std::filesystem::path& directory) {
  const size_t page = static_cast<size_t>(::getpagesize());
  std::filesystem::create_directories(directory);
  const int fd = ::open((directory / "file cut short").c_str(), O_RDWR | O_CREAT, 0666);
  if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(page)) != 0) std::abort();
  const void* const data = ::mmap(nullptr, 4 * page, PROT_READ, MAP_SHARED, fd, 0);
  if (data == MAP_FAILED) std::abort();
  std::fprintf(stderr, "read %d\n", static_cast<const volatile char*>(data)[2 * page]);
}

// Memory that nobody needs, up to 1 GiB in all.
void Leak(size_t& leaked_bytes) {
  constexpr size_t kMostBytes = size_t{1} << 30;
  constexpr size_t kBytes = size_t{1} << 20;
  if (leaked_bytes == kMostBytes) return;
  // By the kernel, so that no sanitizer has shadows of it, or finds it first.
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
  if (::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED) std::abort();
  leaked_bytes += kBytes;
}

// A correct store in memory, until it commits its fault.
class FaultyEngine final : public KvsEngine {
 public:
  FaultyEngine(Fault fault, std::string name, std::shared_ptr<Shared> shared)
      : fault_(fault), name_(std::move(name)), shared_(std::move(shared)) {}

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<FaultyEngine>(fault_, name_, shared_);
  }

  void Set(std::string_view key, std::string_view value) override {
    Misbehave();
    const std::lock_guard lock(shared_->mutex);
    std::string& stored = shared_->data[std::string(key)];
    if (fault_ == Fault::kStaleValue) shared_->older[std::string(key)] = stored;
    stored = value;
  }

  bool Get(std::string_view key, std::string& value) override {
    Misbehave();
    const std::lock_guard lock(shared_->mutex);
    auto found = shared_->data.find(key);
    if (found == shared_->data.end()) return false;
    if (Due() && fault_ == Fault::kLostValue) return false;
    if (Due() && fault_ == Fault::kForeignValue) {
      if (++found == shared_->data.end()) found = shared_->data.begin();
    }
    value = found->second;
    if (Due() && fault_ == Fault::kDamagedValue) value.back() ^= 1;
    if (Due() && fault_ == Fault::kStaleValue) {
      const std::string& older = shared_->older.at(found->first);
      if (!older.empty()) value = older;
    }
    return true;
  }

  RemoveResult Remove(std::string_view key) override {
    Misbehave();
    const std::lock_guard lock(shared_->mutex);
    const auto found = shared_->data.find(key);
    if (found == shared_->data.end()) return RemoveResult::kAbsent;
    shared_->data.erase(found);
    return RemoveResult::kRemoved;
  }

  void Settle() override { shared_->settled = true; }

  EngineInfo Info() const override {
    return {.library = name_, .library_version = "1", .effective_options = {}, .notes = {}};
  }

 private:
  bool Due() const { return shared_->settled && shared_->operations > kOperationsBeforeTheFault; }

  void Misbehave() {
    if (shared_->settled) ++shared_->operations;
    if (!Due()) return;
    switch (fault_) {
      case Fault::kCrash:
        std::fprintf(stderr, "about to crash\n");
        std::signal(SIGSEGV, SIG_DFL);  // not a sanitizer's matter
        raise(SIGSEGV);
        break;
      case Fault::kAbort:
        std::fprintf(stderr, "assertion failed\n");
        std::abort();
      case Fault::kLeak: {
        const std::lock_guard lock(shared_->mutex);
        Leak(shared_->leaked_bytes);
        break;
      }
      case Fault::kBusError:
        ReadBehindTheEndOfAMappedFile(shared_->directory);
        break;
      case Fault::kHang:
        for (;;) std::this_thread::sleep_for(std::chrono::seconds(1));
      case Fault::kThrow:
        throw EngineError(ErrorKind::kIo, name_, "write", "/the/path", "the disk is on fire");
      case Fault::kExit:
        std::fprintf(stderr, "the library gives up\n");
        std::_Exit(42);
      case Fault::kKill:  // what the kernel's out-of-memory killer does
        std::fprintf(stderr, "about to be killed\n");
        raise(SIGKILL);
        break;
      case Fault::kNoMemory:
        throw std::bad_alloc();
      case Fault::kNone:
      case Fault::kForeignValue:
      case Fault::kLostValue:
      case Fault::kDamagedValue:
      case Fault::kStaleValue:
        break;
    }
  }

  const Fault fault_;
  const std::string name_;
  const std::shared_ptr<Shared> shared_;
};

EngineCapabilities Capabilities(const EngineOptions&) {
  return {.max_key_bytes = 1024, .max_value_bytes = 1 << 20};
}

template <Fault kFault>
std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  return std::make_unique<FaultyEngine>(kFault, "faulty",
                                        std::make_shared<Shared>(options.directory));
}

template <Fault kFault>
constexpr EngineDefinition Define(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .settings = {},
          .capabilities = Capabilities,
          .open = Open<kFault>};
}

constexpr EngineDefinition kFaultyEngines[] = {
    Define<Fault::kNone>("good", "does nothing wrong"),
    Define<Fault::kCrash>("crashes", "dies of a signal"),
    Define<Fault::kAbort>("aborts", "gives itself up"),
    Define<Fault::kBusError>("cut", "reads a mapped file that was cut short"),
    Define<Fault::kHang>("hangs", "never returns"),
    Define<Fault::kThrow>("throws", "reports a failure"),
    Define<Fault::kExit>("exits", "ends the process"),
    Define<Fault::kKill>("killed", "dies of SIGKILL"),
    Define<Fault::kNoMemory>("starves", "gets no memory"),
    Define<Fault::kForeignValue>("swaps", "returns the value of another key"),
    Define<Fault::kLostValue>("loses", "misses keys that it has"),
    Define<Fault::kDamagedValue>("damages", "returns values with another last bit"),
    Define<Fault::kStaleValue>("lags", "returns the value before the last"),
    Define<Fault::kLeak>("leaks", "keeps 1 MiB per operation, up to 1 GiB"),
};

std::vector<const EngineDefinition*> AllAndFaulty() {
  std::vector<const EngineDefinition*> engines(AllEngines().begin(), AllEngines().end());
  for (const EngineDefinition& engine : kFaultyEngines) engines.push_back(&engine);
  for (const EngineDefinition& engine : BrokenEngines()) engines.push_back(&engine);
  engines.push_back(&kBoastingEngine);
  engines.push_back(&kDelayingEngine);
  return engines;
}

}  // namespace

std::span<const EngineDefinition* const> AllAndFaultyEngines() {
  static const std::vector<const EngineDefinition*> engines = AllAndFaulty();
  return engines;
}

}  // namespace kvs
