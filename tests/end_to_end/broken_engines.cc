#include "tests/end_to_end/broken_engines.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "engines/store_directory.h"

namespace kvs {
namespace {

// How rare a fault of the running store is: one chance in so many, counted over all threads, so
// that a test of some operations meets it on any machine.
constexpr uint64_t kOneInSoMany = 13;

enum class Flaw : uint8_t {
  kNone,          // keeps its promises: what the tests of the others are compared with
  kStaleRead,     // a Get may return the value before the last one
  kLostUpdate,    // a Set may be acknowledged and forgotten
  kTornValue,     // a Get may return half of one value and half of another
  kLyingRemove,   // a Remove that removed may say that there was nothing
  kLostAtReopen,  // what was written since the store was opened is lost when it is closed
  kLateWrite,     // acknowledges up to 8 writes before they reach the kernel
  kBackFromDead,  // what was removed is back after a kill
  kNoRecovery,    // a store that was not closed cannot be opened
  kHangs,         // a store that was not closed hangs when it is opened
};

const EngineDefinition& DefinitionOf(Flaw flaw);

constexpr StoreFormat kFormat{.name = "broken"};
constexpr size_t kMaxKeyBytes = 1024;
constexpr size_t kMaxValueBytes = 1 << 20;

// The file: records of (key size, value size or kTombstone, key, value), the last one of a key
// counts. A record that a kill cut off is none.
class Log {
 public:
  static constexpr uint32_t kTombstone = UINT32_MAX;

  Log(const std::filesystem::path& directory, Flaw flaw)
      : flaw_(flaw),
        directory_(DefinitionOf(flaw).name, directory, kFormat),
        path_(directory / "log"),
        open_marker_(directory / "open") {
    const bool was_killed = std::filesystem::exists(open_marker_);
    if (was_killed && flaw == Flaw::kNoRecovery) {
      throw EngineError(ErrorKind::kCorruption, Name(), "open", path_, "cannot recover");
    }
    while (was_killed && flaw == Flaw::kHangs) pause();
    Load(was_killed);
    std::ofstream(open_marker_) << "open";
    fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd_ < 0) Throw("open");
  }

  ~Log() {
    if (flaw_ != Flaw::kLostAtReopen) Flush();
    ::close(fd_);
    std::error_code ignored;
    std::filesystem::remove(open_marker_, ignored);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  std::string_view Name() const { return DefinitionOf(flaw_).name; }

  void Set(std::string_view key, std::string_view value) {
    CheckLimit("set", "key", key, kMaxKeyBytes);
    CheckLimit("set", "value", value, kMaxValueBytes);
    const std::lock_guard lock(mutex_);
    if (Strikes(Flaw::kLostUpdate)) return;
    Entry& entry = entries_[std::string(key)];
    entry.before = std::exchange(entry.value, std::string(value));
    entry.is_there = true;
    Append(key, static_cast<uint32_t>(value.size()), value);
  }

  bool Get(std::string_view key, std::string& value) {
    CheckLimit("get", "key", key, kMaxKeyBytes);
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.is_there) return false;
    const Entry& entry = found->second;
    value = entry.value;
    if (!entry.before.empty() && entry.before != entry.value) {
      if (Strikes(Flaw::kStaleRead)) value = entry.before;
      if (Strikes(Flaw::kTornValue)) {
        const size_t half = std::min(value.size(), entry.before.size()) / 2;
        value.replace(0, half, entry.before, 0, half);
      }
    }
    return true;
  }

  RemoveResult Remove(std::string_view key) {
    CheckLimit("remove", "key", key, kMaxKeyBytes);
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || !found->second.is_there) return RemoveResult::kAbsent;
    found->second.is_there = false;
    Append(key, kTombstone, "");
    return Strikes(Flaw::kLyingRemove) ? RemoveResult::kAbsent : RemoveResult::kRemoved;
  }

  void Settle() {
    const std::lock_guard lock(mutex_);
    if (flaw_ != Flaw::kLostAtReopen) Flush();
  }

 private:
  struct Entry {
    std::string value, before;
    bool is_there = false;
  };

  void CheckLimit(std::string_view operation, std::string_view what, std::string_view bytes,
                  size_t most) const {
    if (bytes.size() <= most) return;
    throw EngineError(ErrorKind::kLimit, Name(), operation, path_,
                      fmt::format("a {} of {} bytes, more than {}", what, bytes.size(), most));
  }

  bool Strikes(Flaw flaw) { return flaw == flaw_ && ++chances_ % kOneInSoMany == 0; }

  void Append(std::string_view key, uint32_t value_size, std::string_view value) {
    const auto key_size = static_cast<uint32_t>(key.size());
    buffer_.append(reinterpret_cast<const char*>(&key_size), 4);
    buffer_.append(reinterpret_cast<const char*>(&value_size), 4);
    buffer_.append(key).append(value);
    ++buffered_;
    const unsigned most = flaw_ == Flaw::kLateWrite ? 8 : 1;
    if (flaw_ != Flaw::kLostAtReopen && buffered_ >= most) Flush();
  }

