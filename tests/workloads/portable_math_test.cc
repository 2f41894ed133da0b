#include "workloads/portable_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "workloads/random.h"

namespace kvs {
namespace {

// The distance of `got` from `want` in units of the last place of `want`.
long double Ulps(double got, long double want) {
  int exponent = 0;
  std::frexp(static_cast<double>(want), &exponent);
  return std::fabs(got - want) / std::ldexp(1.0L, exponent - 53);
}

// `long double` must be wider than double for the comparison to mean anything.
static_assert(std::numeric_limits<long double>::digits >= 64);

constexpr int kSamples = 200'000;

TEST(PortableMathTest, LogIsWithinTheStatedError) {
  Random random(1);
  long double worst = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double wide = std::exp((random.NextUnit() - 0.5) * 600);
    const double near_one = 1 + (random.NextUnit() - 0.5) * std::exp(-30 * random.NextUnit());
    for (const double x : {wide, near_one})
      worst = std::max(worst, Ulps(Log(x), std::log(static_cast<long double>(x))));
  }
  EXPECT_LT(worst, 0.52L);
}

TEST(PortableMathTest, ExpIsWithinTheStatedError) {
  Random random(2);
  long double worst = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double wide = (random.NextUnit() - 0.5) * 1400;
    const double narrow = wide / 1000;
    for (const double x : {wide, narrow})
      worst = std::max(worst, Ulps(Exp(x), std::exp(static_cast<long double>(x))));
  }
  EXPECT_LT(worst, 0.52L);
}

TEST(PortableMathTest, PowIsWithinTheStatedError) {
  Random random(3);
  long double worst = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double shrinking = 0.8 + 0.2 * random.NextUnit();
    const double large = 1 + 1e9 * random.NextUnit();
    const double power = 2 * random.NextUnit() - 1;
    worst = std::max(
        worst, Ulps(Pow(shrinking, 100 * power), std::pow(static_cast<long double>(shrinking),
                                                          static_cast<long double>(100 * power))));
    worst = std::max(worst, Ulps(Pow(large, power), std::pow(static_cast<long double>(large),
                                                             static_cast<long double>(power))));
  }
  EXPECT_LT(worst, 0.52L);
}

TEST(PortableMathTest, LogOnePlusAndExpMinusOneAreAccurateNearZero) {
  Random random(4);
  long double worst = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double x = (random.NextUnit() - 0.5) * std::exp(-40 * random.NextUnit());
    worst = std::max(worst, Ulps(LogOnePlus(x), std::log1p(static_cast<long double>(x))));
    worst = std::max(worst, Ulps(ExpMinusOne(x), std::expm1(static_cast<long double>(x))));
  }
  EXPECT_LT(worst, 4);
}

TEST(PortableMathTest, KnowsTheExactCases) {
  EXPECT_EQ(Log(1), 0);
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(LogOnePlus(0), 0);
  EXPECT_EQ(ExpMinusOne(0), 0);
  EXPECT_EQ(Pow(2, 10), 1024);
  EXPECT_EQ(Pow(4, 0.5), 2);
  EXPECT_EQ(Pow(1, 1e300), 1);
}

TEST(PortableMathTest, LeavesTheRangeAsDocumented) {
  EXPECT_EQ(Exp(-1000), 0);
  EXPECT_EQ(Exp(1000), std::numeric_limits<double>::infinity());
  EXPECT_EQ(Pow(0.5, 5000), 0);
  EXPECT_EQ(Pow(2, 5000), std::numeric_limits<double>::infinity());
}

// Pins the bits: another compiler, optimisation or machine must not change one of them.
TEST(PortableMathTest, GivesTheSameBitsEverywhere) {
  Random random(5);
  uint64_t digest = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double x = 1e-3 + random.NextUnit();
    for (const double y : {Log(x), Exp(x), Pow(x, 99 * x), LogOnePlus(x), ExpMinusOne(-x)}) {
      digest = Mix64(digest + std::bit_cast<uint64_t>(y));
    }
  }
  EXPECT_EQ(digest, 11317190279640287306u);
}

}  // namespace
}  // namespace kvs
