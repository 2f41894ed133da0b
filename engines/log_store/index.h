// The index: from the hash of a key to the position of its record in the log.
//
// A slot is 64 bits: a 16-bit tag from the hash, and a 48-bit position. Eight slots make a bucket
// of one cache line; a lookup starts at the bucket that the hash names and goes on to the next one
// while buckets are full. Whether a slot with the right tag is the right key is seen in the record,
// so the index holds no keys. It is cut into shards by the upper bits of the hash; a shard that
// fills up is rebuilt aside, twice as large or cleared of removed slots, and swapped in.
//
// A put waits for two cache lines from anywhere in memory: the bucket, and the record that has the
// key now. So it can be put off (PutLater): the entry goes into one more bucket, the pending one,
// where every lookup looks first, and into its table with the next few, when their lines can be
// fetched together.
//
// Thread safety: one writer, any number of readers beside it. Find and Prefetch are for readers and
// wait-free. The caller keeps a retired table alive until no reader can hold it (RetireFn).
//
// Invariants:
//   1. An entry never moves inside a table: it is replaced in its slot, or removed.
//   2. A bucket that was full once never shows an empty slot again (a removal leaves kRemoved
//   there),
//      so an entry that had to go on to a later bucket stays reachable.
//   3. Each table has at least one empty slot, so every lookup ends.
//   4. Of the pending entries no two have the same tag, hence no two the same key: a reader that
//      finds a pending entry has found the newest of its key.
//
// Memory order:
//   (1) writer  slot.store(release) publishes a position       partner: (2)
//   (2) reader  slot.load(acquire); the record it leads to, and the segment's address, were written
//               before (1)
//   (3) writer  shard.store(release) publishes a table         partner: (4)
//   (4) reader  shard.load(acquire); the table's slots were filled before (3)
//   (5) writer  pending slot.store(release) publishes a position, as (1)   partner: (2)
//   (6) writer  pending slot.store(release) clears it, after (1) has put the entry into its table
//   (7) reader  a fence (acquire) after it looked into the pending bucket: who sees (6) there finds
//               the entry, or a newer one of its key, in the table
#ifndef KVS_ENGINES_LOG_STORE_INDEX_H_
#define KVS_ENGINES_LOG_STORE_INDEX_H_

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "engines/sanitizers.h"
#include "engines/thread_annotations.h"

namespace kvs {

// Where a record is: a segment's number in the store's table (16 bits) and the record's offset in
// the segment in units of 8 bytes (32 bits). Never 0: a segment starts with its header.
using Position = uint64_t;
inline constexpr unsigned kPositionBits = 48;
inline constexpr Position kNoPosition = 0;

class Index {
 public:
  static constexpr unsigned kMaxShardBits = 8;
  static constexpr size_t kBucketSlots = 8;

  // Given the position of an entry, the hash of its key.
  using HashFn = std::function<uint64_t(Position)>;
  // Fetches the record at a position into the cache; a hint.
  using PrefetchFn = std::function<void(Position)>;
  // Takes a table that readers which start from now on cannot reach.
  using RetireFn = std::function<void(std::shared_ptr<void>)>;

  Index(unsigned shard_bits, HashFn hash_of, PrefetchFn prefetch, RetireFn retire);
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // The position that was put under `hash` and for which `matches(position)` holds, or kNoPosition.
  // Of a key that is pending and in a table, the pending one.
  template <typename Matches>
  Position Find(uint64_t hash, Matches matches) const;

  // The first position under `hash` with its tag, or kNoPosition. It may belong to another key.
  Position Candidate(uint64_t hash) const {
    return Find(hash, [](Position) { return true; });
  }

  void Prefetch(uint64_t hash) const {
    const Table table = Load(hash);
    __builtin_prefetch(&table.buckets[hash & table.mask]);
  }

  // Writer only. Puts `position` under `hash`, in place of the entry for which `matches` holds, if
  // there is one. Returns the replaced position or kNoPosition.
  // `before_insert()` is called when there is none, before the new entry can be found.
  template <typename Matches, typename BeforeInsert>
  Position Put(uint64_t hash, Position position, Matches matches, BeforeInsert before_insert);
  template <typename Matches>
  Position Put(uint64_t hash, Position position, Matches matches) {
    return Put(hash, position, matches, [] {});
  }

