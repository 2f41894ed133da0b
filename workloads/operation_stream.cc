#include "workloads/operation_stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <span>
#include <variant>

#include "workloads/key_chooser.h"
#include "workloads/random.h"
#include "workloads/vector2.h"
#include "workloads/ycsb_formulae.h"

namespace kvs {
namespace {

// How many of 0 .. count-1 are `thread` modulo `thread_count`.
uint64_t Share(uint64_t count, unsigned thread, unsigned thread_count) {
  return thread < count ? (count - thread - 1) / thread_count + 1 : 0;
}

// The first number from `begin` upwards that is `thread` modulo `thread_count`.
uint64_t FirstOfThread(uint64_t begin, unsigned thread, unsigned thread_count) {
  const uint64_t remainder = begin % thread_count;
  return begin + (thread + thread_count - remainder) % thread_count;
}

uint64_t StreamSeed(uint64_t seed, unsigned thread, unsigned thread_count, StreamRole role) {
  const uint64_t place = uint64_t{thread_count} << 32 | thread;
  return Mix64(Mix64(Mix64(seed) + place) + static_cast<uint64_t>(role));
}

// How many of the 2^53 units that ToUnit makes YcsbDiscrete puts on share `index` or one before it.
// They are the lowest: of two units the greater leaves no less after a rounded subtraction.
uint64_t UnitsUpTo(size_t index, std::span<const double> shares) {
  uint64_t low = 0;
  uint64_t high = uint64_t{1} << 53;
  while (low < high) {
    const uint64_t middle = (low + high) / 2;
    if (YcsbDiscrete(shares, ToUnit(middle << 11)) <= index) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// Which of `count` > 1 kinds the unit of `word` falls to, where ends[i] of all units fall to the
// i-th or to one before it.
[[gnu::always_inline]] inline size_t IndexOfKind(uint64_t word,
                                                 const std::array<uint64_t, kOperationKinds>& ends,
                                                 size_t count) {
  size_t index = word >> 11 < ends[0] ? 0 : 1;
  for (size_t i = 1; i + 1 < count; ++i) index += word >> 11 < ends[i] ? 0 : 1;
  return index;
}

// Sets `to` to `lookup` of the key `number`, in one store.
[[gnu::always_inline]] inline void PutLookup(const Operation& lookup, uint64_t number,
                                             Operation& to) {
  static_assert(sizeof(Operation) == sizeof(Vector2) && offsetof(Operation, key_number) == 0);
  Vector2 words;
  std::memcpy(&words, &lookup, sizeof words);
  words |= Vector2{number, 0};
  std::memcpy(&to, &words, sizeof words);
}

// Draws the lengths of scans, as YCSB does.
class ScanLength {
 public:
  explicit ScanLength(const SizeSpec& spec) : spec_(spec) {
    if (spec.kind == SizeSpec::Kind::kZipfian) {
      zipfian_.emplace(uint64_t{spec.max_bytes} - spec.min_bytes + 1);
    }
  }

  uint32_t Next(Random& random) const {
    if (spec_.min_bytes == spec_.max_bytes) return spec_.max_bytes;
    const uint64_t range = uint64_t{spec_.max_bytes} - spec_.min_bytes;
    const uint64_t extra =
        zipfian_.has_value() ? zipfian_->Rank(random.NextUnit()) : random.Below(range + 1);
    return spec_.min_bytes + static_cast<uint32_t>(std::min(extra, range));
  }

 private:
  SizeSpec spec_;
  std::optional<YcsbZipfian> zipfian_;
};

}  // namespace

struct OperationStream::State {
  static constexpr size_t kGroup = 64;  // operations drawn at a time

  State(const Spec& spec_in, uint64_t seed, unsigned thread, unsigned thread_count,
        StreamRole role);

  void SetMix(StreamRole role);
  void SetLookups();
  uint64_t SinglePassLength(unsigned thread, unsigned thread_count) const;

  template <typename Chooser>
  void FillWith(Chooser& chooser, OperationBatch& batch, size_t count);
  template <typename Chooser>
  void FillWithLookups(Chooser& chooser, std::span<Operation> operations);
  template <typename Chooser>
  bool FillFromWords(Chooser& chooser, std::span<Operation> operations);
  template <typename Chooser>
  Operation DrawAny(Chooser& chooser, Random& draws, OperationBatch& batch);
  Operation Lookup(OperationKind kind, uint64_t number) const {
    Operation operation = lookups[static_cast<size_t>(kind)];
    operation.key_number |= number;
    return operation;
  }
  OperationKind ChooseKind(Random& draws) const {
    return kind_count == 1 ? kinds[0] : KindOf(draws.Next());
  }
  OperationKind KindOf(uint64_t word) const {
    return kinds[IndexOfKind(word, kind_ends, kind_count)];
  }

  const Spec& spec;
  Random random;
  KeyChooser chooser;
  ScanLength scan_length;
  // The kinds that occur, in the order of OperationKind, and how many units choose each or one
  // before it.
  std::array<OperationKind, kOperationKinds> kinds{};
  std::array<uint64_t, kOperationKinds> kind_ends{};
  size_t kind_count = 0;
  bool point_lookups_only = true;  // every operation chooses one known key and no length
  // By OperationKind, of a known key: all but its number, of which only what is set in each.
  std::array<Operation, kOperationKinds> lookups{};
  KnownKeys known;
  uint64_t drawn_inserts = 0;
  uint64_t operations_left = std::numeric_limits<uint64_t>::max();
};

OperationStream::State::State(const Spec& spec_in, uint64_t seed, unsigned thread,
                              unsigned thread_count, StreamRole role)
    : spec(spec_in),
      random(StreamSeed(seed, thread, thread_count, role)),
      chooser(MakeKeyChooser(spec_in, thread, thread_count)),
      scan_length(spec_in.scan_length) {
  assert(thread < thread_count);
  SetMix(role);
  known.begin = spec.insert_start;
  known.count = spec.insert_count;
  known.insert_stride = thread_count;
  known.insert_begin =
      FirstOfThread(spec.preload ? spec.record_count : spec.insert_start, thread, thread_count);
  if (role == StreamRole::kForeground && spec.single_key_space_pass) {
    operations_left = SinglePassLength(thread, thread_count);
  }
  SetLookups();
}

void OperationStream::State::SetLookups() {
  for (size_t i = 0; i < kOperationKinds; ++i) {
    lookups[i] = {0, 1, static_cast<OperationKind>(i), Expectation::kEither};
  }
  const auto of = [this](OperationKind kind) -> Operation& {
    return lookups[static_cast<size_t>(kind)];
  };
  if (spec.preload && spec.Proportion(OperationKind::kRemove) == 0) {
    of(OperationKind::kRead).expectation = Expectation::kPresent;
    of(OperationKind::kMultiGet).expectation = Expectation::kPresent;
    of(OperationKind::kScan).expectation = Expectation::kPresent;  // the key that it starts at
    of(OperationKind::kReadModifyWrite).expectation = Expectation::kPresent;
    if (spec.update_is_rmw) of(OperationKind::kUpdate).expectation = Expectation::kPresent;
  }
  if (spec.read_missing) {
    for (const OperationKind kind : {OperationKind::kRead, OperationKind::kMultiGet}) {
      of(kind).expectation = Expectation::kAbsent;
      of(kind).key_number = kMissingKeyBit;
    }
  }
}

void OperationStream::State::SetMix(StreamRole role) {
  if (role == StreamRole::kBackgroundWriter) {
    kinds[0] = OperationKind::kUpdate;
    kind_count = 1;
    return;
  }
  std::array<double, kOperationKinds> shares{};
  const double sum = std::accumulate(spec.proportions.begin(), spec.proportions.end(), 0.0);
  for (size_t i = 0; i < kOperationKinds; ++i) {
    if (spec.proportions[i] == 0) continue;
    const auto kind = static_cast<OperationKind>(i);
    point_lookups_only &= kind != OperationKind::kInsert && kind != OperationKind::kScan &&
                          kind != OperationKind::kMultiGet;
    kinds[kind_count] = kind;
    shares[kind_count] = spec.proportions[i] / sum;
    ++kind_count;
  }
  assert(kind_count > 0);
  for (size_t i = 0; i < kind_count; ++i) kind_ends[i] = UnitsUpTo(i, {shares.data(), kind_count});
}

uint64_t OperationStream::State::SinglePassLength(unsigned thread, unsigned thread_count) const {
  if (spec.Proportion(OperationKind::kInsert) > 0) {
    const uint64_t skipped = known.insert_begin - known.begin;
    return skipped < known.count ? (known.count - skipped - 1) / thread_count + 1 : 0;
  }
  const uint64_t step = SequentialStep(spec);
  return Share((known.count + step - 1) / step, thread, thread_count);
}

template <typename Chooser>
void OperationStream::State::FillWith(Chooser& keys, OperationBatch& batch, size_t count) {
  keys.Prepare(known);
  batch.operations.resize(count);
  batch.multi_get_keys.clear();
  if (point_lookups_only) {
    std::span<Operation> left(batch.operations);
    while (!left.empty()) {
      const size_t next = std::min(left.size(), kGroup);
      FillWithLookups(keys, left.first(next));
      left = left.subspan(next);
    }
    return;
  }
  Random local_random = random;  // in registers: the loop stores only to the batch
  for (Operation& operation : batch.operations) {
    operation = DrawAny(keys, local_random, batch);
  }
  random = local_random;
}

template <typename Chooser>
void OperationStream::State::FillWithLookups(Chooser& keys, std::span<Operation> operations) {
  if constexpr (requires(std::span<uint64_t> words) { keys.FromWords(words, known); }) {
    if (FillFromWords(keys, operations)) [[likely]] {
      return;
    }
  }
  Random local_random = random;
  for (Operation& operation : operations) {
    const OperationKind kind = ChooseKind(local_random);
    operation = Lookup(kind, keys.Next(local_random, known));
  }
  random = local_random;
}

// The same operations, if each takes one word for its key; false, with nothing drawn, if not.
template <typename Chooser>
bool OperationStream::State::FillFromWords(Chooser& keys, std::span<Operation> operations) {
  const size_t count = operations.size();
  const bool mixed = kind_count > 1;
  uint64_t kind_words[kGroup];
  alignas(64) uint64_t words[kGroup];
  Random local_random = random;
  if (mixed) {
    for (size_t i = 0; i < count; ++i) {
      kind_words[i] = local_random.Next();
      words[i] = local_random.Next();
    }
  } else {
    for (size_t i = 0; i < count; ++i) words[i] = local_random.Next();
  }
  if (!keys.FromWords({words, count}, known)) return false;
  if (mixed) {
    std::array<Operation, kOperationKinds> by_index;
    for (size_t i = 0; i < kind_count; ++i) by_index[i] = Lookup(kinds[i], 0);
    const std::array<uint64_t, kOperationKinds> ends = kind_ends;
    const size_t all = kind_count;
    for (size_t i = 0; i < count; ++i) {
      PutLookup(by_index[IndexOfKind(kind_words[i], ends, all)], words[i], operations[i]);
    }
  } else {
    const Operation only = Lookup(kinds[0], 0);
    for (size_t i = 0; i < count; ++i) PutLookup(only, words[i], operations[i]);
  }
  random = local_random;
  return true;
}

template <typename Chooser>
Operation OperationStream::State::DrawAny(Chooser& keys, Random& draws, OperationBatch& batch) {
  const OperationKind kind = ChooseKind(draws);
  if (kind == OperationKind::kInsert) {
    const uint64_t number = known.insert_begin + drawn_inserts * known.insert_stride;
    ++drawn_inserts;
    return Lookup(kind, number);
  }
  if (kind == OperationKind::kMultiGet) {
    const uint64_t first = batch.multi_get_keys.size();
    for (uint32_t i = 0; i < spec.multi_get_size; ++i) {
      batch.multi_get_keys.push_back(Lookup(kind, keys.Next(draws, known)).key_number);
    }
    return {first, spec.multi_get_size, kind, lookups[static_cast<size_t>(kind)].expectation};
  }
  const uint64_t number = keys.Next(draws, known);
  if (kind == OperationKind::kScan) {
    uint64_t length = scan_length.Next(draws);
    if (spec.single_key_space_pass) {
      length = std::min(length, known.begin + known.count - number);
    }
    Operation scan = Lookup(kind, number);
    scan.count = static_cast<uint32_t>(length);
    return scan;
  }
  return Lookup(kind, number);
}

OperationStream::OperationStream(const Spec& spec, uint64_t seed, unsigned thread,
                                 unsigned thread_count, StreamRole role)
    : state_(std::make_unique<State>(spec, seed, thread, thread_count, role)) {}

OperationStream::~OperationStream() = default;
OperationStream::OperationStream(OperationStream&&) noexcept = default;
OperationStream& OperationStream::operator=(OperationStream&&) noexcept = default;

void OperationStream::Fill(OperationBatch& batch, size_t count, uint64_t finished_inserts) {
  assert(finished_inserts <= state_->drawn_inserts);
  state_->known.finished_inserts = finished_inserts;
  count = static_cast<size_t>(std::min<uint64_t>(count, state_->operations_left));
  if (state_->operations_left != std::numeric_limits<uint64_t>::max()) {
    state_->operations_left -= count;
  }
  std::visit([&](auto& chooser) { state_->FillWith(chooser, batch, count); }, state_->chooser);
}

}  // namespace kvs
