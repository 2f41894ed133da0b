#include "workloads/size_histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace kvs::size_histogram {
namespace {

constexpr uint64_t kMostBytes = 1 << 20;

SizeHistogram Parse(std::string_view text) { return ParseSizeHistogram(text, "h.txt", kMostBytes); }

std::string Refusal(std::string_view text) {
  try {
    Parse(text);
  } catch (const SpecError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SizeHistogramTest, ReadsYcsbsFormat) {
  const SizeHistogram expected{.block_bytes = 100, .weights = {5, 0, 12}};
  EXPECT_EQ(Parse("BlockSize\t100\n0\t5\n1\t0\n2\t12\n"), expected);
  EXPECT_EQ(Parse("BlockSize 100\r\n0 5\r\n\r\n1   0\r\n2 12\r\n3 0"), expected);
}

TEST(SizeHistogramTest, WhatIsWrongIsNamedWithItsLine) {
  EXPECT_EQ(Refusal(""), "h.txt:1: expected 'BlockSize <bytes>', 1 to 1048576");
  EXPECT_EQ(Refusal("0\t5\n"), "h.txt:1: expected 'BlockSize <bytes>', 1 to 1048576");
  EXPECT_EQ(Refusal("BlockSize\t0\n0 1"), "h.txt:1: expected 'BlockSize <bytes>', 1 to 1048576");
  EXPECT_EQ(Refusal("BlockSize\t1048577\n"), "h.txt:1: expected 'BlockSize <bytes>', 1 to 1048576");
  const std::string in_order =
      ": buckets stand in order, weights are whole numbers up to 1099511627776";
  EXPECT_EQ(Refusal("BlockSize\t10\n0\t1\n2\t1"), "h.txt:3: expected '1 <weight>'" + in_order);
  EXPECT_EQ(Refusal("BlockSize\t10\n\n0\tfew"), "h.txt:3: expected '0 <weight>'" + in_order);
  EXPECT_EQ(Refusal("BlockSize\t10\n0\t1\t1"), "h.txt:2: expected '0 <weight>'" + in_order);
  EXPECT_EQ(Refusal("BlockSize\t10\n0\t-1"), "h.txt:2: expected '0 <weight>'" + in_order);
  EXPECT_EQ(Refusal("BlockSize\t10\n0"), "h.txt:2: expected '0 <weight>'" + in_order);
  EXPECT_EQ(Refusal("BlockSize\t1000000\n0\t1\n1\t1"),
            "h.txt:3: bucket 1 means 2000000 bytes, more than 1048576");
  EXPECT_EQ(Refusal("BlockSize\t10\n0\t0\n"), "h.txt:2: no bucket has a weight above 0");
}

TEST(SizeHistogramTest, TextIsToldFromTheNameOfAFile) {
  EXPECT_TRUE(IsSizeHistogram("BlockSize\t10\n0\t1"));
  EXPECT_FALSE(IsSizeHistogram("hist.txt"));
  EXPECT_FALSE(IsSizeHistogram(""));
}

RC_GTEST_PROP(SizeHistogramTest, ItsTextMakesAnEqualOne, ()) {
  SizeHistogram histogram;
  histogram.block_bytes = *rc::gen::inRange(1u, 1000u);
  histogram.weights = *rc::gen::container<std::vector<uint64_t>>(rc::gen::inRange(0, 5));
  histogram.weights.push_back(*rc::gen::inRange<uint64_t>(1, uint64_t{1} << 40));
  RC_ASSERT(Parse(SizeHistogramText(histogram)) == histogram);
  RC_ASSERT(IsSizeHistogram(SizeHistogramText(histogram)));
}

}  // namespace
}  // namespace kvs::size_histogram
