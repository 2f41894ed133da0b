#include "tests/engines/log_store/simulated_disk.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "engines/engine.h"

namespace kvs {
namespace {

[[noreturn]] void ThrowMissing(std::string_view operation, const std::filesystem::path& path) {
  throw EngineError(ErrorKind::kIo, "test", operation, path, "no such file");
}

}  // namespace

size_t EveryChoice::Choose(size_t count) {
  if (depth_ == taken_.size()) taken_.push_back({0, count});
  return taken_[depth_++].first;
}

bool EveryChoice::Next() {
  depth_ = 0;
  while (!taken_.empty() && taken_.back().first + 1 == taken_.back().second) taken_.pop_back();
  if (taken_.empty()) return false;
  ++taken_.back().first;
  return true;
}

RandomChoice::RandomChoice(uint64_t seed) : random_(seed) {
  constexpr unsigned kNewInSixteen[] = {0, 16, 1, 4, 8, 12, 15, 15};
  new_in_sixteen_ = kNewInSixteen[random_() % std::size(kNewInSixteen)];
}

size_t RandomChoice::Choose(size_t count) {
  if (count == 1) return 0;
  if (random_() % 16 < new_in_sixteen_) return count - 1;
  if (new_in_sixteen_ == 0) return 0;
  return random_() % 2 == 0 ? 0 : random_() % count;
}

// One file's content and what the device holds of it.
class SimulatedInode {
 public:
  static constexpr size_t kCapacity = size_t{128} << 10;

  SimulatedInode() {
    fd_ = ::memfd_create("simulated", MFD_CLOEXEC);
    if (fd_ < 0) throw std::runtime_error("memfd_create");
    // A view of its own, so that ThreadSanitizer takes looking at the content for what it stands
    // for: the device's access, not a thread's.
    void* view = ::mmap(nullptr, kCapacity, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (view == MAP_FAILED) throw std::runtime_error("mmap");
    view_ = static_cast<char*>(view);
  }
  ~SimulatedInode() {
    ::munmap(view_, kCapacity);
    ::close(fd_);
  }
  SimulatedInode(const SimulatedInode&) = delete;
  SimulatedInode& operator=(const SimulatedInode&) = delete;

  int fd() const { return fd_; }
  uint64_t size() const { return size_; }
  std::string Content() const { return {view_, size_}; }

  void Resize(uint64_t size) {
    if (size > kCapacity) throw std::runtime_error("a simulated file is too small for this test");
    if (::ftruncate(fd_, static_cast<off_t>(size)) != 0) throw std::runtime_error("ftruncate");
    size_ = size;
    if (sectors_.size() < Sectors(size)) sectors_.resize(Sectors(size));
    if (size != device_size_ && std::count(sizes_.begin(), sizes_.end(), size) == 0) {
      sizes_.push_back(size);
    }
  }
  void Write(uint64_t offset, std::string_view data) {
    if (offset + data.size() > size_) Resize(offset + data.size());
    std::memcpy(view_ + offset, data.data(), data.size());
  }

  // Looks at the content.
  void Observe() {
    for (size_t i = 0; i < Sectors(size_); ++i) {
      Sector& sector = sectors_[i];
      const size_t begin = i * kSectorSize;
      const size_t length = std::min<uint64_t>(kSectorSize, size_ - begin);
      if (std::memcmp(view_ + begin, sector.seen.data(), length) == 0) continue;
      std::memcpy(sector.seen.data(), view_ + begin, length);
      std::fill(sector.seen.begin() + static_cast<ptrdiff_t>(length), sector.seen.end(), '\0');
      MakeUndecided(sector);
    }
  }
  void Sync() {
    for (Sector& sector : sectors_) {
      if (sector.is_dirty) sector.device = sector.seen;
      sector.Decide();
    }
    device_size_ = size_;
    sizes_.clear();
  }
  // The dirty sectors count as clean from now on, as the kernel's pages do, but are not written.
  // What becomes of the size stays undecided.
  void FailSync() {
    for (Sector& sector : sectors_) sector.Decide();
  }
  void Rewrite(uint64_t begin, uint64_t end) {
    for (size_t i = begin / kSectorSize; i < Sectors(end); ++i) MakeUndecided(sectors_[i]);
  }

  std::string Choose(Chooser& chooser) const {
    const size_t which = chooser.Choose(1 + sizes_.size());
    std::string content(which == 0 ? device_size_ : sizes_[which - 1], '\0');
    for (size_t i = 0; i < Sectors(content.size()); ++i) {
      const Sector& sector = sectors_[i];
      const size_t version = chooser.Choose(1 + sector.versions.size());
      const Bytes& bytes = version == 0 ? sector.device : sector.versions[version - 1];
      const size_t begin = i * kSectorSize;
      std::memcpy(content.data() + begin, bytes.data(),
                  std::min(kSectorSize, content.size() - begin));
    }
    return content;
  }

  std::shared_ptr<SimulatedInode> Copy() const {
    auto copy = std::make_shared<SimulatedInode>();
    copy->Resize(size_);
    std::memcpy(copy->view_, view_, size_);
    copy->sectors_ = sectors_;
    copy->device_size_ = device_size_;
    copy->sizes_ = sizes_;
    return copy;
  }

 private:
  using Bytes = std::array<char, kSectorSize>;
  struct Sector {
    Bytes seen{};
    Bytes device{};
    std::vector<Bytes> versions;  // others that the device may hold, oldest first
    bool is_dirty = false;        // the next Sync writes it
    void Decide() {
      versions.clear();
      is_dirty = false;
    }
  };

  static size_t Sectors(uint64_t size) { return (size + kSectorSize - 1) / kSectorSize; }

  static void MakeUndecided(Sector& sector) {
    sector.is_dirty = true;
    std::vector<Bytes>& versions = sector.versions;
    versions.erase(std::remove(versions.begin(), versions.end(), sector.seen), versions.end());
    if (sector.seen != sector.device) versions.push_back(sector.seen);
  }

  int fd_ = -1;
  char* view_ = nullptr;
  uint64_t size_ = 0;
  std::vector<Sector> sectors_;
  uint64_t device_size_ = 0;
  std::vector<uint64_t> sizes_;  // others that the device may have, oldest first
};

class SimulatedFile final : public File {
 public:
  SimulatedFile(SimulatedDisk& disk, std::filesystem::path path,
                std::shared_ptr<SimulatedInode> inode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)) {}

