// The search for the highest rate that holds: which rate to probe next, given what came out.
#ifndef KVS_HARNESS_FIND_MAX_RATE_SEARCH_H_
#define KVS_HARNESS_FIND_MAX_RATE_SEARCH_H_

#include <cstdint>
#include <optional>

namespace kvs::find_max {

struct RateBounds {
  double lowest_per_s = 1;     // > 0: no lower rate is probed
  double highest_per_s = 1;    // >= lowest_per_s: no rate so high is probed; it is taken to fail
  double resolution = 0.03;    // > 0: the search ends when what fails is at most this share above
  unsigned confirmations = 3;  // > 0
};

enum class ProbePurpose : uint8_t { kBracket, kBisect, kConfirm };

struct PlannedProbe {
  double rate_per_s = 0;
  ProbePurpose purpose = ProbePurpose::kBracket;
};

// Halves the highest rate until one holds, then bisects between what holds and what fails, both in
// the logarithm of the rate, and confirms the outcome by probes of that rate alone.
//
// A probe is an observation with noise, and more of a rate need not be worse, so
// 1. a failure counts only when a second probe of the same rate, right after, fails too;
// 2. a rate is found only when the majority of `confirmations` probes of it hold, those not counted
//    that led there;
// 3. a rate that is not confirmed fails, and the confirmation goes on a step of the resolution
//    below it, then two steps below that, four ... until one is confirmed or the lowest is reached.
// The number of probes is bounded, whatever comes out of them: by the logarithm of
// highest/lowest, and by that of 1/resolution.
//
// A pure state machine: the same answers lead to the same probes. Thread safety: one thread.
class RateSearch {
 public:
  explicit RateSearch(const RateBounds& bounds);

  // Nothing once the search is over.
  std::optional<PlannedProbe> Next() const;
  // What became of the probe at Next(), which is there.
  void Take(bool held);

  // The highest rate that was confirmed. Nothing while the search goes on, and when not even the
  // lowest rate holds.
  std::optional<double> found_per_s() const;
  // The lowest rate that failed; nothing when none did.
  std::optional<double> fails_at_per_s() const { return failed_per_s_; }

 private:
  void Fail();
  void Bisect();
  void Confirm(double rate_per_s);

  const RateBounds bounds_;
  std::optional<PlannedProbe> next_;
  bool failed_once_ = false;  // the rate of next_, outside of confirmations
  double held_per_s_ = 0;
  double limit_per_s_;  // taken to fail
  std::optional<double> failed_per_s_;
  unsigned confirmed_ = 0;
  unsigned refuted_ = 0;
  double steps_ = 1;
};

}  // namespace kvs::find_max

#endif  // KVS_HARNESS_FIND_MAX_RATE_SEARCH_H_
