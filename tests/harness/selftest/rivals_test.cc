#include "harness/selftest/rivals.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvs::detector {
namespace {

struct UTestCase {
  std::vector<double> first;
  std::vector<double> second;
  double p;
};

#include "tests/harness/selftest/u_test_reference.inc"

TEST(UTestTest, AgreesWithComparePy) {
  for (const UTestCase& example : kUTestCases) {
    EXPECT_NEAR(UTestP(example.first, example.second), example.p, 1e-9 * example.p)
        << example.first.size() << " and " << example.second.size();
    EXPECT_NEAR(UTestP(example.second, example.first), example.p, 1e-9 * example.p);
  }
}

TEST(UTestTest, AChangeGoesWhereTheCandidateLies) {
  const std::vector<double> low = {1, 2, 3, 4, 5, 6}, high = {11, 12, 13, 14, 15, 16};
  EXPECT_EQ(JudgeByUTest(low, high, /*higher_is_better=*/true), Verdict::kImproved);
  EXPECT_EQ(JudgeByUTest(high, low, /*higher_is_better=*/true), Verdict::kRegressed);
  EXPECT_EQ(JudgeByUTest(low, high, /*higher_is_better=*/false), Verdict::kRegressed);
  EXPECT_EQ(JudgeByUTest(low, low, /*higher_is_better=*/true), Verdict::kOk);
}

TEST(RatioTest, IsAChangeBeyondTenPercent) {
  EXPECT_EQ(JudgeByRatio(100, 91, /*higher_is_better=*/true), Verdict::kOk);
  EXPECT_EQ(JudgeByRatio(100, 89, /*higher_is_better=*/true), Verdict::kRegressed);
  EXPECT_EQ(JudgeByRatio(100, 109, /*higher_is_better=*/true), Verdict::kOk);
  EXPECT_EQ(JudgeByRatio(100, 111, /*higher_is_better=*/true), Verdict::kImproved);
  EXPECT_EQ(JudgeByRatio(100, 111, /*higher_is_better=*/false), Verdict::kRegressed);
}

}  // namespace
}  // namespace kvs::detector
