#include "engines/log_store/epochs.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace kvs {
namespace {

// With membarrier, where the machine has it, and with fences.
class EpochsTest : public ::testing::TestWithParam<bool> {
 protected:
  Epochs epochs_{GetParam()};
};

TEST_P(EpochsTest, DestroysAtOnceWhenNobodyReads) {
  const auto object = std::make_shared<int>(1);
  epochs_.Retire(object);
  EXPECT_EQ(object.use_count(), 1);
}

TEST_P(EpochsTest, AReaderHoldsWhatWasRetiredDuringItsVisitAndNothingOlder) {
  Epochs::Slot* const slot = epochs_.AcquireSlot();
  const auto before = std::make_shared<int>(1);
  const auto during = std::make_shared<int>(2);
  const auto after = std::make_shared<int>(3);
  epochs_.Retire(before);
  EXPECT_EQ(before.use_count(), 1);
  {
    const Epochs::Guard guard(epochs_, slot);
    epochs_.Retire(during);
    EXPECT_EQ(during.use_count(), 2);
    EXPECT_EQ(epochs_.Reclaim(), 1u);
  }
  epochs_.Retire(after);
  EXPECT_EQ(during.use_count(), 1);
  EXPECT_EQ(after.use_count(), 1);
  epochs_.ReleaseSlot(slot);
}

TEST_P(EpochsTest, AYoungReaderDoesNotHoldWhatAnOlderOneLetGo) {
  Epochs::Slot* const first = epochs_.AcquireSlot();
  Epochs::Slot* const second = epochs_.AcquireSlot();
  EXPECT_NE(first, second);
  const auto object = std::make_shared<int>(1);
  std::optional<Epochs::Guard> old_reader;
  old_reader.emplace(epochs_, first);
  epochs_.Retire(object);
  const Epochs::Guard young_reader(epochs_, second);
  EXPECT_EQ(epochs_.Reclaim(), 1u);
  old_reader.reset();
  EXPECT_EQ(epochs_.Reclaim(), 0u);
  EXPECT_EQ(object.use_count(), 1);
}

TEST_P(EpochsTest, SlotsAreReused) {
  Epochs::Slot* const slot = epochs_.AcquireSlot();
  epochs_.ReleaseSlot(slot);
  EXPECT_EQ(epochs_.AcquireSlot(), slot);
}

// Readers follow a pointer that a writer keeps replacing. An object that is destroyed too early is
// found by its own canary, and by the sanitizers.
TEST_P(EpochsTest, NothingIsDestroyedUnderAReader) {
  struct Canary {
    std::atomic<uint64_t> alive{0x600df00d};
    ~Canary() { alive = 0xdead; }
  };
  constexpr auto kOrder = std::memory_order_seq_cst;
  std::atomic<Canary*> shared{nullptr};
  auto current = std::make_shared<Canary>();
  shared.store(current.get(), kOrder);
  std::atomic<bool> stop{false};
  std::atomic<uint64_t> dead_seen{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      Epochs::Slot* const slot = epochs_.AcquireSlot();
      while (!stop.load()) {
        const Epochs::Guard guard(epochs_, slot);
        const Canary* canary = shared.load(kOrder);
        for (int look = 0; look < 4; ++look) {
          if (canary->alive.load() != 0x600df00d) ++dead_seen;
        }
      }
      epochs_.ReleaseSlot(slot);
    });
  }
  for (int i = 0; i < 20000; ++i) {
    auto next = std::make_shared<Canary>();
    shared.store(next.get(), kOrder);
    epochs_.Retire(std::exchange(current, std::move(next)));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(dead_seen, 0u);
  EXPECT_EQ(epochs_.Reclaim(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Barriers, EpochsTest, ::testing::Bool());

}  // namespace
}  // namespace kvs
