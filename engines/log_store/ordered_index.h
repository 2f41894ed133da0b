// The ordered index: the keys of the store in byte order (as memcmp, the shorter of two first), for
// scans. It holds keys and nothing else; a key's value is found by way of the hash index. So only a
// write that adds or takes away a key changes it, and neither an overwrite, nor a lookup, nor
// compaction comes near it.
//
// It is a B+-tree with two kinds of node. An inner node's separators never change; its children are
// replaced in place, one store each, and when there is one more or less of them the node itself is
// replaced by a copy. A leaf has up to 64 keys in an immutable sorted array, with one word of
// bits for those that were removed, and behind them room for 15 more, the delta, whose order is
// one word too: the number of keys in the lowest four bits, then the slots in the order of their
// keys, four bits each. That word is the "permutation" of Masstree (Y. Mao, E. Kohler, R. Morris,
// "Cache craftiness for fast multicore key-value storage", EuroSys 2012, section 4.6.2): a key
// is written to a free slot and then becomes part of the leaf by one store. A slot is used once, so
// there is no version to check as there is in Masstree. When the delta is full the leaf is merged
// into one new leaf or two. Separators are as short as they can be (R. Bayer, K. Unterauer, "Prefix
// B-trees", ACM TODS 2(1), 1977, section 3). There are no links between leaves: a scan that has
// finished a leaf descends again, with the leaf's upper bound.
//
// Why not a skip list: its insert is as cheap, but a scan has a cache miss that depends on the one
// before in each key, and each key has a node with pointers of its own. Here some 45 keys lie in
// one piece, which the processor fetches ahead, and a key costs its bytes and some ten more.
// docs/ordered-scan.md has figures.
//
// Thread safety: one writer, any number of cursors beside it. A cursor never waits and executes no
// atomic read-modify-write; each of its steps is bounded by the size of a leaf and the height of
// the tree, plus as much again for each leaf without keys that it passes. The caller
// keeps retired nodes alive until no cursor can hold them (RetireFn).
//
// Invariants:
//   1. A node's bytes do not change once it is published, except for its atomics and for the slots
//      of a delta that are not yet in its order. Once it is replaced nothing of it changes.
//   2. A leaf holds a key at most once: among the sorted ones, removed or not, or in the delta.
//   3. Every change of what a cursor can reach is one store, before and after which each key of the
//      index is in exactly the one leaf to which the separators lead.
//   4. An inner node at the root has two children or more, any other one or more.
//
// What a cursor sees. Of a node that it reached at a time when the node was part of the tree it
// may read children after the node was replaced; it then finds those that the node had at that
// moment (invariant 1). So each leaf that it enters was part of the tree at some moment since the
// cursor descended, and shows, for the whole range between the separators that led there, the keys
// of that or a later moment. The next descent begins at the end of that range. Hence a key that was
// there throughout is met, once, and the keys ascend.
//
// Memory order:
//   (1) writer  order.store(release)           partner: (2)
//   (2) reader  order.load(acquire); the bytes of each slot in it were written before (1)
//   (3) writer  removed.store(relaxed), and reader removed.load(relaxed): the bits lead to bytes
//               that were there before the leaf was published
//   (4) writer  root or child.store(release)   partner: (5). It is also the store U of epochs.h for
//               the node that it replaces, and for all below that are replaced with it
//   (5) reader  root or child.load(acquire); the node, and all below it, were written before (4)
#ifndef KVS_ENGINES_LOG_STORE_ORDERED_INDEX_H_
#define KVS_ENGINES_LOG_STORE_ORDERED_INDEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engines/sanitizers.h"

namespace kvs {

class OrderedIndex {
 public:
  // Takes nodes that cursors which start from now on cannot reach.
  using RetireFn = std::function<void(std::shared_ptr<void>)>;

  // `around_publication` is for tests: called before and after each store that changes what a
  // cursor finds.
  explicit OrderedIndex(RetireFn retire, std::function<void()> around_publication = {});
  ~OrderedIndex();
  OrderedIndex(const OrderedIndex&) = delete;
  OrderedIndex& operator=(const OrderedIndex&) = delete;

  // Writer only, on an empty index, with no cursor beside it. Puts in distinct keys, in any order.
  void Build(std::vector<std::string_view> keys);
  // Writer only. Returns whether the key was absent. When it throws (std::bad_alloc), the key is
  // not there.
  bool Insert(std::string_view key);
  // Writer only. Returns whether the key was present. When it throws (std::bad_alloc), the key
  // is removed.
  bool Remove(std::string_view key);

