#include "harness/driver/window_slices.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace kvs {
namespace window_slices {

constexpr uint64_t kStartNs = 1'000'000'000'000;
constexpr uint64_t kSecondNs = 1'000'000'000;

// The slices of a window in which 1000 operations complete in a second and whoever takes the slices
// comes `late_ns` too late each time.
std::vector<Slice> SlicesOf(uint64_t window_ns, uint64_t late_ns) {
  const auto operations = [](uint64_t at_ns) { return (at_ns - kStartNs) / 1'000'000; };
  WindowSlices slices(kStartNs);
  const uint64_t end_ns = kStartNs + window_ns;
  while (slices.NextNs() + late_ns < end_ns) {
    const uint64_t now_ns = slices.NextNs() + late_ns;
    slices.Note(now_ns, operations(now_ns));
  }
  return slices.Finish(end_ns, operations(end_ns));
}

double LengthS(const std::vector<Slice>& slices) {
  double length_s = 0;
  for (const Slice& slice : slices) length_s += slice.length_s;
  return length_s;
}

uint64_t Operations(const std::vector<Slice>& slices) {
  uint64_t operations = 0;
  for (const Slice& slice : slices) operations += slice.operations;
  return operations;
}

TEST(WindowSlicesTest, TwoSecondsAreFortySlicesOfFiftyMilliseconds) {
  const std::vector<Slice> slices = SlicesOf(2 * kSecondNs, 0);
  ASSERT_EQ(slices.size(), 40u);
  for (const Slice& slice : slices) {
    EXPECT_NEAR(slice.length_s, 0.05, 1e-9);
    EXPECT_EQ(slice.operations, 50u);
  }
}

TEST(WindowSlicesTest, ALongWindowHasLongSlices) {
  const std::vector<Slice> slices = SlicesOf(60 * kSecondNs, 0);
  ASSERT_EQ(slices.size(), 38u);  // 37.5 of 1.6 s
  EXPECT_NEAR(slices.front().length_s, 1.6, 1e-9);
  EXPECT_EQ(slices.front().operations, 1600u);
  EXPECT_NEAR(slices.back().length_s, 0.8, 1e-9);
}

TEST(WindowSlicesTest, AShortRestJoinsTheLastSlice) {
  const std::vector<Slice> slices = SlicesOf(1'020'000'000, 0);
  ASSERT_EQ(slices.size(), 20u);
  EXPECT_NEAR(slices.back().length_s, 0.07, 1e-9);
  EXPECT_EQ(slices.back().operations, 70u);
}

TEST(WindowSlicesTest, AWindowShorterThanASliceIsOne) {
  const std::vector<Slice> slices = SlicesOf(3'000'000, 0);
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_NEAR(slices.front().length_s, 0.003, 1e-9);
}

RC_GTEST_PROP(WindowSlicesTest, TheyCoverTheWindowAndAreNeverManyNorShort, ()) {
  const auto window_ns = *rc::gen::inRange<uint64_t>(1'000'000, 1000 * kSecondNs);
  const auto late_ns = *rc::gen::element<uint64_t>(0, 1'000'000, 40'000'000, 300'000'000);
  const std::vector<Slice> slices = SlicesOf(window_ns, late_ns);
  RC_ASSERT(Operations(slices) == window_ns / 1'000'000);
  RC_ASSERT(std::abs(LengthS(slices) - 1e-9 * static_cast<double>(window_ns)) < 1e-6);
  RC_ASSERT(slices.size() <= WindowSlices::kMostSlices);
  if (late_ns == 0 && window_ns > kSecondNs) RC_ASSERT(slices.size() >= 20u);
  if (slices.size() == 1) return;
  for (const Slice& slice : slices) RC_ASSERT(slice.length_s > 0.0249);
}

}  // namespace window_slices
}  // namespace kvs
