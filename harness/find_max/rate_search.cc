#include "harness/find_max/rate_search.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kvs::find_max {

RateSearch::RateSearch(const RateBounds& bounds)
    : bounds_(bounds),
      next_({std::max(bounds.lowest_per_s, bounds.highest_per_s / 2), ProbePurpose::kBracket}),
      limit_per_s_(bounds.highest_per_s) {
  assert(bounds.lowest_per_s > 0 && bounds.highest_per_s >= bounds.lowest_per_s);
  assert(bounds.resolution > 0 && bounds.confirmations > 0);
}

std::optional<PlannedProbe> RateSearch::Next() const { return next_; }

void RateSearch::Take(bool held) {
  assert(next_);
  if (next_->purpose == ProbePurpose::kConfirm) {
    ++(held ? confirmed_ : refuted_);
    if (2 * refuted_ >= bounds_.confirmations) {
      Fail();
    } else if (confirmed_ + refuted_ == bounds_.confirmations) {
      next_.reset();
    }
    return;
  }
  if (!held && !failed_once_) {
    failed_once_ = true;
    return;
  }
  failed_once_ = false;
  if (held) {
    held_per_s_ = next_->rate_per_s;
    Bisect();
  } else {
    Fail();
  }
}

std::optional<double> RateSearch::found_per_s() const {
  if (next_ || held_per_s_ == 0) return std::nullopt;
  return held_per_s_;
}

void RateSearch::Fail() {
  const double rate_per_s = next_->rate_per_s;
  failed_per_s_ = limit_per_s_ = rate_per_s;
  if (next_->purpose == ProbePurpose::kBisect) {
    Bisect();
  } else if (rate_per_s <= bounds_.lowest_per_s) {
    held_per_s_ = 0;
    next_.reset();
  } else if (next_->purpose == ProbePurpose::kBracket) {
    next_->rate_per_s = std::max(bounds_.lowest_per_s, rate_per_s / 2);
  } else {
    const double step = std::pow(1 + bounds_.resolution, steps_);
    steps_ *= 2;
    Confirm(std::max(bounds_.lowest_per_s, rate_per_s / step));
  }
}

void RateSearch::Bisect() {
  if (limit_per_s_ <= held_per_s_ * (1 + bounds_.resolution)) {
    Confirm(held_per_s_);
  } else {
    next_ = {std::sqrt(held_per_s_ * limit_per_s_), ProbePurpose::kBisect};
  }
}

void RateSearch::Confirm(double rate_per_s) {
  held_per_s_ = rate_per_s;
  confirmed_ = refuted_ = 0;
  next_ = {rate_per_s, ProbePurpose::kConfirm};
}

}  // namespace kvs::find_max
