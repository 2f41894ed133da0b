// A disk that forgets: what may be left of a store when the power fails, and calls that fail.
// docs/fault-model.md describes the model and what it leaves out.
//
// A file's content is in memory that the store really maps, so stores into mappings count. Beside
// it is kept what the device holds of each sector, of the size, and of each name. The content is
// looked at when a call begins; what differs from what the device holds is *undecided* from then
// on: the device may hold the old version or any that was seen since, for each sector, size and
// name on its own. A completed Sync or SyncDirectory decides. At every call the test can take
// states that a power loss at this moment may leave.
#ifndef KVS_TESTS_ENGINES_LOG_STORE_SIMULATED_DISK_H_
#define KVS_TESTS_ENGINES_LOG_STORE_SIMULATED_DISK_H_

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engines/log_store/file.h"
#include "engines/thread_annotations.h"

namespace kvs {

inline constexpr size_t kSectorSize = 512;

// What a device holds: contents by name.
using DiskImage = std::map<std::string, std::string>;

// Decides what is undecided.
class Chooser {
 public:
  virtual ~Chooser() = default;
  // Less than `count`. 0 is what the device surely held before, count - 1 the newest.
  virtual size_t Choose(size_t count) = 0;
};

// All combinations, one after the other:  do { ... } while (choices.Next());
class EveryChoice final : public Chooser {
 public:
  size_t Choose(size_t count) override;
  bool Next();

 private:
  std::vector<std::pair<size_t, size_t>> taken_;  // choice, of how many
  size_t depth_ = 0;
};

// One combination: all old, all new, or a mixture whose share of new ones is drawn, too.
class RandomChoice final : public Chooser {
 public:
  explicit RandomChoice(uint64_t seed);
  size_t Choose(size_t count) override;

 private:
  std::mt19937_64 random_;
  unsigned new_in_sixteen_ = 0;
};

enum class CallKind : uint8_t {
  kCreate,
  kOpen,
  kExists,
  kRename,
  kRemove,
  kList,
  kSyncDirectory,
  kSize,
  kAppend,
  kReadAll,
  kAllocate,
  kTruncate,
  kSync,
  kRewrite,
  kMap,
};

enum class FailureKind : uint8_t {
  kIo,         // EIO, nothing was done; a failed Sync drops what it should have written
  kIoAndDone,  // EIO, though it was done
  kFull,       // ENOSPC, half of it was done
};

class SimulatedInode;  // a file

// Paths are told apart by their last component: there is one directory.
//
// Thread safety: safe from any thread. The thread that made the disk is its foreground.
class SimulatedDisk final : public FileSystem {
 public:
  SimulatedDisk() = default;
  // A disk that holds `image`, and nothing undecided.
  explicit SimulatedDisk(const DiskImage& image);

  // Calls `at_call` at the beginning of every call from now on, with the disk locked: it may use
  // what is marked "locked", and no other calls.
  void AtEveryCall(std::function<void()> at_call);
  // Counts as the beginning of a call, for the time between two operations of the store.
  void CrashPoint();

  // Locked. What a power loss may leave.
  DiskImage PowerLoss(Chooser& chooser) const;
  // Locked. What the death of the process leaves: everything, and as undecided as it was.
  std::shared_ptr<SimulatedDisk> ProcessDeath() const;

  // While the background is held, who calls AwaitRelease waits: the store's background threads,
  // before each task.
  void HoldBackground();
  void AwaitRelease();
  void ReleaseBackground() { Release(is_held_); }

  // While syncs are held they wait before they do anything. For one that the foreground does not
  // wait for.
  void HoldSyncs();
  void ReleaseSyncs() { Release(syncs_are_held_); }

  // Makes the call number `at`, counted from 0, fail once, if it is one that can fail so.
  void Fail(uint64_t at, FailureKind kind);
  // Makes the next Sync of a file fail.
  void FailNextSync();
  // From now on nothing can be allocated, or again.
  void SetFull(bool full);
  uint64_t calls() const;
  // The call that failed, once one has.
  std::optional<CallKind> failed() const;

  std::unique_ptr<File> Create(const std::filesystem::path& path) override;
  std::unique_ptr<File> Open(const std::filesystem::path& path) override;
  bool Exists(const std::filesystem::path& path) override;
  void Rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  void Remove(const std::filesystem::path& path) override;
  std::vector<std::string> List(const std::filesystem::path& directory) override;
  // A failure leaves the names undecided; a later success decides (a journal that could not be
  // written stays to be written).
  void SyncDirectory(const std::filesystem::path& directory) override;

 private:
  friend class SimulatedFile;

  struct Name {
    std::shared_ptr<SimulatedInode> now;                    // null: there is no such file
    std::shared_ptr<SimulatedInode> device;                 // likewise
    std::vector<std::shared_ptr<SimulatedInode>> versions;  // others that the device may have
    void Be(std::shared_ptr<SimulatedInode> inode);
    void Decide();
  };

  void Begin();
  void Release(bool& held);
  // Every call of the interface. `done_by_half` is what a failure for want of space leaves.
  void Call(CallKind kind, const std::filesystem::path& path, const std::function<void()>& effect,
            const std::function<void()>& done_by_half = nullptr,
            const std::function<void()>& failed_sync = nullptr);

  std::shared_ptr<SimulatedInode> Find(const std::filesystem::path& path) const;

  mutable Mutex mutex_;  // protects what follows
  ConditionVariable changed_;
  std::map<std::string, Name> names_;
  std::function<void()> at_call_;
  bool is_held_ = false;
  bool syncs_are_held_ = false;
  uint64_t calls_ = 0;
  uint64_t fail_at_ = std::numeric_limits<uint64_t>::max();
  FailureKind failure_ = FailureKind::kIo;
  bool fail_next_sync_ = false;
  bool is_full_ = false;
  std::optional<CallKind> failed_;
};

}  // namespace kvs

#endif  // KVS_TESTS_ENGINES_LOG_STORE_SIMULATED_DISK_H_