  // Putting off. Writer only.
  struct Entry {
    uint64_t hash;
    Position position;
  };
  static constexpr size_t kMostPending = kBucketSlots - 1;
  // Makes Find give `position` under `hash` from now on, as Put does, and leaves the tables as they
  // are. Only where TakesLater(hash).
  void PutLater(uint64_t hash, Position position);
  // Whether there is room for a pending entry, and none that could be of the same key.
  bool TakesLater(uint64_t hash) const {
    return pending_end_ < kMostPending && SlotsWithTag(pending_, TagOf(hash)) == 0;
  }
  // In the order of PutLater. To put them off no longer: FetchPending, and then for each of them
  // Put and DropFirstPending, so that it can be found all the time.
  std::span<const Entry> pending() const {
    return std::span(pending_entries_).subspan(first_pending_, pending_end_ - first_pending_);
  }
  // Fetches what the puts of all of them will look at into the cache.
  void FetchPending() const;
  void DropFirstPending();

  // Writer only. Removes the entry for which `matches` holds, which must not be pending. Returns
  // its position or kNoPosition.
  template <typename Matches>
  Position Remove(uint64_t hash, Matches matches);

  // Recovery, which makes the index of a known set of keys shard by shard.
  size_t shards() const { return states_.size(); }
  size_t ShardOf(uint64_t hash) const { return (hash >> 1) >> (63 - shard_bits_); }
  // Puts `entries`, each of another key of this shard, into the shard, which must be empty. Before
  // the first reader; different shards may be filled by different threads at a time.
  void FillShard(size_t shard, std::span<const Entry> entries);

  // Writer only. They look at every shard, and leave out what is pending.
  size_t size() const;
  size_t memory_bytes() const;
  // Every entry's position, in no order.
  std::vector<Position> Positions() const;

 private:
  static constexpr uint64_t kEmpty = 0;
  static constexpr uint64_t kRemoved = 1;  // tag 0, which no entry has
  static constexpr Position kPositionMask = (Position{1} << kPositionBits) - 1;
  // ThreadSanitizer builds use sequentially consistent loads in place of the fences of epochs.h.
  static constexpr std::memory_order kLoadOrder =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_acquire;
  static constexpr std::memory_order kStoreOrder =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_release;

  struct alignas(64) Bucket {
    std::atomic<uint64_t> slots[kBucketSlots];
  };
  static_assert(sizeof(Bucket) == 64);
  struct alignas(128) PendingBucket : Bucket {};

  struct Table {
    Bucket* buckets;
    size_t mask;  // number of buckets - 1
  };

  // Memory for tables, in huge pages once they are large enough: a lookup at random then finds its
  // way to the bucket with one load less. Tables of a size share pages, and a page lives as long
  // as the last of them.
  //
  // Thread safety: safe from any thread.
  class TableMemory {
   public:
    // An empty table of 2^log2_buckets buckets.
    std::shared_ptr<Bucket[]> Allocate(unsigned log2_buckets) KVS_EXCLUDES(mutex_);

   private:
    struct Chunk {
      std::shared_ptr<char> memory;
      size_t used = 0;  // bytes
    };
    Mutex mutex_;
    Chunk chunks_[64] KVS_GUARDED_BY(mutex_);  // by log2_buckets: where the next one comes from
  };

  // What only the writer needs to know of a shard.
  struct ShardState {
    std::shared_ptr<Bucket[]> owner;
    size_t used = 0;     // slots that are not empty
    size_t entries = 0;  // slots that hold a position
  };