  const std::filesystem::path& path() const override { return path_; }
  uint64_t Size() const override {
    uint64_t size = 0;
    disk_.Call(CallKind::kSize, path_, [&] { size = inode_->size(); });
    return size;
  }
  void Append(std::string_view data) override {
    const auto append = [&](size_t size) { inode_->Write(inode_->size(), data.substr(0, size)); };
    disk_.Call(
        CallKind::kAppend, path_, [&] { append(data.size()); }, [&] { append(data.size() / 2); });
  }
  std::string ReadAll() const override {
    std::string data;
    disk_.Call(CallKind::kReadAll, path_, [&] { data = inode_->Content(); });
    return data;
  }
  void Allocate(uint64_t size, CachedAs) override {
    const auto allocate = [&](uint64_t bytes) {
      if (bytes > inode_->size()) inode_->Resize(bytes);
    };
    disk_.Call(
        CallKind::kAllocate, path_, [&] { allocate(size); }, [&] { allocate(size / 2); });
  }
  void Truncate(uint64_t size) override {
    disk_.Call(CallKind::kTruncate, path_, [&] { inode_->Resize(size); });
  }
  void Sync() override {
    disk_.Call(
        CallKind::kSync, path_, [&] { inode_->Sync(); }, nullptr, [&] { inode_->FailSync(); });
  }
  void Rewrite(uint64_t begin, uint64_t end) override {
    disk_.Call(CallKind::kRewrite, path_, [&] { inode_->Rewrite(begin, end); });
  }
  void Close() override {}
  std::unique_ptr<Mapping> Map(size_t size, bool writable, bool) override {
    std::unique_ptr<Mapping> mapping;
    disk_.Call(CallKind::kMap, path_, [&] {
      const int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
      void* data = ::mmap(nullptr, size, protection, MAP_SHARED, inode_->fd(), 0);
      if (data == MAP_FAILED) throw std::runtime_error("mmap");
      mapping = std::make_unique<Mapping>(static_cast<char*>(data), size);
    });
    return mapping;
  }

