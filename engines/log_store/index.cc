#include "engines/log_store/index.h"

#include <algorithm>

namespace kvs {
namespace {

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
    Install(shard, 0, std::shared_ptr<Bucket[]>(new Bucket[1]()));
  }
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
  positions.reserve(size_);
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
  const std::shared_ptr<Bucket[]> buckets(new Bucket[size_t{1} << log2_buckets]());
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
  memory_bytes_ -= (old.mask + 1) * sizeof(Bucket);
  Install(shard, log2_buckets, buckets);
  retire_(retired);
}

void Index::Install(size_t shard, unsigned log2_buckets, std::shared_ptr<Bucket[]> buckets) {
  const auto address = reinterpret_cast<uint64_t>(buckets.get());
  assert(address % alignof(Bucket) == 0);
  shards_[shard].store(address | log2_buckets, kStoreOrder);  // (3)
  states_[shard].owner = std::move(buckets);
  memory_bytes_ += sizeof(Bucket) << log2_buckets;
}

}  // namespace kvs
