#include "engines/log_store/ordered_index.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace kvs {
namespace {

// The word that orders a delta. `place` counts its keys from 0.
constexpr unsigned kSlotBits = 4;
constexpr uint64_t kSlotMask = 15;

unsigned CountIn(uint64_t order) { return static_cast<unsigned>(order & kSlotMask); }

unsigned SlotAt(uint64_t order, unsigned place) {
  return static_cast<unsigned>(order >> (kSlotBits * (place + 1)) & kSlotMask);
}

// Places are cut at bit kSlotBits * (place + 1), which is 60 at most.
uint64_t WithSlot(uint64_t order, unsigned place, unsigned slot) {
  const unsigned cut = kSlotBits * (place + 1);
  const uint64_t below = order & ((uint64_t{1} << cut) - 1);
  const uint64_t above = order >> cut;
  return (below | (above << kSlotBits | slot) << cut) + 1;
}

uint64_t WithoutPlace(uint64_t order, unsigned place) {
  const unsigned cut = kSlotBits * (place + 1);
  const uint64_t below = order & ((uint64_t{1} << cut) - 1);
  const uint64_t above = order >> cut >> kSlotBits;
  return (below | above << cut) - 1;
}

// Nodes are retired when there are so many: for each some fifteen keys came or went.
constexpr size_t kGarbageNodes = 64;
// Of one change, at most: three in each level.
constexpr size_t kGarbageReserve = kGarbageNodes + 64;

// The room for the keys of a delta: as long as those that are there, within reason.
constexpr size_t kDefaultKeyRoom = 24;
constexpr size_t kMostRoom = 2048;

}  // namespace

// What both kinds begin with. Memory behind it: see each.
struct OrderedIndex::Node {
  uint32_t bytes;   // of the whole node
  uint16_t count;   // of a leaf's sorted keys, or an inner node's children
  uint16_t height;  // above the leaves, which have 0
};

// Followed by offsets[count + kDeltaSlots + 1] and the bytes of keys: key i, of the sorted ones and
// behind them of the delta's slots, is what lies between offsets i and i + 1.
struct OrderedIndex::Leaf : Node {
  Leaf(uint32_t node_bytes, uint16_t key_count) : Node{node_bytes, key_count, 0} {}

  std::atomic<uint64_t> removed{0};  // a bit for each sorted key
  std::atomic<uint64_t> order{0};    // of the delta
  uint64_t slots_used = 0;           // the writer's

