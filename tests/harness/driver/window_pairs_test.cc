#include "harness/driver/window_pairs.h"

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/driver/driver_fixture.h"

namespace kvs {
namespace {

using ::testing::SizeIs;

constexpr uint64_t kOperations = 500;
constexpr WindowPairsPlan kFourUnsampled{
    .count = 4, .reference_threads = 1, .reference_is_sampled = false};

struct PairsFixture : DriverFixture {
  PairsFixture() : DriverFixture("recordcount=100\nreadproportion=1\nupdateproportion=0") {
    options.threads = 1;
    options.operations = kOperations;
    options.sampling_period = 1;
    LoadAll();
  }
  WindowPairs Measure(const WindowPairsPlan& plan) {
    return MeasureWindowPairs(engine, /*stores_data=*/true, spec, keys, values, options, plan);
  }
};

TEST(WindowPairsTest, TheMeasuredOneIsSampledAndItsReferenceIsNot) {
  PairsFixture fixture;
  const WindowPairs measured = fixture.Measure(kFourUnsampled);
  ASSERT_THAT(measured.windows, SizeIs(8));
  uint64_t operations = 0;
  for (size_t i = 0; i < measured.windows.size(); ++i) {
    EXPECT_GE(measured.windows[i].operations, kOperations);
    EXPECT_GT(measured.windows[i].length_s, 0);
    if (i % 2 == 0) operations += measured.windows[i].operations;
  }
  // Those that a window begins in, or before its phase was seen, are counted and not timed.
  EXPECT_LE(measured.samples, operations);
  EXPECT_GE(measured.samples, 4 * kOperations / 2);
  EXPECT_EQ(measured.reference_samples, 0u);
  EXPECT_EQ(measured.wrong.count, 0u);
  EXPECT_FALSE(measured.interrupted);
}

TEST(WindowPairsTest, EachHasItsThreadsAndEitherComesFirst) {
  PairsFixture fixture;
  fixture.options.threads = 3;
  // Handles that are there when a window's first operation is.
  std::mutex mutex;
  std::vector<int64_t> handles;
  std::atomic<uint64_t> of_window{0};
  fixture.store->before = [&](std::string_view, std::string_view) {
    const std::scoped_lock lock(mutex);
    const auto now = static_cast<uint64_t>(fixture.store->clones);
    if (now == of_window) return;
    of_window = now;
    handles.push_back(fixture.store->handles - 1);
  };
  fixture.Measure({.count = 20, .reference_threads = 1, .reference_is_sampled = true});
  // Two windows tell the periods.
  ASSERT_THAT(handles, SizeIs(2 + 2 * 20));
  std::set<std::vector<int64_t>> pairs;
  for (size_t i = 2; i < handles.size(); i += 2) pairs.insert({handles[i], handles[i + 1]});
  EXPECT_EQ(pairs, (std::set<std::vector<int64_t>>{{1, 3}, {3, 1}}));
}

TEST(WindowPairsTest, AWindowMayBeATime) {
  PairsFixture fixture;
  fixture.options.operations.reset();
  fixture.options.duration_s = 0.02;
  fixture.store->clones = 0;
  const WindowPairs measured = fixture.Measure(kFourUnsampled);
  EXPECT_EQ(fixture.store->clones, 2u + 8u) << "two tell the periods";
  // On a busy machine a window may have no operation; its pair is then left out.
  EXPECT_FALSE(measured.windows.empty());
  EXPECT_EQ(measured.windows.size() % 2, 0u);
  for (const Slice& window : measured.windows) {
    EXPECT_GE(window.length_s, 0.02);
    EXPECT_GT(window.operations, 0u);
  }
}

TEST(WindowPairsTest, AnInterruptLeavesWholePairs) {
  PairsFixture fixture;
  std::atomic<bool> is_interrupted = false;
  fixture.options.interrupted = &is_interrupted;
  fixture.store->before = [&](std::string_view, std::string_view) {
    if (fixture.store->clones > 20) is_interrupted = true;
  };
  const WindowPairs measured =
      fixture.Measure({.count = 10'000, .reference_threads = 1, .reference_is_sampled = false});
  EXPECT_TRUE(measured.interrupted);
  EXPECT_FALSE(measured.windows.empty());
  EXPECT_EQ(measured.windows.size() % 2, 0u);
  for (const Slice& window : measured.windows) EXPECT_GE(window.operations, kOperations);
  EXPECT_LT(fixture.store->clones, 30) << "it measured on";
}

TEST(WindowPairsTest, WrongAnswersOfAllWindowsAreThere) {
  PairsFixture fixture;
  fixture.store->answer = [](std::string_view, bool& found, std::string&) { found = false; };
  // Of two windows that tell the periods, too.
  EXPECT_GE(fixture.Measure(kFourUnsampled).wrong.count, 10 * kOperations);
}

TEST(WindowPairsTest, AFailureIsNoFigure) {
  PairsFixture fixture;
  fixture.store->before = [](std::string_view, std::string_view) {
    throw EngineError(ErrorKind::kIo, "model", "get", "", "no disk");
  };
  EXPECT_THROW(fixture.Measure(kFourUnsampled), EngineError);
}

}  // namespace
}  // namespace kvs