  // Writer only.
  size_t size() const { return size_; }
  // Of the nodes that a new cursor can reach.
  size_t memory_bytes() const { return memory_bytes_; }

  class Cursor;

 private:
  static constexpr unsigned kMaxSorted = 64;  // bits of a word
  static constexpr unsigned kDeltaSlots = 15;
  static constexpr size_t kMaxChildren = 64;
  // Long keys: a node with more bytes of keys than this is split, though it has few.
  static constexpr size_t kMaxLeafKeyBytes = 8192;
  static constexpr size_t kMaxInnerKeyBytes = 32768;
  // A node that falls below a quarter is merged with a sibling, if both make three quarters.
  static constexpr size_t kMergeBelow = 16;
  static constexpr size_t kMergedMost = 48;
  // ThreadSanitizer builds use sequentially consistent loads in place of the fences of epochs.h.
  static constexpr std::memory_order kLoadOrder =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_acquire;
  static constexpr std::memory_order kStoreOrder =
      KVS_THREAD_SANITIZER ? std::memory_order_seq_cst : std::memory_order_release;

  struct Node;
  struct Leaf;
  struct Inner;
  struct FreeNode {
    void operator()(Node* node) const;
  };
  using NodePtr = std::unique_ptr<Node, FreeNode>;
  // Nodes that are not published, and what separates each from the one before.
  struct Fresh {
    std::vector<NodePtr> nodes;
    std::vector<std::string_view> separators;
  };
  // Nodes that are not part of the tree any more; retired together, because each call of RetireFn
  // may cost a barrier on every thread.
  struct Garbage {
    std::vector<NodePtr> nodes;
  };
  // Where the writer's descent went.
  struct Turn {
    Inner* node;
    size_t child;
  };

  static std::string_view Separator(std::string_view below, std::string_view above);
  static NodePtr MakeLeaf(std::span<const std::string_view> keys);
  static NodePtr MakeInner(uint16_t height, std::span<Node* const> children,
                           std::span<const std::string_view> separators);
  static Fresh MakeInners(uint16_t height, std::span<Node* const> children,
                          std::span<const std::string_view> separators);
  static Fresh MakeLeaves(std::span<const std::string_view> keys, bool ascending);
  static void AppendKeys(const Leaf& leaf, std::vector<std::string_view>& keys);
  static void FreeTree(Node* node);

  Leaf& Descend(std::string_view key);
  void RebuildWith(const Leaf& leaf, std::string_view key);
  void Shrink(const Leaf& leaf);
  void DropEmpty(const Leaf& leaf);
  void Replace(size_t depth, size_t first, size_t count, Fresh fresh);
  void Adopt(Fresh fresh);
  void Discard(Node* node);
  void RetireGarbage();
  template <typename T>
  void Publish(std::atomic<T>& place, T value, std::memory_order order);

  const RetireFn retire_;
  const std::function<void()> around_publication_;
  std::atomic<Node*> root_{nullptr};

  // The writer's.
  std::vector<Turn> path_;  // of the last Descend, from the root
  std::shared_ptr<Garbage> garbage_;
  size_t size_ = 0;
  size_t memory_bytes_ = 0;
};

// Walks the keys from a bound on. The keys it returns, like the cursor itself, are good for as long
// as its reader keeps retired nodes alive: with Epochs, inside one Guard.
class OrderedIndex::Cursor {
 public:
  // Stands before the first key that is not less than `start`, which is used in this call only.
  Cursor(const OrderedIndex& index, std::string_view start) : index_(index) { Enter(start); }

  // The next key, or false when there is none.
  bool Next(std::string_view& key);

 private:
  void Enter(std::string_view start);
  void LoadDeltaKey();

  const OrderedIndex& index_;
  const Leaf* leaf_ = nullptr;
  uint64_t sorted_left_ = 0;    // a bit for each sorted key that is still to come
  unsigned delta_left_ = 0;     // keys of the delta that are still to come
  uint64_t delta_order_ = 0;    // their slots, the next in the lowest four bits
  std::string_view delta_key_;  // the next of them
  bool has_bound_ = false;      // there may be keys behind the leaf,
  std::string_view bound_;      // from here on
};

}  // namespace kvs

#endif  // KVS_ENGINES_LOG_STORE_ORDERED_INDEX_H_
