#include "harness/verify/register_checker.h"

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <unordered_set>

namespace kvs::verify {
namespace {

struct Configuration {
  uint64_t done = 0;  // bit s: the operation in slot s has taken effect and awaits its response
  RegisterValue value = kAbsent;

  bool operator==(const Configuration&) const = default;
};

struct ConfigurationHash {
  size_t operator()(const Configuration& c) const {
    uint64_t h = (c.done * 0x9E3779B97F4A7C15) ^ c.value;
    h = (h ^ (h >> 32)) * 0xD6E8FEB86659FD93;
    return h ^ (h >> 32);
  }
};

// A set in the order of insertion. Most sets have a few members, which need no hashing.
class ConfigurationSet {
 public:
  void Insert(const Configuration& c) {
    if (hashed_.empty()) {
      if (std::find(items_.begin(), items_.end(), c) != items_.end()) return;
      if (items_.size() == kHashedFrom) hashed_.insert(items_.begin(), items_.end());
    }
    if (items_.size() >= kHashedFrom && !hashed_.insert(c).second) return;
    items_.push_back(c);
  }
  void Clear() {
    items_.clear();
    hashed_.clear();
  }
  size_t size() const { return items_.size(); }
  const Configuration& operator[](size_t i) const { return items_[i]; }

 private:
  static constexpr size_t kHashedFrom = 24;
  std::vector<Configuration> items_;
  std::unordered_set<Configuration, ConfigurationHash> hashed_;  // empty below kHashedFrom
};

struct Event {
  uint64_t time_ns;
  bool is_response;
  uint32_t operation;
};

// Invocations first where times are equal: what cannot be ordered overlaps.
std::vector<Event> EventsOf(std::span<const RegisterOperation> operations) {
  std::vector<Event> events;
  events.reserve(2 * operations.size());
  for (uint32_t i = 0; i < operations.size(); ++i) {
    events.push_back({operations[i].invoked_ns, false, i});
    events.push_back({operations[i].responded_ns, true, i});
  }
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    if (a.time_ns != b.time_ns) return a.time_ns < b.time_ns;
    if (a.is_response != b.is_response) return b.is_response;
    return a.operation < b.operation;
  });
  return events;
}

class Run {
 public:
  Run(std::span<const RegisterOperation> operations, const std::vector<RegisterValue>& possible)
      : operations_(operations), slot_of_(operations.size()) {
    for (const RegisterValue value : possible) current_.Insert({0, value});
  }

  void Invoke(uint32_t operation) {
    const unsigned slot = static_cast<unsigned>(std::countr_one(pending_));
    if (slot == RegisterChecker::kMostPending) {
      throw std::invalid_argument("more operations overlap than the checker takes");
    }
    if (pending_ != 0) {
      overlapping_ += static_cast<uint64_t>(std::popcount(pending_ & ~overlapped_)) + 1;
      overlapped_ = pending_ | uint64_t{1} << slot;
    }
    pending_ |= uint64_t{1} << slot;
    pending_operation_[slot] = operations_[operation];
    slot_of_[operation] = slot;
  }

  // Returns false when no configuration is left.
  bool Respond(uint32_t operation) {
    const uint64_t bit = uint64_t{1} << slot_of_[operation];
    reached_.Clear();
    next_.Clear();
    for (size_t i = 0; i < current_.size(); ++i) reached_.Insert(Observed(current_[i]));
    // reached_ grows while it is walked over.
    for (size_t i = 0; i < reached_.size(); ++i) {
      const Configuration from = reached_[i];
      if (from.done & bit) {
        next_.Insert({from.done & ~bit, from.value});
        continue;
      }
      for (uint64_t rest = pending_ & ~from.done; rest != 0; rest &= rest - 1) {
        TakeEffect(from, static_cast<unsigned>(std::countr_zero(rest)));
      }
    }
    most_ = std::max(most_, reached_.size());
    pending_ &= ~bit;
    overlapped_ &= ~bit;
    std::swap(current_, next_);
    return current_.size() > 0;
  }

  bool IsQuiescent() const { return pending_ == 0; }
  size_t most() const { return most_; }
  uint64_t overlapping() const { return overlapping_; }

  std::vector<RegisterValue> Possible() const {
    std::vector<RegisterValue> possible;
    for (size_t i = 0; i < current_.size(); ++i) possible.push_back(current_[i].value);
    std::sort(possible.begin(), possible.end());
    return possible;
  }

 private:
  // Lets every pending operation take effect that only observes and answered what is there.
  Configuration Observed(Configuration c) const {
    for (uint64_t rest = pending_ & ~c.done; rest != 0; rest &= rest - 1) {
      const RegisterOperation& operation = pending_operation_[std::countr_zero(rest)];
      if (!operation.OnlyObserves()) continue;
      const RegisterValue answered =
          operation.kind == RegisterOperation::Kind::kGet ? operation.value : kAbsent;
      if (answered == c.value) c.done |= rest & -rest;
    }
    return c;
  }

  void TakeEffect(const Configuration& from, unsigned slot) {
    const RegisterOperation& operation = pending_operation_[slot];
    if (operation.OnlyObserves()) return;  // already did, if it could
    Configuration to{from.done | uint64_t{1} << slot, kAbsent};
    if (operation.kind == RegisterOperation::Kind::kSet) {
      to.value = operation.value;
    } else if (operation.removed == RemoveResult::kRemoved && from.value == kAbsent) {
      return;
    }
    reached_.Insert(Observed(to));
  }

  const std::span<const RegisterOperation> operations_;
  std::vector<unsigned> slot_of_;
  uint64_t pending_ = 0;     // bit s: slot s is taken
  uint64_t overlapped_ = 0;  // of them, those that overlapped another operation
  uint64_t overlapping_ = 0;
  std::array<RegisterOperation, RegisterChecker::kMostPending> pending_operation_;
  ConfigurationSet current_, reached_, next_;
  size_t most_ = 0;
};

}  // namespace

RegisterChecker::RegisterChecker(std::vector<RegisterValue> possible)
    : possible_(std::move(possible)) {}

std::optional<size_t> RegisterChecker::Check(std::span<const RegisterOperation> operations) {
  Run run(operations, possible_);
  for (const Event& event : EventsOf(operations)) {
    if (!event.is_response) {
      run.Invoke(event.operation);
      continue;
    }
    const bool is_explained = run.Respond(event.operation);
    most_configurations_ = std::max(most_configurations_, run.most());
    if (!is_explained) return event.operation;
    if (quiescences_ != nullptr && run.IsQuiescent()) {
      quiescences_->push_back({event.time_ns, run.Possible()});
    }
  }
  possible_ = run.Possible();
  overlapping_ += run.overlapping();
  return std::nullopt;
}

}  // namespace kvs::verify
