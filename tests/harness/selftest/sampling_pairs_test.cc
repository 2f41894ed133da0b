#include "harness/selftest/sampling_pairs.h"

#include <cmath>
#include <random>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/model_engine.h"

namespace kvs::selftest {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr uint64_t kOperations = 500;

class SamplingPairsTest : public ::testing::Test {
 protected:
  SamplingPairsTest() : store_(std::make_shared<ModelStore>()), engine_(store_) {
    plan_.workload =
        ParseSpec("recordcount=100\nreadproportion=1\nupdateproportion=0", "test", "test", {});
    plan_.cell.threads = 1;
    plan_.operations = kOperations;
    plan_.sampling_period = 1;
  }

  SamplingPairs MeasureUntil(unsigned windows, unsigned pairs) {
    unsigned begun = 0;
    return MeasureSamplingPairs(engine_, /*stores_data=*/true, plan_, pairs, random_,
                                [&](std::string_view) { return ++begun <= windows; });
  }
  SamplingPairs Measure(unsigned pairs) { return MeasureUntil(1000, pairs); }

  const std::shared_ptr<ModelStore> store_;
  ModelEngine engine_;
  TrialPlan plan_;
  std::mt19937_64 random_{1};
};

TEST_F(SamplingPairsTest, OneWindowOfEachPairIsSampled) {
  const SamplingPairs measured = Measure(4);
  EXPECT_THAT(measured.pairs, SizeIs(4));
  EXPECT_EQ(measured.operations, 8 * kOperations);
  EXPECT_EQ(store_->gets, 8 * kOperations);
  EXPECT_EQ(measured.samples, 4 * kOperations);
  EXPECT_EQ(store_->sets, 100u) << "loaded once";
  for (const SamplingPair& pair : measured.pairs) {
    EXPECT_GT(pair.sampled_ns, 0);
    EXPECT_GT(pair.unsampled_ns, 0);
    EXPECT_TRUE(std::isfinite(pair.DisturbanceShare()));
  }
  EXPECT_GT(measured.window_s, 0);
  EXPECT_GT(measured.cpu_s, 0);
}

TEST(SamplingPairTest, TheShareIsThatOfTheSampledTime) {
  EXPECT_EQ((SamplingPair{.sampled_ns = 4, .unsampled_ns = 3}).DisturbanceShare(), 0.25);
}

TEST_F(SamplingPairsTest, WhoIsToldToStopHasTheWholePairs) {
  EXPECT_THAT(MeasureUntil(0, 4).pairs, SizeIs(0));
  EXPECT_THAT(MeasureUntil(3, 4).pairs, SizeIs(1));
  EXPECT_THAT(MeasureUntil(4, 4).pairs, SizeIs(2));
}

TEST_F(SamplingPairsTest, FailuresAndWrongAnswersAreNoFigures) {
  store_->answer = [](std::string_view, bool& found, std::string&) { found = false; };
  try {
    Measure(1);
    FAIL() << "measured";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("wrong answers while measuring: "));
  }
  store_->before = [](std::string_view operation, std::string_view) {
    if (operation == "get") throw EngineError(ErrorKind::kIo, "model", "get", "", "no disk");
  };
  EXPECT_THROW(Measure(1), EngineError);
}

}  // namespace
}  // namespace kvs::selftest