 private:
  SimulatedDisk& disk_;
  const std::filesystem::path path_;
  const std::shared_ptr<SimulatedInode> inode_;
};

void SimulatedDisk::Name::Be(std::shared_ptr<SimulatedInode> inode) {
  now = std::move(inode);
  versions.erase(std::remove(versions.begin(), versions.end(), now), versions.end());
  if (now != device) versions.push_back(now);
}

void SimulatedDisk::Name::Decide() {
  device = now;
  versions.clear();
}

SimulatedDisk::SimulatedDisk(const DiskImage& image) {
  for (const auto& [name, content] : image) {
    auto inode = std::make_shared<SimulatedInode>();
    inode->Write(0, content);
    inode->Observe();
    inode->Sync();
    names_[name].Be(inode);
    names_[name].Decide();
  }
}

void SimulatedDisk::AtEveryCall(std::function<void()> at_call) {
  const MutexLock lock(mutex_);
  at_call_ = std::move(at_call);
}

void SimulatedDisk::CrashPoint() {
  const MutexLock lock(mutex_);
  Begin();
}

DiskImage SimulatedDisk::PowerLoss(Chooser& chooser) const {
  DiskImage image;
  std::map<const SimulatedInode*, std::string> contents;
  for (const auto& [name, entry] : names_) {
    const size_t which = chooser.Choose(1 + entry.versions.size());
    const auto& inode = which == 0 ? entry.device : entry.versions[which - 1];
    if (inode == nullptr) continue;
    const auto [content, is_new] = contents.try_emplace(inode.get());
    if (is_new) content->second = inode->Choose(chooser);
    image[name] = content->second;
  }
  return image;
}

std::shared_ptr<SimulatedDisk> SimulatedDisk::ProcessDeath() const {
  auto disk = std::make_shared<SimulatedDisk>();
  std::map<const SimulatedInode*, std::shared_ptr<SimulatedInode>> copies;
  const auto copy = [&](const std::shared_ptr<SimulatedInode>& inode) {
    if (inode == nullptr) return inode;
    std::shared_ptr<SimulatedInode>& made = copies[inode.get()];
    if (made == nullptr) made = inode->Copy();
    return made;
  };
  for (const auto& [name, entry] : names_) {
    Name& other = disk->names_[name];
    other.now = copy(entry.now);
    other.device = copy(entry.device);
    for (const auto& inode : entry.versions) other.versions.push_back(copy(inode));
  }
  return disk;
}

void SimulatedDisk::HoldBackground() {
  const MutexLock lock(mutex_);
  is_held_ = true;
}

void SimulatedDisk::AwaitRelease() {
  const MutexLock lock(mutex_);
  while (is_held_) changed_.Wait(mutex_);
}

void SimulatedDisk::HoldSyncs() {
  const MutexLock lock(mutex_);
  syncs_are_held_ = true;
}

void SimulatedDisk::Fail(uint64_t at, FailureKind kind) {
  const MutexLock lock(mutex_);
  fail_at_ = at;
  failure_ = kind;
}

void SimulatedDisk::FailNextSync() {
  const MutexLock lock(mutex_);
  fail_next_sync_ = true;
}

void SimulatedDisk::SetFull(bool full) {
  const MutexLock lock(mutex_);
  is_full_ = full;
}

uint64_t SimulatedDisk::calls() const {
  const MutexLock lock(mutex_);
  return calls_;
}

std::optional<CallKind> SimulatedDisk::failed() const {
  const MutexLock lock(mutex_);
  return failed_;
}

bool SimulatedDisk::Exists(const std::filesystem::path& path) {
  bool exists = false;
  Call(CallKind::kExists, path, [&] { exists = Find(path) != nullptr; });
  return exists;
}

void SimulatedDisk::Rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  Call(CallKind::kRename, from, [&] {
    const std::shared_ptr<SimulatedInode> inode = Find(from);
    if (inode == nullptr) ThrowMissing("rename", from);
    names_[to.filename()].Be(inode);
    names_[from.filename()].Be(nullptr);
  });
}

