#include "workloads/operation_stream.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <optional>
#include <span>
#include <variant>

#include "workloads/key_chooser.h"
#include "workloads/random.h"
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
  State(const Spec& spec_in, uint64_t seed, unsigned thread, unsigned thread_count,
        StreamRole role);

  void SetMix(StreamRole role);
  uint64_t SinglePassLength(unsigned thread, unsigned thread_count) const;

  template <typename Chooser>
  void FillWith(Chooser& chooser, OperationBatch& batch, size_t count);
  template <typename Chooser>
  Operation Draw(Chooser& chooser, OperationKind kind, OperationBatch& batch);

  const Spec& spec;
  Random random;
  KeyChooser chooser;
  ScanLength scan_length;
  // The kinds that occur, in the order of OperationKind, and their weights.
  std::array<OperationKind, kOperationKinds> kinds{};
  std::array<double, kOperationKinds> weights{};
  size_t kind_count = 0;
  double weight_sum = 0;
  KnownKeys known;
  uint64_t drawn_inserts = 0;
  uint64_t operations_left = std::numeric_limits<uint64_t>::max();
  Expectation lookup = Expectation::kEither;  // of a key that is known
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
  if (spec.preload && spec.Proportion(OperationKind::kRemove) == 0) {
    lookup = Expectation::kPresent;
  }
}

void OperationStream::State::SetMix(StreamRole role) {
  const auto add = [this](OperationKind kind, double weight) {
    kinds[kind_count] = kind;
    weights[kind_count] = weight;
    weight_sum += weight;
    ++kind_count;
  };
  if (role == StreamRole::kBackgroundWriter) {
    add(OperationKind::kUpdate, 1);
    return;
  }
  for (size_t i = 0; i < kOperationKinds; ++i) {
    if (spec.proportions[i] > 0) add(static_cast<OperationKind>(i), spec.proportions[i]);
  }
  assert(kind_count > 0);
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
  const std::span<const double> mix(weights.data(), kind_count);
  batch.operations.resize(count);
  batch.multi_get_keys.clear();
  for (Operation& operation : batch.operations) {
    const size_t chosen = kind_count == 1 ? 0 : YcsbDiscrete(mix, weight_sum, random.NextUnit());
    operation = Draw(keys, kinds[chosen], batch);
  }
}

template <typename Chooser>
Operation OperationStream::State::Draw(Chooser& keys, OperationKind kind, OperationBatch& batch) {
  const uint64_t missing = spec.read_missing ? kMissingKeyBit : 0;
  const Expectation read = spec.read_missing ? Expectation::kAbsent : lookup;
  switch (kind) {
    case OperationKind::kInsert:
      return {known.insert_begin + drawn_inserts++ * known.insert_stride, 1, kind,
              Expectation::kEither};
    case OperationKind::kMultiGet: {
      const uint64_t first = batch.multi_get_keys.size();
      for (uint32_t i = 0; i < spec.multi_get_size; ++i) {
        batch.multi_get_keys.push_back(keys.Next(random, known) | missing);
      }
      return {first, spec.multi_get_size, kind, read};
    }
    case OperationKind::kScan: {
      const uint64_t number = keys.Next(random, known);
      uint64_t length = scan_length.Next(random);
      if (spec.single_key_space_pass) {
        length = std::min(length, known.begin + known.count - number);
      }
      return {number, static_cast<uint32_t>(length), kind, lookup};
    }
    case OperationKind::kRead:
      return {keys.Next(random, known) | missing, 1, kind, read};
    case OperationKind::kUpdate:
      return {keys.Next(random, known), 1, kind,
              spec.update_is_rmw ? lookup : Expectation::kEither};
    case OperationKind::kReadModifyWrite:
      return {keys.Next(random, known), 1, kind, lookup};
    case OperationKind::kRemove:
      break;
  }
  return {keys.Next(random, known), 1, kind, Expectation::kEither};
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