  // One write(2) per record batch: atomic towards a kill as far as the tests can tell, and a
  // record that was cut off is recognised.
  void Flush() {
    for (size_t done = 0; done < buffer_.size();) {
      const ssize_t n = ::write(fd_, buffer_.data() + done, buffer_.size() - done);
      if (n < 0 && errno != EINTR) Throw("write");
      if (n > 0) done += static_cast<size_t>(n);
    }
    buffer_.clear();
    buffered_ = 0;
  }

  void Load(bool was_killed) {
    std::ifstream file(path_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    size_t at = 0;
    while (at + 8 <= text.size()) {
      uint32_t key_size = 0, value_size = 0;
      std::memcpy(&key_size, text.data() + at, 4);
      std::memcpy(&value_size, text.data() + at + 4, 4);
      const bool is_tombstone = value_size == kTombstone;
      const size_t end = at + 8 + key_size + (is_tombstone ? 0 : value_size);
      if (end > text.size()) break;
      Entry& entry = entries_[text.substr(at + 8, key_size)];
      if (!is_tombstone) entry.before = entry.value;
      if (!is_tombstone) entry.value = text.substr(at + 8 + key_size, value_size);
      entry.is_there = !is_tombstone || (was_killed && flaw_ == Flaw::kBackFromDead);
      at = end;
    }
    file.close();
    // What follows would be read as part of the record that was cut off.
    if (at < text.size()) std::filesystem::resize_file(path_, at);
  }

  [[noreturn]] void Throw(std::string_view operation) const {
    throw EngineError(ErrorKind::kIo, Name(), operation, path_,
                      std::generic_category().message(errno));
  }

  const Flaw flaw_;
  const StoreDirectory directory_;
  const std::filesystem::path path_, open_marker_;
  int fd_ = -1;
  std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::string buffer_;
  unsigned buffered_ = 0;
  uint64_t chances_ = 0;
};

class BrokenEngine final : public KvsEngine {
 public:
  BrokenEngine(std::shared_ptr<Log> log, uint64_t memory_budget_bytes)
      : log_(std::move(log)), memory_budget_bytes_(memory_budget_bytes) {}

  std::unique_ptr<KvsEngine> Clone() const override {
    return std::make_unique<BrokenEngine>(log_, memory_budget_bytes_);
  }
  void Set(std::string_view key, std::string_view value) override { log_->Set(key, value); }
  bool Get(std::string_view key, std::string& value) override { return log_->Get(key, value); }
  RemoveResult Remove(std::string_view key) override { return log_->Remove(key); }
  void Settle() override { log_->Settle(); }
  EngineInfo Info() const override {
    EngineInfo info{.library = std::string(log_->Name()),
                    .library_version = "1",
                    .effective_options = {{"lock", "one"}},
                    .notes = {}};
    if (memory_budget_bytes_ > 0) info.notes.push_back("keeps all data in memory, budget or not");
    return info;
  }

 private:
  const std::shared_ptr<Log> log_;
  const uint64_t memory_budget_bytes_;
};

template <Flaw kFlaw>
EngineCapabilities Capabilities(const EngineOptions& options) {
  CheckSettings(DefinitionOf(kFlaw), options);
  return {.max_key_bytes = kMaxKeyBytes, .max_value_bytes = kMaxValueBytes};
}

template <Flaw kFlaw>
std::unique_ptr<KvsEngine> Open(const EngineOptions& options) {
  CheckSettings(DefinitionOf(kFlaw), options);
  return std::make_unique<BrokenEngine>(std::make_shared<Log>(options.directory, kFlaw),
                                        options.memory_budget_bytes);
}

template <Flaw kFlaw>
constexpr EngineDefinition Define(std::string_view name, std::string_view summary) {
  return {.name = name,
          .summary = summary,
          .settings = {},
          .capabilities = Capabilities<kFlaw>,
          .open = Open<kFlaw>};
}

// In the order of Flaw.
constexpr EngineDefinition kBrokenEngines[] = {
    Define<Flaw::kNone>("sound", "keeps its promises, in a file"),
    Define<Flaw::kStaleRead>("stale", "returns old values"),
    Define<Flaw::kLostUpdate>("forgets", "loses updates"),
    Define<Flaw::kTornValue>("tears", "returns mixtures of values"),
    Define<Flaw::kLyingRemove>("lies", "denies that it removed"),
    Define<Flaw::kLostAtReopen>("drops", "loses writes at a close"),
    Define<Flaw::kLateWrite>("late", "acknowledges before it writes"),
    Define<Flaw::kBackFromDead>("undead", "forgets removals at a kill"),
    Define<Flaw::kNoRecovery>("fragile", "cannot be opened after a kill"),
    Define<Flaw::kHangs>("stuck", "hangs when opened after a kill"),
};

const EngineDefinition& DefinitionOf(Flaw flaw) {
  return kBrokenEngines[static_cast<size_t>(flaw)];
}

}  // namespace

std::span<const EngineDefinition> BrokenEngines() { return kBrokenEngines; }

}  // namespace kvs