void SimulatedDisk::Remove(const std::filesystem::path& path) {
  Call(CallKind::kRemove, path, [&] {
    if (Find(path) == nullptr) ThrowMissing("unlink", path);
    names_[path.filename()].Be(nullptr);
  });
}

std::vector<std::string> SimulatedDisk::List(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  Call(CallKind::kList, directory, [&] {
    for (const auto& [name, entry] : names_) {
      if (entry.now != nullptr) names.push_back(name);
    }
  });
  return names;
}

void SimulatedDisk::SyncDirectory(const std::filesystem::path& directory) {
  Call(CallKind::kSyncDirectory, directory, [&] {
    for (auto& [name, entry] : names_) entry.Decide();
    std::erase_if(names_, [](const auto& entry) { return entry.second.now == nullptr; });
  });
}

void SimulatedDisk::Begin() {
  for (const auto& [name, entry] : names_) {
    if (entry.now != nullptr) entry.now->Observe();
  }
  if (at_call_) at_call_();
}

void SimulatedDisk::Release(bool& held) {
  {
    const MutexLock lock(mutex_);
    held = false;
  }
  changed_.NotifyAll();
}

void SimulatedDisk::Call(CallKind kind, const std::filesystem::path& path,
                         const std::function<void()>& effect,
                         const std::function<void()>& done_by_half,
                         const std::function<void()>& failed_sync) {
  const MutexLock lock(mutex_);
  while (syncs_are_held_ && kind == CallKind::kSync) changed_.Wait(mutex_);
  Begin();
  const bool needs_space = kind == CallKind::kAppend || kind == CallKind::kAllocate;
  std::optional<FailureKind> failure;
  if (calls_++ == fail_at_) failure = failure_;
  if (fail_next_sync_ && kind == CallKind::kSync) {
    fail_next_sync_ = false;
    failure = FailureKind::kIo;
  }
  if (failure == FailureKind::kFull && !needs_space && kind != CallKind::kCreate &&
      kind != CallKind::kRename) {
    failure.reset();
  }
  if (failure == FailureKind::kIoAndDone && kind != CallKind::kCreate &&
      kind != CallKind::kRename && kind != CallKind::kRemove && kind != CallKind::kTruncate) {
    failure.reset();
  }
  if (failure) failed_ = kind;
  if (is_full_ && needs_space) failure = FailureKind::kFull;
  if (!failure) {
    effect();
    return;
  }
  if (failure == FailureKind::kIoAndDone) effect();
  if (failure == FailureKind::kFull && done_by_half) done_by_half();
  if (failure == FailureKind::kIo && failed_sync) failed_sync();
  const bool full = failure == FailureKind::kFull;
  throw EngineError(full ? ErrorKind::kFull : ErrorKind::kIo, "test", "call", path,
                    full ? "no space (injected)" : "I/O error (injected)");
}

std::shared_ptr<SimulatedInode> SimulatedDisk::Find(const std::filesystem::path& path) const {
  const auto entry = names_.find(path.filename());
  return entry == names_.end() ? nullptr : entry->second.now;
}

std::unique_ptr<File> SimulatedDisk::Create(const std::filesystem::path& path) {
  std::shared_ptr<SimulatedInode> inode;
  Call(CallKind::kCreate, path, [&] {
    inode = Find(path);
    if (inode == nullptr) {
      inode = std::make_shared<SimulatedInode>();
      names_[path.filename()].Be(inode);
    }
    inode->Resize(0);
  });
  return std::make_unique<SimulatedFile>(*this, path, std::move(inode));
}

std::unique_ptr<File> SimulatedDisk::Open(const std::filesystem::path& path) {
  std::shared_ptr<SimulatedInode> inode;
  Call(CallKind::kOpen, path, [&] {
    inode = Find(path);
    if (inode == nullptr) ThrowMissing("open", path);
  });
  return std::make_unique<SimulatedFile>(*this, path, std::move(inode));
}

}  // namespace kvs
