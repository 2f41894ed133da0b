// Whether the history of one key is linearizable, decided exactly.
//
// A history of many keys is linearizable if and only if that of each key is (Herlihy and Wing,
// Linearizability: A Correctness Condition for Concurrent Objects, TOPLAS 1990, theorem 1).
//
// Method: just-in-time linearization (Lowe, Testing for Linearizability, Concurrency and
// Computation 29(4), 2017, section 5), forwards over the events, with all alternatives at the same
// time. A configuration is (which of the pending operations have taken effect, what the register
// holds). An invocation makes an operation pending. At a response of `o` every configuration is
// continued in every way, by letting pending operations take effect one after the other, until `o`
// has; the configurations in which it has go on. The history is linearizable if and only if at
// least one configuration is left in the end.
//
// Why that is exact:
// 1. Every order that respects real time is tried. An operation may be assumed to take effect just
//    before a response (of itself or another operation): until then, waiting loses nothing, because
//    between responses the set of pending operations only grows.
// 2. Configurations that are equal have the same futures, so one of them is kept (Lowe's
//    memoisation; here a set, as all alternatives advance together).
// 3. An operation that only observes (a Get, a Remove that answered absent) takes effect as soon as
//    the register holds what it answered: any continuation without it is one with it, too, because
//    it changes nothing and constrains no other operation. This is the one short cut.
//
// Cost: with p operations pending, at most 2^p times (p + values possible before) configurations
// per response, so linear in the length of the history and exponential in the overlap only. A
// history may be split where nothing is pending; there, a configuration is just a value, so that
// what is possible goes from one part to the next and nothing is lost by the split.
#ifndef KVS_HARNESS_VERIFY_REGISTER_CHECKER_H_
#define KVS_HARNESS_VERIFY_REGISTER_CHECKER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/verify/register_history.h"

namespace kvs::verify {

// A moment at which no operation was pending, and all that the register may have held then.
struct Quiescence {
  uint64_t after_ns = 0;  // operations with a later invocation come after it
  std::vector<RegisterValue> possible;
};

// Thread safety: one thread at a time.
class RegisterChecker {
 public:
  static constexpr size_t kMostPending = 64;

  // `possible`: what the register may hold at the beginning; not empty.
  explicit RegisterChecker(std::vector<RegisterValue> possible = {kAbsent});

  // Goes on with `operations`, in any order, complete, all of them invoked after every response of
  // earlier calls. Returns nothing while the history is linearizable; otherwise the index in
  // `operations` of the first one whose response no order explains, and the checker is spent. At
  // most kMostPending operations may overlap: more throws std::invalid_argument.
  std::optional<size_t> Check(std::span<const RegisterOperation> operations);

  // What the register may hold after the operations so far.
  const std::vector<RegisterValue>& possible() const { return possible_; }

  // Records the quiescent moments of later calls in `quiescences`, which must outlive them.
  void Record(std::vector<Quiescence>* quiescences) { quiescences_ = quiescences; }

  // The largest number of configurations at any time, and the operations that overlapped another.
  size_t most_configurations() const { return most_configurations_; }
  uint64_t overlapping() const { return overlapping_; }

 private:
  std::vector<RegisterValue> possible_;
  std::vector<Quiescence>* quiescences_ = nullptr;
  size_t most_configurations_ = 0;
  uint64_t overlapping_ = 0;
};

}  // namespace kvs::verify

#endif  // KVS_HARNESS_VERIFY_REGISTER_CHECKER_H_