  const uint32_t* offsets() const { return reinterpret_cast<const uint32_t*>(this + 1); }
  uint32_t* offsets() { return reinterpret_cast<uint32_t*>(this + 1); }
  std::string_view Key(size_t i) const {
    const uint32_t* const at = offsets() + i;
    return {reinterpret_cast<const char*>(this) + at[0], at[1] - at[0]};
  }
  std::string_view SlotKey(unsigned slot) const { return Key(size_t{count} + slot); }
  // The first sorted key, removed or not, that is not less.
  unsigned LowerBound(std::string_view key) const {
    unsigned low = 0;
    unsigned high = count;
    while (low < high) {
      const unsigned middle = (low + high) / 2;
      if (Key(middle) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // The first place in `order`, which is or was the delta's, whose key is not less.
  unsigned LowerPlace(uint64_t of_order, std::string_view key) const {
    unsigned low = 0;
    unsigned high = CountIn(of_order);
    while (low < high) {
      const unsigned middle = (low + high) / 2;
      if (SlotKey(SlotAt(of_order, middle)) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  uint64_t SortedMask() const { return count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1; }

  // Writer only: relaxed loads of its own stores.
  uint64_t OwnRemoved() const { return removed.load(std::memory_order_relaxed); }
  uint64_t OwnOrder() const { return order.load(std::memory_order_relaxed); }
  size_t KeyCount() const {
    return static_cast<size_t>(std::popcount(SortedMask() & ~OwnRemoved())) + CountIn(OwnOrder());
  }
  bool HasRoom(size_t key_size) const {
    return slots_used < kDeltaSlots && offsets()[count + slots_used] + key_size <= bytes;
  }
};

// Followed by children[count], offsets[count], and the bytes of count - 1 separators, laid out as
// in a leaf. Child i has the keys from separator i - 1 on, and below separator i.
struct OrderedIndex::Inner : Node {
  std::atomic<Node*>* children() { return reinterpret_cast<std::atomic<Node*>*>(this + 1); }
  const std::atomic<Node*>* children() const {
    return reinterpret_cast<const std::atomic<Node*>*>(this + 1);
  }
  uint32_t* offsets() { return reinterpret_cast<uint32_t*>(children() + count); }
  const uint32_t* offsets() const { return reinterpret_cast<const uint32_t*>(children() + count); }
  std::string_view Separator(size_t i) const {
    const uint32_t* const at = offsets() + i;
    return {reinterpret_cast<const char*>(this) + at[0], at[1] - at[0]};
  }
  size_t ChildFor(std::string_view key) const {
    size_t low = 0;
    size_t high = count - size_t{1};
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (Separator(middle) <= key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // Writer only: a relaxed load of its own store.
  Node* OwnChild(size_t i) const { return children()[i].load(std::memory_order_relaxed); }
};

void OrderedIndex::FreeNode::operator()(Node* node) const {
  static_assert(std::is_trivially_destructible_v<Leaf> && std::is_trivially_destructible_v<Inner>);
  ::operator delete(node);
}

OrderedIndex::OrderedIndex(RetireFn retire, std::function<void()> around_publication)
    : retire_(std::move(retire)), around_publication_(std::move(around_publication)) {
  RetireGarbage();
  NodePtr leaf = MakeLeaf({});
  memory_bytes_ = leaf->bytes;
  root_.store(leaf.release(), kStoreOrder);  // (4)
}

OrderedIndex::~OrderedIndex() { FreeTree(root_.load(std::memory_order_relaxed)); }  // nobody reads

void OrderedIndex::FreeTree(Node* node) {
  if (node->height > 0) {
    auto& inner = static_cast<Inner&>(*node);
    for (size_t i = 0; i < inner.count; ++i) FreeTree(inner.OwnChild(i));
  }
  FreeNode()(node);
}

// --- Making nodes. ---

// The shortest string that is greater than `below` and not greater than `above`.
std::string_view OrderedIndex::Separator(std::string_view below, std::string_view above) {
  assert(below < above);
  const size_t most = std::min(below.size(), above.size());
  size_t same = 0;
  while (same < most && below[same] == above[same]) ++same;
  return above.substr(0, same + 1);
}

OrderedIndex::NodePtr OrderedIndex::MakeLeaf(std::span<const std::string_view> keys) {
  assert(keys.size() <= kMaxSorted);
  size_t key_bytes = 0;
  for (const std::string_view key : keys) key_bytes += key.size();
  const size_t usual = keys.empty() ? kDefaultKeyRoom : key_bytes / keys.size() + 1;
  const size_t room = std::min(usual * kDeltaSlots, kMostRoom);
  const size_t head = sizeof(Leaf) + (keys.size() + kDeltaSlots + 1) * sizeof(uint32_t);
  const size_t bytes = head + key_bytes + room;
  auto* const leaf = new (::operator new(bytes))
      Leaf(static_cast<uint32_t>(bytes), static_cast<uint16_t>(keys.size()));
  uint32_t end = static_cast<uint32_t>(head);
  uint32_t* const offsets = new (leaf->offsets()) uint32_t[keys.size() + kDeltaSlots + 1];
  offsets[0] = end;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (!keys[i].empty())
      std::memcpy(reinterpret_cast<char*>(leaf) + end, keys[i].data(), keys[i].size());
    end += static_cast<uint32_t>(keys[i].size());
    offsets[i + 1] = end;
  }
  return NodePtr(leaf);
}

OrderedIndex::NodePtr OrderedIndex::MakeInner(uint16_t height, std::span<Node* const> children,
                                              std::span<const std::string_view> separators) {
  assert(!children.empty() && separators.size() == children.size() - 1);
  size_t bytes = sizeof(Inner) + children.size() * (sizeof(Node*) + sizeof(uint32_t));
  uint32_t end = static_cast<uint32_t>(bytes);
  for (const std::string_view separator : separators) bytes += separator.size();
  auto* const inner = new (::operator new(bytes))
      Inner{{static_cast<uint32_t>(bytes), static_cast<uint16_t>(children.size()), height}};
  for (size_t i = 0; i < children.size(); ++i) {
    new (inner->children() + i) std::atomic<Node*>(children[i]);
  }
  uint32_t* const offsets = new (inner->offsets()) uint32_t[children.size()];
  offsets[0] = end;
  for (size_t i = 0; i < separators.size(); ++i) {
    std::memcpy(reinterpret_cast<char*>(inner) + end, separators[i].data(), separators[i].size());
    end += static_cast<uint32_t>(separators[i].size());
    offsets[i + 1] = end;
  }
  return NodePtr(inner);
}

// One leaf, or two when the keys are too many for one. `ascending`: the last of them came last.
OrderedIndex::Fresh OrderedIndex::MakeLeaves(std::span<const std::string_view> keys,
                                             bool ascending) {
  size_t key_bytes = 0;
  for (const std::string_view key : keys) key_bytes += key.size();
  size_t cut = keys.size();
  if (keys.size() > kMaxSorted) {
    // More of ascending keys will come at the end: nothing is to be gained by room before it.
    cut = ascending ? kMaxSorted : keys.size() / 2;
  } else if (key_bytes > kMaxLeafKeyBytes && keys.size() > 1) {
    cut = keys.size() / 2;
  }
  Fresh fresh;
  fresh.nodes.push_back(MakeLeaf(keys.first(cut)));
  if (cut < keys.size()) {
    fresh.nodes.push_back(MakeLeaf(keys.subspan(cut)));
    fresh.separators.push_back(Separator(keys[cut - 1], keys[cut]));
  }
  return fresh;
}

// One node, or two when the children are too many for one.
OrderedIndex::Fresh OrderedIndex::MakeInners(uint16_t height, std::span<Node* const> children,
                                             std::span<const std::string_view> separators) {
  size_t key_bytes = 0;
  for (const std::string_view separator : separators) key_bytes += separator.size();
  Fresh fresh;
  if (children.size() <= kMaxChildren && (key_bytes <= kMaxInnerKeyBytes || children.size() < 4)) {
    fresh.nodes.push_back(MakeInner(height, children, separators));
    return fresh;
  }
  const size_t cut = children.size() / 2;
  fresh.nodes.push_back(MakeInner(height, children.first(cut), separators.first(cut - 1)));
  fresh.nodes.push_back(MakeInner(height, children.subspan(cut), separators.subspan(cut)));
  fresh.separators.push_back(separators[cut - 1]);
  return fresh;
}

void OrderedIndex::Build(std::vector<std::string_view> keys) {
  assert(size_ == 0);
  if (keys.empty()) return;
  std::sort(keys.begin(), keys.end());
  assert(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
  Fresh level;
  for (size_t begin = 0; begin < keys.size();) {
    size_t end = begin;
    size_t key_bytes = 0;
    while (end < keys.size() && end - begin < kMaxSorted &&
           (end == begin || key_bytes + keys[end].size() <= kMaxLeafKeyBytes)) {
      key_bytes += keys[end++].size();
    }
    if (begin > 0) level.separators.push_back(Separator(keys[begin - 1], keys[begin]));
    level.nodes.push_back(MakeLeaf({&keys[begin], end - begin}));
    begin = end;
  }
  // Views of separators lead to `keys`, so they hold for all levels.
  std::vector<Fresh> below;
  for (uint16_t height = 1; level.nodes.size() > 1; ++height) {
    std::vector<Node*> children;
    for (const NodePtr& node : level.nodes) children.push_back(node.get());
    Fresh above;
    for (size_t begin = 0; begin < children.size();) {
      size_t end = begin + 1;
      size_t key_bytes = 0;
      while (
          end < children.size() && end - begin < kMaxChildren &&
          (end - begin < 2 || key_bytes + level.separators[end - 1].size() <= kMaxInnerKeyBytes)) {
        key_bytes += level.separators[end++ - 1].size();
      }
      if (begin > 0) above.separators.push_back(level.separators[begin - 1]);
      above.nodes.push_back(MakeInner(height, std::span(children).subspan(begin, end - begin),
                                      std::span(level.separators).subspan(begin, end - begin - 1)));
      begin = end;
    }
    below.push_back(std::move(level));
    level = std::move(above);
  }
  size_ = keys.size();
  Discard(root_.load(std::memory_order_relaxed));     // the writer's own store
  Publish(root_, level.nodes[0].get(), kStoreOrder);  // (4)
  for (Fresh& fresh : below) Adopt(std::move(fresh));
  Adopt(std::move(level));
  RetireGarbage();
}

// --- Changes. ---

// The leaf that has `key`, if any has it; path_ leads there.
OrderedIndex::Leaf& OrderedIndex::Descend(std::string_view key) {
  path_.clear();
  Node* node = root_.load(std::memory_order_relaxed);  // the writer's own store
  while (node->height > 0) {
    auto& inner = static_cast<Inner&>(*node);
    const size_t child = inner.ChildFor(key);
    path_.push_back({&inner, child});
    node = inner.OwnChild(child);
  }
  return static_cast<Leaf&>(*node);
}

template <typename T>
void OrderedIndex::Publish(std::atomic<T>& place, T value, std::memory_order order) {
  if (around_publication_) [[unlikely]]
    around_publication_();
  place.store(value, order);
  if (around_publication_) [[unlikely]]
    around_publication_();
}

bool OrderedIndex::Insert(std::string_view key) {
  Leaf& leaf = Descend(key);
  const unsigned sorted = leaf.LowerBound(key);
  if (sorted < leaf.count && leaf.Key(sorted) == key) {
    const uint64_t bit = uint64_t{1} << sorted;
    if ((leaf.OwnRemoved() & bit) == 0) return false;
    Publish(leaf.removed, leaf.OwnRemoved() & ~bit, std::memory_order_relaxed);  // (3)
    ++size_;
    return true;
  }
  const uint64_t order = leaf.OwnOrder();
  const unsigned place = leaf.LowerPlace(order, key);
  if (place < CountIn(order) && leaf.SlotKey(SlotAt(order, place)) == key) return false;
  if (leaf.HasRoom(key.size())) {
    const auto slot = static_cast<unsigned>(leaf.slots_used);
    uint32_t* const at = leaf.offsets() + leaf.count + slot;
    if (!key.empty()) std::memcpy(reinterpret_cast<char*>(&leaf) + at[0], key.data(), key.size());
    at[1] = at[0] + static_cast<uint32_t>(key.size());
    ++leaf.slots_used;
    Publish(leaf.order, WithSlot(order, place, slot), std::memory_order_release);  // (1)
  } else {
    RebuildWith(leaf, key);
    RetireGarbage();
  }
  ++size_;
  return true;
}

bool OrderedIndex::Remove(std::string_view key) {
  Leaf& leaf = Descend(key);
  const unsigned sorted = leaf.LowerBound(key);
  if (sorted < leaf.count && leaf.Key(sorted) == key) {
    const uint64_t bit = uint64_t{1} << sorted;
    if ((leaf.OwnRemoved() & bit) != 0) return false;
    Publish(leaf.removed, leaf.OwnRemoved() | bit, std::memory_order_relaxed);  // (3)
  } else {
    const uint64_t order = leaf.OwnOrder();
    const unsigned place = leaf.LowerPlace(order, key);
    if (place == CountIn(order) || leaf.SlotKey(SlotAt(order, place)) != key) return false;
    Publish(leaf.order, WithoutPlace(order, place), std::memory_order_release);  // (1)
  }
  --size_;
  if (leaf.KeyCount() < kMergeBelow && !path_.empty()) [[unlikely]] {
    Shrink(leaf);
    RetireGarbage();
  }
  return true;
}

void OrderedIndex::AppendKeys(const Leaf& leaf, std::vector<std::string_view>& keys) {
  uint64_t sorted = leaf.SortedMask() & ~leaf.OwnRemoved();
  const uint64_t order = leaf.OwnOrder();
  unsigned place = 0;
  while (sorted != 0 || place < CountIn(order)) {
    const std::string_view from_delta =
        place < CountIn(order) ? leaf.SlotKey(SlotAt(order, place)) : std::string_view();
    if (sorted != 0) {
      const std::string_view key = leaf.Key(static_cast<size_t>(std::countr_zero(sorted)));
      if (place == CountIn(order) || key < from_delta) {
        keys.push_back(key);
        sorted &= sorted - 1;
        continue;
      }
    }
    keys.push_back(from_delta);
    ++place;
  }
}

void OrderedIndex::RebuildWith(const Leaf& leaf, std::string_view key) {
  std::vector<std::string_view> keys;
  keys.reserve(kMaxSorted + kDeltaSlots + 1);
  AppendKeys(leaf, keys);
  keys.insert(std::lower_bound(keys.begin(), keys.end(), key), key);
  const size_t depth = path_.size();
  Replace(depth, depth == 0 ? 0 : path_.back().child, 1,
          MakeLeaves(keys, /*ascending=*/keys.back() == key));
}

// Merges a leaf that has become small with a sibling, if both fit in one with room to spare.
void OrderedIndex::Shrink(const Leaf& leaf) {
  const size_t keys_left = leaf.KeyCount();
  if (keys_left == 0) return DropEmpty(leaf);
  const auto [parent, own] = path_.back();
  if (parent->count == 1) return;
  const size_t first = own > 0 ? own - 1 : own;
  const auto& left = static_cast<const Leaf&>(*parent->OwnChild(first));
  const auto& right = static_cast<const Leaf&>(*parent->OwnChild(first + 1));
  if (left.KeyCount() + right.KeyCount() > kMergedMost) return;
  std::vector<std::string_view> keys;
  keys.reserve(kMergedMost);
  AppendKeys(left, keys);
  AppendKeys(right, keys);
  size_t key_bytes = 0;
  for (const std::string_view key : keys) key_bytes += key.size();
  if (key_bytes > kMaxLeafKeyBytes) return;
  Replace(path_.size(), first, 2, MakeLeaves(keys, /*ascending=*/false));
}

// Takes out a leaf without keys, and the inner nodes above that have no other leaf.
void OrderedIndex::DropEmpty(const Leaf& leaf) {
  size_t depth = path_.size();
  while (path_[depth - 1].node->count == 1) --depth;  // ends: invariant 4
  Replace(depth, path_[depth - 1].child, 1, {});
  // Replace has discarded the highest.
  if (depth == path_.size()) return;
  for (size_t i = depth + 1; i < path_.size(); ++i) Discard(path_[i].node);
  Discard(const_cast<Leaf*>(&leaf));
}

// Puts `fresh` in the place of `count` nodes at `depth`, the first of which is the child `first` of
// the last inner node of path_ above them. At depth 0 the root is replaced.
void OrderedIndex::Replace(size_t depth, size_t first, size_t count, Fresh fresh) {
  if (depth == 0) {
    Node* const old = root_.load(std::memory_order_relaxed);  // the writer's own store
    if (fresh.nodes.size() > 1) {
      std::vector<Node*> children;
      for (const NodePtr& node : fresh.nodes) children.push_back(node.get());
      Fresh above;
      above.nodes.push_back(
          MakeInner(static_cast<uint16_t>(old->height + 1), children, fresh.separators));
      Publish(root_, above.nodes[0].get(), kStoreOrder);  // (4)
      Adopt(std::move(above));
      Adopt(std::move(fresh));
    } else {
      Node* root = fresh.nodes[0].get();
      while (root->height > 0 && root->count == 1) {  // invariant 4
        Node* const child = static_cast<Inner&>(*root).OwnChild(0);
        // The topmost is fresh and goes with `fresh`.
        if (root != fresh.nodes[0].get()) Discard(root);
        root = child;
      }
      Publish(root_, root, kStoreOrder);  // (4)
      if (root == fresh.nodes[0].get()) Adopt(std::move(fresh));
    }
    Discard(old);
    return;
  }

  Inner& parent = *path_[depth - 1].node;
  if (fresh.nodes.size() == 1 && count == 1) {
    Node* const old = parent.OwnChild(first);
    Publish(parent.children()[first], fresh.nodes[0].get(), kStoreOrder);  // (4)
    Adopt(std::move(fresh));
    Discard(old);
    return;
  }

  // A copy of the parent, with what is new in it. Of the separators of the old children those
  // between them go, and when nothing comes in their place one more, so that a neighbour has the
  // range.
  std::vector<Node*> children;
  std::vector<Node*> replaced;
  std::vector<std::string_view> separators;
  for (size_t i = 0; i < first; ++i) {
    children.push_back(parent.OwnChild(i));
    separators.push_back(parent.Separator(i));
  }
  for (size_t i = 0; i < fresh.nodes.size(); ++i) {
    if (i > 0) separators.push_back(fresh.separators[i - 1]);
    children.push_back(fresh.nodes[i].get());
  }
  for (size_t i = first; i < first + count; ++i) replaced.push_back(parent.OwnChild(i));
  for (size_t i = first + count; i < parent.count; ++i) {
    if (!children.empty() && separators.size() < children.size()) {
      separators.push_back(parent.Separator(i - 1));
    }
    children.push_back(parent.OwnChild(i));
  }
  separators.resize(children.size() - 1);

  // A parent that has become small is merged with a sibling, if both fit in one.
  size_t own = depth > 1 ? path_[depth - 2].child : 0;
  size_t parents = 1;
  if (children.size() < kMergeBelow && depth > 1 && path_[depth - 2].node->count > 1) {
    const Inner& above = *path_[depth - 2].node;
    const bool sibling_is_left = own > 0;
    const auto& sibling =
        static_cast<const Inner&>(*above.OwnChild(sibling_is_left ? own - 1 : own + 1));
    if (children.size() + sibling.count <= kMergedMost) {
      std::vector<Node*> theirs;
      std::vector<std::string_view> their_separators;
      for (size_t i = 0; i < sibling.count; ++i) theirs.push_back(sibling.OwnChild(i));
      for (size_t i = 0; i + 1 < sibling.count; ++i) {
        their_separators.push_back(sibling.Separator(i));
      }
      if (sibling_is_left) {
        children.swap(theirs);
        separators.swap(their_separators);
        --own;
      }
      separators.push_back(above.Separator(own));
      children.insert(children.end(), theirs.begin(), theirs.end());
      separators.insert(separators.end(), their_separators.begin(), their_separators.end());
      parents = 2;
    }
  }
  Replace(depth - 1, own, parents, MakeInners(parent.height, children, separators));
  Adopt(std::move(fresh));
  for (Node* const node : replaced) Discard(node);
}

// The nodes are published: the tree owns them.
void OrderedIndex::Adopt(Fresh fresh) {
  for (NodePtr& node : fresh.nodes) {
    memory_bytes_ += node->bytes;
    node.release();
  }
}

void OrderedIndex::Discard(Node* node) {
  memory_bytes_ -= node->bytes;
  garbage_->nodes.emplace_back(node);
}

// At the end of a change: what is garbage is out of the cursors' reach.
void OrderedIndex::RetireGarbage() {
  if (garbage_ != nullptr && garbage_->nodes.size() < kGarbageNodes) return;
  auto next = std::make_shared<Garbage>();
  next->nodes.reserve(kGarbageReserve);
  garbage_.swap(next);
  if (next != nullptr) retire_(std::move(next));
}

// --- Reading. ---

void OrderedIndex::Cursor::Enter(std::string_view start) {
  has_bound_ = false;
  const Node* node = index_.root_.load(kLoadOrder);  // (5)
  while (node->height > 0) {
    const auto& inner = static_cast<const Inner&>(*node);
    const size_t child = inner.ChildFor(start);
    if (child + 1 < inner.count) {
      has_bound_ = true;
      bound_ = inner.Separator(child);  // less than those further up
    }
    node = inner.children()[child].load(kLoadOrder);  // (5)
  }
  leaf_ = static_cast<const Leaf*>(node);
  const uint64_t order = leaf_->order.load(std::memory_order_acquire);                   // (2)
  sorted_left_ = leaf_->SortedMask() & ~leaf_->removed.load(std::memory_order_relaxed);  // (3)
  const unsigned sorted = leaf_->LowerBound(start);
  sorted_left_ = sorted == kMaxSorted ? 0 : sorted_left_ >> sorted << sorted;
  const unsigned place = leaf_->LowerPlace(order, start);
  delta_left_ = CountIn(order) - place;
  delta_order_ = order >> kSlotBits >> (kSlotBits * place);
  LoadDeltaKey();
}

void OrderedIndex::Cursor::LoadDeltaKey() {
  if (delta_left_ > 0) delta_key_ = leaf_->SlotKey(static_cast<unsigned>(delta_order_ & kSlotMask));
}

bool OrderedIndex::Cursor::Next(std::string_view& key) {
  while (sorted_left_ == 0 && delta_left_ == 0) {
    if (!has_bound_) return false;
    Enter(bound_);
  }
  if (sorted_left_ != 0) {
    const std::string_view sorted = leaf_->Key(static_cast<size_t>(std::countr_zero(sorted_left_)));
    if (delta_left_ == 0 || sorted < delta_key_) {
      key = sorted;
      sorted_left_ &= sorted_left_ - 1;
      return true;
    }
  }
  key = delta_key_;
  --delta_left_;
  delta_order_ >>= kSlotBits;
  LoadDeltaKey();
  return true;
}

}  // namespace kvs
