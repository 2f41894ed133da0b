#include "harness/paced_save.h"

#include <stdexcept>

#include <gtest/gtest.h>

namespace kvs {
namespace {

class PacedSaveTest : public testing::Test {
 protected:
  uint64_t now_ns_ = 1'000'000;
  uint64_t cost_ns_ = 100;
  unsigned saves_ = 0;
  PacedSave saving_{[this] {
                      now_ns_ += cost_ns_;
                      ++saves_;
                    },
                    [this] { return now_ns_; }};
};

TEST_F(PacedSaveTest, TheFirstIsSavedAtOnce) {
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 1u);
}

TEST_F(PacedSaveTest, RestsNineteenTimesAsLongAsTheLastSaveTook) {
  saving_.SaveSoon();
  now_ns_ += 1899;
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 1u);
  now_ns_ += 1;
  cost_ns_ = 1000;
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 2u);
  now_ns_ += 18'999;
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 2u);
  now_ns_ += 1;
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 3u);
}

TEST_F(PacedSaveTest, ManyShortTrialsCostATwentieth) {
  const uint64_t begin_ns = now_ns_;
  for (int trial = 0; trial < 1000; ++trial) {
    now_ns_ += 10;
    saving_.SaveSoon();
    cost_ns_ += 1;
  }
  const double in_saves = 1 - 1000 * 10.0 / static_cast<double>(now_ns_ - begin_ns);
  EXPECT_GT(saves_, 2u);
  EXPECT_LT(in_saves, 0.11);  // the last save's rest may lie behind the end
}

TEST_F(PacedSaveTest, TheRestIsSavedOnce) {
  saving_.SaveSoon();
  saving_.SaveRest();
  EXPECT_EQ(saves_, 1u) << "nothing was left";
  saving_.SaveSoon();
  EXPECT_EQ(saves_, 1u);
  saving_.SaveRest();
  EXPECT_EQ(saves_, 2u);
  saving_.SaveRest();
  EXPECT_EQ(saves_, 2u);
}

TEST_F(PacedSaveTest, NowIsNow) {
  saving_.SaveNow();
  saving_.SaveNow();
  EXPECT_EQ(saves_, 2u);
  saving_.SaveRest();
  EXPECT_EQ(saves_, 2u);
}

TEST(PacedSaveErrorTest, WhatFailedIsStillLeft) {
  bool fails = true;
  unsigned saves = 0;
  PacedSave saving([&] {
    if (fails) throw std::runtime_error("full");
    ++saves;
  });
  EXPECT_THROW(saving.SaveSoon(), std::runtime_error);
  fails = false;
  saving.SaveRest();
  EXPECT_EQ(saves, 1u);
}

}  // namespace
}  // namespace kvs
