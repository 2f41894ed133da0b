#include "tests/results/model_generators.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>

namespace kvs {
namespace {

// What hides in small cases alone must be drawn in small cases, too.
TEST(ModelGeneratorsTest, AnySizeOfCaseHasWhatIsHardToWrite) {
  constexpr int kSmall = 5;
  std::set<TrialStatus> statuses;
  std::set<uint64_t> seeds;
  std::string text;
  size_t most_slices = 0, most_latencies = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Trial trial = AnyTrial()(rc::Random(seed), kSmall).value();
    statuses.insert(trial.status);
    seeds.insert(trial.seed);
    text += trial.reason;
    most_latencies = std::max(most_latencies, trial.latencies.size());
    if (trial.slices) most_slices = std::max(most_slices, trial.slices->size());
  }
  EXPECT_EQ(statuses.size(), 5u);
  EXPECT_TRUE(seeds.contains(0));
  EXPECT_TRUE(seeds.contains(std::numeric_limits<uint64_t>::max()));
  for (const std::string piece :
       {"a", "\"", "\\", "\n", "\t", "\x7f", ",", ":", "{", "]", "\u20ac"}) {
    EXPECT_NE(text.find(piece), text.npos) << piece;
  }
  EXPECT_NE(text.find('\0'), text.npos);
  EXPECT_EQ(most_latencies, 3u);
  EXPECT_EQ(most_slices, 40u);
}

}  // namespace
}  // namespace kvs
