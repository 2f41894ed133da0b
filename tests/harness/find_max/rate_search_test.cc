#include "harness/find_max/rate_search.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kvs::find_max {
namespace {

struct Searched {
  std::vector<PlannedProbe> probes;
  std::vector<bool> held;
  std::optional<double> found_per_s;
  std::optional<double> fails_at_per_s;
};

// Searches on a model engine: `holds` says what becomes of a probe of a rate.
Searched Search(const RateBounds& bounds, const std::function<bool(double)>& holds) {
  RateSearch search(bounds);
  Searched searched;
  while (const std::optional<PlannedProbe> probe = search.Next()) {
    EXPECT_FALSE(search.found_per_s().has_value()) << "it is not over";
    searched.probes.push_back(*probe);
    searched.held.push_back(holds(probe->rate_per_s));
    search.Take(searched.held.back());
    if (searched.probes.size() > 10'000) {
      ADD_FAILURE() << "never ends";
      break;
    }
  }
  searched.found_per_s = search.found_per_s();
  searched.fails_at_per_s = search.fails_at_per_s();
  return searched;
}

// An upper bound of the probes, whatever they answer.
double MostProbes(const RateBounds& bounds) {
  const double range = std::log2(bounds.highest_per_s / bounds.lowest_per_s);
  const double halvings = range + 2;
  const double bisections = std::log2(range / std::log2(1 + bounds.resolution) + 2) + 2;
  const double steps = bisections;
  return 2 * halvings + 2 * bisections + bounds.confirmations * (steps + 1);
}

std::vector<bool> Confirmations(const Searched& searched, double rate_per_s) {
  std::vector<bool> held;
  for (size_t i = 0; i < searched.probes.size(); ++i) {
    if (searched.probes[i].purpose == ProbePurpose::kConfirm &&
        searched.probes[i].rate_per_s == rate_per_s) {
      held.push_back(searched.held[i]);
    }
  }
  return held;
}

TEST(RateSearchTest, FindsTheStepOfAnEngineWithoutNoise) {
  constexpr RateBounds kBounds{.lowest_per_s = 100, .highest_per_s = 1e6};
  for (double step = 110; step < 1e6; step *= 1.37) {
    const Searched searched = Search(kBounds, [step](double rate) { return rate <= step; });
    ASSERT_TRUE(searched.found_per_s.has_value()) << step;
    EXPECT_LE(*searched.found_per_s, step);
    EXPECT_GE(*searched.found_per_s, step / (1 + kBounds.resolution) * (1 - 1e-12));
    if (searched.fails_at_per_s) {
      EXPECT_GT(*searched.fails_at_per_s, step);
      EXPECT_LE(*searched.fails_at_per_s, *searched.found_per_s * (1 + kBounds.resolution));
    }
    EXPECT_EQ(Confirmations(searched, *searched.found_per_s), (std::vector<bool>(3, true)));
  }
}

TEST(RateSearchTest, AFailureIsBelievedWhenItIsRepeated) {
  // The very first probe fails once, as when the machine was busy for a moment.
  bool first = true;
  const auto holds = [&first](double rate) { return !std::exchange(first, false) && rate <= 80; };
  const Searched searched = Search({.lowest_per_s = 1, .highest_per_s = 100}, holds);
  EXPECT_EQ(searched.probes[0].rate_per_s, 50);
  EXPECT_EQ(searched.probes[1].rate_per_s, 50);
  EXPECT_EQ(searched.probes[2].purpose, ProbePurpose::kBisect);
  EXPECT_GE(*searched.found_per_s, 80 / 1.03);
}

TEST(RateSearchTest, WhatNeverHoldsIsSoughtDownToTheLowestRate) {
  const Searched searched =
      Search({.lowest_per_s = 30, .highest_per_s = 1000}, [](double) { return false; });
  EXPECT_FALSE(searched.found_per_s.has_value());
  EXPECT_EQ(searched.fails_at_per_s, 30.0);
  EXPECT_EQ(searched.probes.back().rate_per_s, 30);
  for (const PlannedProbe& probe : searched.probes) EXPECT_GE(probe.rate_per_s, 30);
}

TEST(RateSearchTest, WhatAlwaysHoldsIsFoundJustBelowTheHighestRate) {
  const Searched searched =
      Search({.lowest_per_s = 30, .highest_per_s = 1000}, [](double) { return true; });
  ASSERT_TRUE(searched.found_per_s.has_value());
  EXPECT_GE(*searched.found_per_s, 1000 / 1.03);
  EXPECT_LT(*searched.found_per_s, 1000);
  EXPECT_FALSE(searched.fails_at_per_s.has_value()) << "nothing failed";
}

TEST(RateSearchTest, OneRateAloneIsJudged) {
  const RateBounds bounds{.lowest_per_s = 7, .highest_per_s = 7, .confirmations = 2};
  EXPECT_EQ(Search(bounds, [](double) { return true; }).found_per_s, 7.0);
  EXPECT_FALSE(Search(bounds, [](double) { return false; }).found_per_s.has_value());
}

TEST(RateSearchTest, WhatHeldOnlyByLuckIsNotFound) {
  // Holds while it is sought, and fails as soon as the rate is to be confirmed; then below 200.
  RateSearch search({.lowest_per_s = 1, .highest_per_s = 1000});
  double first_confirmed = 0;
  while (const std::optional<PlannedProbe> probe = search.Next()) {
    const bool confirming = probe->purpose == ProbePurpose::kConfirm;
    if (confirming && first_confirmed == 0) first_confirmed = probe->rate_per_s;
    search.Take(!confirming || probe->rate_per_s < 200);
  }
  ASSERT_TRUE(search.found_per_s().has_value());
  EXPECT_GT(first_confirmed, 900);
  EXPECT_LT(*search.found_per_s(), 200);
  EXPECT_GE(*search.fails_at_per_s(), 200);
}

TEST(RateSearchTest, AMajorityConfirms) {
  // The first probe, of 99, holds and is within the resolution of 100.
  const auto confirmed = [](unsigned confirmations, const std::vector<bool>& answers) {
    RateSearch search({.lowest_per_s = 99, .highest_per_s = 100, .confirmations = confirmations});
    search.Take(true);
    for (const bool held : answers) search.Take(held);
    EXPECT_FALSE(search.Next().has_value());
    return search.found_per_s().has_value();
  };
  EXPECT_TRUE(confirmed(3, {true, false, true}));
  EXPECT_TRUE(confirmed(3, {false, true, true}));
  EXPECT_FALSE(confirmed(3, {false, true, false}));
  EXPECT_FALSE(confirmed(3, {false, false})) << "the third could change nothing";
  EXPECT_FALSE(confirmed(2, {true, false})) << "half is no majority";
  EXPECT_TRUE(confirmed(1, {true}));
  EXPECT_FALSE(confirmed(1, {false}));
}

// Whatever the engine: a search ends, probes only between its bounds, and finds only what most of
// the last probes held; and it is the same again for the same answers.
RC_GTEST_PROP(RateSearchTest, NoAnswersMisleadIt, ()) {
  RateBounds bounds;
  bounds.lowest_per_s = *rc::gen::inRange(1, 1000) / 10.0;
  bounds.highest_per_s = bounds.lowest_per_s * (1 + *rc::gen::inRange(0, 1'000'000) / 10.0);
  bounds.resolution = *rc::gen::inRange(1, 50) / 100.0;
  bounds.confirmations = *rc::gen::inRange(1u, 6u);
  const auto percent_held = *rc::gen::inRange(0u, 101u);
  const auto seed = *rc::gen::arbitrary<uint32_t>();
  const auto search_once = [&] {
    std::mt19937 random(seed);
    return Search(bounds, [&](double) { return random() % 100 < percent_held; });
  };
  const Searched searched = search_once();
  RC_ASSERT(static_cast<double>(searched.probes.size()) <= MostProbes(bounds));
  for (const PlannedProbe& probe : searched.probes) {
    RC_ASSERT(probe.rate_per_s >= bounds.lowest_per_s);
    RC_ASSERT(probe.rate_per_s <= bounds.highest_per_s);
  }
  if (searched.found_per_s) {
    RC_ASSERT(searched.probes.size() >= bounds.confirmations);
    const auto last = searched.held.end() - bounds.confirmations;
    RC_ASSERT(2 * std::count(last, searched.held.end(), true) >
              static_cast<ptrdiff_t>(bounds.confirmations));
    RC_ASSERT(searched.probes.back().rate_per_s == *searched.found_per_s);
  } else {
    RC_ASSERT(searched.fails_at_per_s == bounds.lowest_per_s);
  }
  const Searched again = search_once();
  RC_ASSERT(again.found_per_s == searched.found_per_s);
  RC_ASSERT(again.held == searched.held);
}

// A step with noise around it, and probes below it that fail because the machine was busy: the
// result is never above the step by more than the noise.
RC_GTEST_PROP(RateSearchTest, NoiseMovesTheResultLittle, ()) {
  std::mt19937 random(*rc::gen::arbitrary<uint32_t>());
  const double step = *rc::gen::inRange(1000, 90'000);
  constexpr double kNoise = 0.05;
  const auto holds = [&](double rate) {
    const double above = std::log(rate / step);
    if (above > kNoise) return false;
    if (above < -kNoise) return random() % 100 >= 1;
    return (above <= 0) != (random() % 100 < 30);
  };
  const Searched searched = Search({.lowest_per_s = 100, .highest_per_s = 100'000}, holds);
  RC_ASSERT(searched.found_per_s.has_value());
  const double off = std::log(*searched.found_per_s / step);
  RC_ASSERT(off <= kNoise);
  RC_CLASSIFY(off > -0.1, "less than 10% below");
}

}  // namespace
}  // namespace kvs::find_max