  // A bit for each slot that shows the tag, without a branch: a wrong guess at the slot, noticed
  // only when the bucket has come from memory, would undo what the processor has begun of the next
  // lookups. With SSE2 this reads without synchronization, two slots at a time, so what it finds is
  // a hint: the slot is to be loaded again (2).
  static unsigned SlotsWithTag(const Bucket& bucket, uint64_t tag) {
#if defined(__SSE2__) && !KVS_THREAD_SANITIZER
    const auto* const words = reinterpret_cast<const __m128i*>(bucket.slots);
    // The tags of four slots, in 32 bits each.
    const auto tags = [words](int first) {
      const __m128 low = _mm_castsi128_ps(_mm_load_si128(words + first));
      const __m128 high = _mm_castsi128_ps(_mm_load_si128(words + first + 1));
      return _mm_srli_epi32(_mm_castps_si128(_mm_shuffle_ps(low, high, _MM_SHUFFLE(3, 1, 3, 1))),
                            kPositionBits - 32);
    };
    const __m128i wanted = _mm_set1_epi32(static_cast<int>(tag));
    const __m128i equal =
        _mm_packs_epi32(_mm_cmpeq_epi32(tags(0), wanted), _mm_cmpeq_epi32(tags(2), wanted));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128())));
#else
    unsigned found = 0;
    for (size_t i = 0; i < kBucketSlots; ++i) {
      const uint64_t word = bucket.slots[i].load(kLoadOrder);  // relaxed would do: a hint
      found |= (word >> kPositionBits == tag ? 1u : 0u) << i;
    }
    return found;
#endif
  }
  // Relaxed: an empty slot leads nowhere.
  static bool HasEmpty(const Bucket& bucket) {
    bool has_empty = false;
    for (const std::atomic<uint64_t>& slot : bucket.slots) {
      has_empty |= slot.load(std::memory_order_relaxed) == kEmpty;
    }
    return has_empty;
  }

  static uint64_t TagOf(uint64_t hash) {
    const uint64_t tag = (hash >> 40) & 0xffff;
    return tag + (tag == 0 ? 1 : 0);
  }
  static uint64_t MakeSlot(uint64_t hash, Position position) {
    return TagOf(hash) << kPositionBits | position;
  }

  // A shard's word is the address of its buckets with the logarithm of their number in the 6 bits
  // that alignment leaves free: both are read in one load.
  static Table Decode(uint64_t word) {
    return {reinterpret_cast<Bucket*>(word & ~uint64_t{63}), (size_t{1} << (word & 63)) - 1};
  }
  Table Load(uint64_t hash) const {
    return Decode(shards_[ShardOf(hash)].load(kLoadOrder));
  }  // (4)

  // The slot of the entry for which `matches` holds, or nullptr; `bucket` is then where it is.
  template <typename Matches>
  static std::atomic<uint64_t>* FindSlot(const Table& table, uint64_t hash, Matches matches,
                                         Bucket*& bucket);
  static std::atomic<uint64_t>& FreeSlot(const Table& table, uint64_t hash);
  // The position in the bucket that has the tag and for which `matches` holds, or kNoPosition.
  template <typename Matches>
  static Position FindIn(const Bucket& bucket, uint64_t tag, Matches matches);
  template <typename Matches>
  Position FindInTable(uint64_t hash, Matches matches) const;
  // Whether a table of `capacity` slots takes another entry beside `used` ones. Full from 13/16 on:
  // enough for chains to stay short, and for invariant 3.
  static bool HasRoom(size_t capacity, size_t used) { return (used + 1) * 16 <= capacity * 13; }
  void Rebuild(size_t shard);
  void Install(size_t shard, unsigned log2_buckets, std::shared_ptr<Bucket[]> buckets);

  const unsigned shard_bits_;
  const HashFn hash_of_;
  const PrefetchFn prefetch_;
  const RetireFn retire_;
  const std::unique_ptr<std::atomic<uint64_t>[]> shards_;
  std::vector<ShardState> states_;
  TableMemory memory_;

  // The writer's.
  std::array<Entry, kMostPending> pending_entries_{};
  size_t first_pending_ = 0;
  size_t pending_end_ = 0;

  // The same entries, for readers, in the same places. The last slot is kRemoved while there are
  // any and kEmpty while there are none, so that a reader beside no writer need not look further.
  // Alone: the writer changes it with each put.
  static constexpr size_t kHasPending = kMostPending;
  PendingBucket pending_{};
};

