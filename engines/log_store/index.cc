#include "engines/log_store/index.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace kvs {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;
// From this size on tables are cut from huge pages: with 256 shards they then fill some.
constexpr size_t kSmallestInHugePage = 8 * 1024;

// AddressSanitizer must see the end of each table's life.
constexpr bool kEachTableAlone = KVS_ADDRESS_SANITIZER;

std::shared_ptr<char> HugePages(size_t size) {
  auto* const memory = static_cast<char*>(std::aligned_alloc(kHugePage, size));
  if (memory == nullptr) throw std::bad_alloc();
  // A wish only: without huge pages it is memory all the same.
  (void)::madvise(memory, size, MADV_HUGEPAGE);
  return {memory, std::free};
}

// How far ahead a rebuild fetches the records whose keys it must hash: enough to overlap the
// misses.
constexpr size_t kLookahead = 16;

}  // namespace

Index::Index(unsigned shard_bits, HashFn hash_of, PrefetchFn prefetch, RetireFn retire)
    : shard_bits_(shard_bits),
      hash_of_(std::move(hash_of)),
      prefetch_(std::move(prefetch)),
      retire_(std::move(retire)),
      shards_(std::make_unique<std::atomic<uint64_t>[]>(size_t{1} << shard_bits)),
      states_(size_t{1} << shard_bits) {
  assert(shard_bits <= kMaxShardBits);
  for (size_t shard = 0; shard < states_.size(); ++shard) {
    Install(shard, 0, memory_.Allocate(0));
  }
}

std::shared_ptr<Index::Bucket[]> Index::TableMemory::Allocate(unsigned log2_buckets) {
  const size_t size = sizeof(Bucket) << log2_buckets;
  if (size < kSmallestInHugePage || kEachTableAlone) {
    return std::shared_ptr<Bucket[]>(new Bucket[size_t{1} << log2_buckets]());
  }
  const MutexLock lock(mutex_);
  Chunk& chunk = chunks_[log2_buckets];
  if (chunk.memory == nullptr) chunk = {HugePages(std::max(size, kHugePage)), 0};
  char* const memory = chunk.memory.get() + chunk.used;
  std::memset(memory, 0, size);
  const std::shared_ptr<Bucket[]> table(chunk.memory,
                                        std::launder(reinterpret_cast<Bucket*>(memory)));
  chunk.used += size;
  if (chunk.used >= kHugePage) chunk = {};
  return table;
}

void Index::PutLater(uint64_t hash, Position position) {
  assert(TakesLater(hash));
  assert(position > kRemoved && position <= kPositionMask);
  const size_t place = pending_end_++;
  pending_entries_[place] = {hash, position};
  pending_.slots[place].store(MakeSlot(hash, position), kStoreOrder);  // (5)
  if (place == 0) pending_.slots[kHasPending].store(kRemoved, kStoreOrder);
}

void Index::FetchPending() const {
  for (const Entry& entry : pending()) Prefetch(entry.hash);
  for (const Entry& entry : pending()) {
    const Position candidate = FindInTable(entry.hash, [](Position) { return true; });
    if (candidate != kNoPosition) prefetch_(candidate);
  }
}

void Index::DropFirstPending() {
  assert(first_pending_ < pending_end_);
  pending_.slots[first_pending_++].store(kEmpty, kStoreOrder);  // (6)
  if (first_pending_ < pending_end_) return;
  pending_.slots[kHasPending].store(kEmpty, kStoreOrder);  // (6)
  first_pending_ = pending_end_ = 0;
}

size_t Index::size() const {
  size_t entries = 0;
  for (const ShardState& state : states_) entries += state.entries;
  return entries;
}

size_t Index::memory_bytes() const {
  size_t bytes = 0;
  for (size_t shard = 0; shard < states_.size(); ++shard) {
    // The writer's own store.
    bytes += (Decode(shards_[shard].load(std::memory_order_relaxed)).mask + 1) * sizeof(Bucket);
  }
  return bytes;
}

void Index::FillShard(size_t shard, std::span<const Entry> entries) {
  unsigned log2_buckets = 0;
  while (!HasRoom(kBucketSlots << log2_buckets, entries.size())) ++log2_buckets;
  std::shared_ptr<Bucket[]> buckets = memory_.Allocate(log2_buckets);
  const Table table{buckets.get(), (size_t{1} << log2_buckets) - 1};
  for (const Entry& entry : entries) {
    FreeSlot(table, entry.hash)
        .store(MakeSlot(entry.hash, entry.position), std::memory_order_relaxed);  // before (3)
  }
  states_[shard].used = entries.size();
  states_[shard].entries = entries.size();
  Install(shard, log2_buckets, std::move(buckets));
}

std::atomic<uint64_t>& Index::FreeSlot(const Table& table, uint64_t hash) {
  for (size_t b = hash & table.mask;; b = (b + 1) & table.mask) {
    for (std::atomic<uint64_t>& slot : table.buckets[b].slots) {
      if (slot.load(std::memory_order_relaxed) <= kRemoved) return slot;  // the writer's own store
    }
  }
}

std::vector<Position> Index::Positions() const {
  std::vector<Position> positions;
  positions.reserve(size());
  for (size_t shard = 0; shard < states_.size(); ++shard) {
    // The writer's own stores.
    const Table table = Decode(shards_[shard].load(std::memory_order_relaxed));
    for (size_t b = 0; b <= table.mask; ++b) {
      for (const std::atomic<uint64_t>& slot : table.buckets[b].slots) {
        const uint64_t entry = slot.load(std::memory_order_relaxed);
        if (entry > kRemoved) positions.push_back(entry & kPositionMask);
      }
    }
  }
  return positions;
}

void Index::Rebuild(size_t shard) {
  const uint64_t word = shards_[shard].load(std::memory_order_relaxed);  // the writer's own store
  const Table old = Decode(word);
  ShardState& state = states_[shard];
  std::vector<uint64_t> entries;
  entries.reserve(state.entries);
  for (size_t b = 0; b <= old.mask; ++b) {
    for (const std::atomic<uint64_t>& slot : old.buckets[b].slots) {
      const uint64_t entry = slot.load(std::memory_order_relaxed);  // the writer's own store
      if (entry > kRemoved) entries.push_back(entry);
    }
  }
  // Twice the size, unless removed slots are what filled it.
  unsigned log2_buckets = word & 63;
  if ((entries.size() + 1) * 2 > (old.mask + 1) * kBucketSlots) ++log2_buckets;
  const std::shared_ptr<Bucket[]> buckets = memory_.Allocate(log2_buckets);
  const Table table{buckets.get(), (size_t{1} << log2_buckets) - 1};
  for (size_t i = 0; i < std::min(kLookahead, entries.size()); ++i) {
    prefetch_(entries[i] & kPositionMask);
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kLookahead < entries.size()) prefetch_(entries[i + kLookahead] & kPositionMask);
    // Not published yet: (3) does that.
    FreeSlot(table, hash_of_(entries[i] & kPositionMask))
        .store(entries[i], std::memory_order_relaxed);
  }
  state.used = entries.size();
  const std::shared_ptr<Bucket[]> retired = state.owner;
  Install(shard, log2_buckets, buckets);
  retire_(retired);
}

void Index::Install(size_t shard, unsigned log2_buckets, std::shared_ptr<Bucket[]> buckets) {
  const auto address = reinterpret_cast<uint64_t>(buckets.get());
  assert(address % alignof(Bucket) == 0);
  shards_[shard].store(address | log2_buckets, kStoreOrder);  // (3)
  states_[shard].owner = std::move(buckets);
}

}  // namespace kvs
