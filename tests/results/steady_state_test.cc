#include "results/steady_state.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <vector>

#include "tests/results/model_generators.h"
#include "tests/results/synthetic_run.h"

namespace kvs {
namespace steady_state {

using Slices = std::vector<Slice>;

Slices EvenSlices(double length_s, const std::vector<uint64_t>& operations) {
  Slices slices;
  for (const uint64_t count : operations) slices.push_back({length_s, count});
  return slices;
}

// What scipy.stats.kendalltau(x, rates, method="asymptotic") and scipy.stats.theilslopes(rates, x)
// of SciPy 1.10 say of the same slices: z from the p-value, the slope times the window over
// numpy.median of the rates.
struct ScipyCase {
  Slices slices;
  double z;
  double change_share;
};

TEST(SteadyStateTest, AgreesWithScipy) {
  const ScipyCase cases[] = {
      {EvenSlices(0.1, {600, 667, 707, 739, 785, 806, 854, 902, 884, 898,
                        934, 943, 947, 935, 960, 981, 945, 967, 942, 957}),
       5.061308339279792, 0.3536185716116512},
      {EvenSlices(0.1, {907, 988, 936, 1013, 1007, 990, 874, 973,  997, 1005,
                        923, 976, 951, 959,  1053, 959, 998, 1044, 970, 994}),
       0.9413798360837334, 0.04327902240325867},
      {EvenSlices(0.05, {30, 29, 30, 28, 29, 29, 27, 28, 27, 27, 28, 26}), -2.9649110736105735,
       -0.1357142857142857},
      {{{0.05, 450},
        {0.06, 570},
        {0.05, 440},
        {0.11, 1089},
        {0.05, 485},
        {0.05, 525},
        {0.07, 728},
        {0.05, 550},
        {0.05, 545},
        {0.052, 613},
        {0.03, 345}},
       3.3475454598945493,
       0.2760355029585799},
  };
  for (const ScipyCase& expected : cases) {
    const std::optional<Trend> trend = TrendOf(expected.slices);
    ASSERT_TRUE(trend);
    EXPECT_NEAR(trend->z, expected.z, 1e-6);
    EXPECT_NEAR(trend->change_share, expected.change_share, 1e-9);
  }
}

TEST(SteadyStateTest, ADriftIsBothBeyondChanceAndLarge) {
  EXPECT_TRUE((Trend{.z = 3.3, .change_share = 0.11}.Drifts()));
  EXPECT_TRUE((Trend{.z = -3.3, .change_share = -0.11}.Drifts()));
  EXPECT_FALSE((Trend{.z = 3.2, .change_share = 0.5}.Drifts()));
  EXPECT_FALSE((Trend{.z = 6, .change_share = 0.09}.Drifts()));
}

TEST(SteadyStateTest, WhatIsConstantHasNoTrend) {
  const std::optional<Trend> trend = TrendOf(EvenSlices(0.1, std::vector<uint64_t>(20, 500)));
  ASSERT_TRUE(trend);
  EXPECT_EQ(trend->z, 0);
  EXPECT_EQ(trend->change_share, 0);
}

TEST(SteadyStateTest, TooFewSlicesOrOperationsTellNothing) {
  std::vector<uint64_t> rising(kFewestSlices);
  std::iota(rising.begin(), rising.end(), 1);
  EXPECT_TRUE(TrendOf(EvenSlices(0.1, rising)));
  rising.pop_back();
  EXPECT_FALSE(TrendOf(EvenSlices(0.1, rising)));
  EXPECT_FALSE(TrendOf(Slices{}));
  std::vector<uint64_t> stalled(20, 0);
  stalled.back() = 1000;
  EXPECT_FALSE(TrendOf(EvenSlices(0.1, stalled)));
}

RC_GTEST_PROP(SteadyStateTest, BackwardsTheTrendIsTheOpposite, ()) {
  const auto operations =
      *rc::gen::container<std::vector<uint64_t>>(20, rc::gen::inRange<uint64_t>(1, 1000));
  Slices slices = EvenSlices(0.25, operations);
  const std::optional<Trend> forwards = TrendOf(slices);
  std::reverse(slices.begin(), slices.end());
  const std::optional<Trend> backwards = TrendOf(slices);
  RC_ASSERT(forwards && backwards);
  RC_ASSERT(forwards->z == -backwards->z);
  RC_ASSERT(std::abs(forwards->change_share + backwards->change_share) < 1e-9);
}

RC_GTEST_PROP(SteadyStateTest, NeitherTheUnitOfTimeNorThatOfOperationsMatters, ()) {
  const auto operations =
      *rc::gen::container<std::vector<uint64_t>>(15, rc::gen::inRange<uint64_t>(1, 1000));
  std::vector<uint64_t> eightfold = operations;
  for (uint64_t& count : eightfold) count *= 8;
  const std::optional<Trend> one = TrendOf(EvenSlices(0.25, operations));
  const std::optional<Trend> other = TrendOf(EvenSlices(2, eightfold));
  RC_ASSERT(one && other);
  RC_ASSERT(one->z == other->z);
  RC_ASSERT(std::abs(one->change_share - other->change_share) < 1e-9);
}

Trial TrialThatChangesBy(double change_share) {
  Trial trial = SyntheticTrial(SyntheticCell("lmdb"), 0, 1e6);
  MakeDrift(change_share, trial);
  return trial;
}

std::optional<SteadyState> StateOf(const std::vector<Trial>& trials) {
  std::vector<const Trial*> pointers;
  for (const Trial& trial : trials) pointers.push_back(&trial);
  return SteadyStateOf(pointers);
}

TEST(SteadyStateTest, MostTrialsOfACellDecide) {
  const Trial up = TrialThatChangesBy(0.3);
  const Trial down = TrialThatChangesBy(-0.3);
  const Trial steady = TrialThatChangesBy(0);
  EXPECT_EQ(StateOf({steady, steady, up})->Verdict(), Steadiness::kSteady);
  EXPECT_EQ(StateOf({up, steady, up})->Verdict(), Steadiness::kRising);
  EXPECT_EQ(StateOf({down, steady, down})->Verdict(), Steadiness::kFalling);
  EXPECT_EQ(StateOf({up, down})->Verdict(), Steadiness::kSteady);
  EXPECT_EQ(StateOf({up})->Verdict(), Steadiness::kRising);
  const std::optional<SteadyState> falling = StateOf({down, steady, down, up});
  EXPECT_EQ(falling->trials_tested, 4u);
  EXPECT_EQ(falling->trials_rising, 1u);
  EXPECT_EQ(falling->trials_falling, 2u);
  EXPECT_NEAR(StateOf({down, up, down})->change_share, 0.3, 0.02);
}

TEST(SteadyStateTest, WhatWasNotTestedIsNoTrialOfTheVerdict) {
  Trial old = TrialThatChangesBy(0.3);
  old.slices.reset();
  Trial failed = TrialThatChangesBy(0.3);
  failed.status = TrialStatus::kFailed;
  EXPECT_FALSE(StateOf({old, failed}));
  const std::optional<SteadyState> state = StateOf({old, failed, TrialThatChangesBy(-0.3)});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->trials_tested, 1u);
  EXPECT_EQ(state->Verdict(), Steadiness::kFalling);
}

RC_GTEST_PROP(SteadyStateTest, AVerdictOfAnyTrialsHasTheSignOfTheirMedian, ()) {
  const auto trials = *AnyTrials();
  const std::optional<SteadyState> state = StateOf(trials);
  if (!state) return;
  RC_ASSERT(std::isfinite(state->change_share));
  if (state->Verdict() != Steadiness::kSteady) RC_ASSERT(state->change_share > kChangeShareLimit);
}

}  // namespace steady_state
}  // namespace kvs