template <typename Matches>
std::atomic<uint64_t>* Index::FindSlot(const Table& table, uint64_t hash, Matches matches,
                                       Bucket*& bucket) {
  const uint64_t tag = TagOf(hash);
  for (size_t b = hash & table.mask;; b = (b + 1) & table.mask) {
    bucket = &table.buckets[b];
    bool has_empty = false;
    for (std::atomic<uint64_t>& slot : bucket->slots) {
      const uint64_t word = slot.load(kLoadOrder);  // (2)
      if (word >> kPositionBits == tag && matches(word & kPositionMask)) return &slot;
      has_empty |= word == kEmpty;
    }
    if (has_empty) return nullptr;  // invariant 2
  }
}

template <typename Matches>
[[gnu::always_inline]] inline Position Index::FindIn(const Bucket& bucket, uint64_t tag,
                                                     Matches matches) {
  for (unsigned candidates = SlotsWithTag(bucket, tag); candidates != 0;
       candidates &= candidates - 1) {
    const uint64_t word = bucket.slots[std::countr_zero(candidates)].load(kLoadOrder);  // (2)
    if (word >> kPositionBits == tag && matches(word & kPositionMask)) [[likely]] {
      return word & kPositionMask;
    }
  }
  return kNoPosition;
}

template <typename Matches>
[[gnu::always_inline]] inline Position Index::FindInTable(uint64_t hash, Matches matches) const {
  const Table table = Load(hash);
  const uint64_t tag = TagOf(hash);
  for (size_t b = hash & table.mask;; b = (b + 1) & table.mask) {
    const Bucket& bucket = table.buckets[b];
    const Position found = FindIn(bucket, tag, matches);
    if (found != kNoPosition) [[likely]]
      return found;
    if (HasEmpty(bucket)) return kNoPosition;  // invariant 2
  }
}

template <typename Matches>
[[gnu::always_inline]] inline Position Index::Find(uint64_t hash, Matches matches) const {
  if (pending_.slots[kHasPending].load(kLoadOrder) != kEmpty) {
    const Position found = FindIn(pending_, TagOf(hash), matches);
    if (found != kNoPosition) return found;
#if !KVS_THREAD_SANITIZER
    std::atomic_thread_fence(std::memory_order_acquire);  // (7)
#endif
  }
  return FindInTable(hash, matches);
}

template <typename Matches, typename BeforeInsert>
Position Index::Put(uint64_t hash, Position position, Matches matches, BeforeInsert before_insert) {
  assert(position > kRemoved && position <= kPositionMask);
  const size_t shard = ShardOf(hash);
  Bucket* bucket = nullptr;
  if (std::atomic<uint64_t>* slot = FindSlot(Load(hash), hash, matches, bucket)) {
    const uint64_t old = slot->load(std::memory_order_relaxed);  // the writer's own store
    slot->store(MakeSlot(hash, position), kStoreOrder);          // (1)
    return old & kPositionMask;
  }
  before_insert();
  ShardState& state = states_[shard];
  if (!HasRoom((Load(hash).mask + 1) * kBucketSlots, state.used)) Rebuild(shard);
  std::atomic<uint64_t>& slot = FreeSlot(Load(hash), hash);
  if (slot.load(std::memory_order_relaxed) == kEmpty) ++state.used;  // the writer's own store
  slot.store(MakeSlot(hash, position), kStoreOrder);                 // (1)
  ++state.entries;
  return kNoPosition;
}

template <typename Matches>
Position Index::Remove(uint64_t hash, Matches matches) {
  Bucket* bucket = nullptr;
  std::atomic<uint64_t>* slot = FindSlot(Load(hash), hash, matches, bucket);
  if (slot == nullptr) return kNoPosition;
  const uint64_t old = slot->load(std::memory_order_relaxed);  // the writer's own store
  bool has_empty = false;
  for (const std::atomic<uint64_t>& other : bucket->slots) {
    has_empty |= other.load(std::memory_order_relaxed) == kEmpty;  // the writer's own store
  }
  ShardState& state = states_[ShardOf(hash)];
  slot->store(has_empty ? kEmpty : kRemoved, kStoreOrder);  // (1)
  if (has_empty) --state.used;
  --state.entries;
  return old & kPositionMask;
}

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_INDEX_H_
