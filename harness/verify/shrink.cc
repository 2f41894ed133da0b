#include "harness/verify/shrink.h"

#include <algorithm>
#include <stdexcept>
#include <unordered_set>

#include "harness/verify/register_checker.h"

namespace kvs::verify {
namespace {

using Kind = RegisterOperation::Kind;

// Whether `left` may be what remains of `all` (same order): rules 2, 4 and 5, applied to the
// dropped observers first, then to the Removes, then to the Sets.
bool MayRemain(std::span<const RegisterOperation> all, const std::vector<bool>& left) {
  bool drops_remove = false, sees_absence = false, sees_removed = false;
  std::unordered_set<RegisterValue> dropped_sets;
  for (size_t i = 0; i < all.size(); ++i) {
    const RegisterOperation& operation = all[i];
    if (left[i]) {
      sees_absence |= operation.ObservesAbsence();
      sees_removed |=
          operation.kind == Kind::kRemove && operation.removed == RemoveResult::kRemoved;
    } else if (operation.kind == Kind::kSet) {
      dropped_sets.insert(operation.value);
    } else if (!operation.OnlyObserves()) {
      drops_remove = true;
    }
  }
  if (drops_remove && sees_absence) return false;
  if (dropped_sets.empty()) return true;
  if (sees_removed) return false;
  for (size_t i = 0; i < all.size(); ++i) {
    if (left[i] && all[i].kind == Kind::kGet && dropped_sets.contains(all[i].value)) return false;
  }
  return true;
}

RegisterHistory Chosen(std::span<const RegisterOperation> all, const std::vector<bool>& left) {
  RegisterHistory chosen;
  for (size_t i = 0; i < all.size(); ++i) {
    if (left[i]) chosen.push_back(all[i]);
  }
  return chosen;
}

// Marks the Gets of each Set that is not left as not left, too.
void DropReaders(std::span<const RegisterOperation> all, std::vector<bool>& left) {
  std::unordered_set<RegisterValue> dropped;
  for (size_t i = 0; i < all.size(); ++i) {
    if (!left[i] && all[i].kind == Kind::kSet) dropped.insert(all[i].value);
  }
  if (dropped.empty()) return;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].kind == Kind::kGet && dropped.contains(all[i].value)) left[i] = false;
  }
}

class Shrinker {
 public:
  Shrinker(std::vector<RegisterValue> possible, RegisterHistory operations)
      : possible_(std::move(possible)), operations_(std::move(operations)) {}

  Violation Execute() {
    bool changed = true;
    while (changed) {
      changed = Drop([](const RegisterOperation& o) { return o.OnlyObserves(); });
      changed |= Weaken();
      changed |= Drop([](const RegisterOperation&) { return true; });
    }
    const auto unexplained = RegisterChecker(possible_).Check(operations_);
    return {possible_, operations_, unexplained.value()};
  }

 private:
  bool IsViolation(std::span<const RegisterOperation> operations) const {
    return RegisterChecker(possible_).Check(operations).has_value();
  }

  // Drops runs of the operations that `candidate` admits, from halves down to single ones (Zeller
  // and Hildebrandt, Simplifying and Isolating Failure-Inducing Input, TSE 2002).
  bool Drop(bool (*candidate)(const RegisterOperation&)) {
    bool changed = false;
    for (size_t run = operations_.size(); run > 0; run /= 2) {
      size_t begin = 0;
      for (;;) {
        std::vector<size_t> candidates;
        for (size_t i = 0; i < operations_.size(); ++i) {
          if (candidate(operations_[i])) candidates.push_back(i);
        }
        if (begin >= candidates.size()) break;
        std::vector<bool> left(operations_.size(), true);
        const size_t end = std::min(begin + run, candidates.size());
        for (size_t i = begin; i < end; ++i) left[candidates[i]] = false;
        DropReaders(operations_, left);
        RegisterHistory rest;
        if (MayRemain(operations_, left)) rest = Chosen(operations_, left);
        if (!rest.empty() && IsViolation(rest)) {
          operations_ = std::move(rest);
          changed = true;
        } else {
          begin = end;
        }
      }
    }
    return changed;
  }

  bool Weaken() {
    RegisterHistory weaker = operations_;
    std::vector<size_t> strong;
    for (size_t i = 0; i < weaker.size(); ++i) {
      if (weaker[i].kind != Kind::kRemove || weaker[i].removed != RemoveResult::kRemoved) continue;
      strong.push_back(i);
      weaker[i].removed = RemoveResult::kUnknown;
    }
    if (strong.empty()) return false;
    if (IsViolation(weaker)) {
      operations_ = std::move(weaker);
      return true;
    }
    bool changed = false;
    for (const size_t i : strong) {
      operations_[i].removed = RemoveResult::kUnknown;
      if (IsViolation(operations_)) {
        changed = true;
      } else {
        operations_[i].removed = RemoveResult::kRemoved;
      }
    }
    return changed;
  }

  const std::vector<RegisterValue> possible_;
  RegisterHistory operations_;
};

// The operations that matter: none from after the violation showed, and none from before the
// last quiescent moment that lies before every Set whose value plays a part.
Violation Cut(std::span<const RegisterOperation> history) {
  RegisterChecker checker;
  std::vector<Quiescence> quiescences = {{0, {kAbsent}}};
  checker.Record(&quiescences);
  const auto unexplained = checker.Check(history);
  if (!unexplained) throw std::invalid_argument("the history is linearizable");
  const uint64_t end_ns = history[*unexplained].responded_ns;
  const auto is_within = [&](const RegisterOperation& operation, size_t quiescence) {
    return operation.invoked_ns <= end_ns &&
           (quiescence == 0 || operation.invoked_ns > quiescences[quiescence].after_ns);
  };

  size_t from = quiescences.size() - 1;
  if (history[*unexplained].value != kForeign) {
    std::unordered_set<RegisterValue> values(quiescences[from].possible.begin(),
                                             quiescences[from].possible.end());
    for (const RegisterOperation& operation : history) {
      if (operation.kind == Kind::kGet && is_within(operation, from)) {
        values.insert(operation.value);
      }
    }
    uint64_t earliest_ns = end_ns;
    for (const RegisterOperation& operation : history) {
      if (operation.kind == Kind::kSet && values.contains(operation.value)) {
        earliest_ns = std::min(earliest_ns, operation.invoked_ns);
      }
    }
    while (from > 0 && quiescences[from].after_ns >= earliest_ns) --from;
  }

  Violation cut{quiescences[from].possible, {}, 0};
  for (const RegisterOperation& operation : history) {
    if (is_within(operation, from)) cut.operations.push_back(operation);
  }
  std::sort(cut.operations.begin(), cut.operations.end(),
            [](const RegisterOperation& a, const RegisterOperation& b) {
              return a.invoked_ns < b.invoked_ns;
            });
  return cut;
}

}  // namespace

Violation Shrink(std::span<const RegisterOperation> history) {
  Violation cut = Cut(history);
  return Shrinker(std::move(cut.possible), std::move(cut.operations)).Execute();
}

std::optional<RegisterHistory> Without(std::span<const RegisterOperation> operations,
                                       size_t index) {
  std::vector<bool> left(operations.size(), true);
  left[index] = false;
  DropReaders(operations, left);
  if (!MayRemain(operations, left)) return std::nullopt;
  return Chosen(operations, left);
}

}  // namespace kvs::verify
